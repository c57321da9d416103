"""Floor 10: the command line: commands, options, and what is printed. Nothing is decided here: every answer is the
library's."""

from faceindex.cli.app import main

__all__ = ["main"]
