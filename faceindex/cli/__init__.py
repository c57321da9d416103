"""Floor 11: the command line: commands, options, and what is printed. Nothing is decided here: every answer is the
library's."""

import gc

gc.set_threshold(50_000)  # imports make many objects, which stay: to look for garbage among them is a tenth of a start

from faceindex.cli.app import main  # noqa: E402

__all__ = ["main"]
