"""Floor 7: the command line. Every answer comes from the Python API; nothing is decided here."""

from faceindex.cli.app import main

__all__ = ["main"]
