"""Commands that a page shows, ready to be copied into a shell."""

from __future__ import annotations

import os
import shlex
from pathlib import Path


def command(library: Path, *words: object) -> str:
    """The command `faceindex` with these words, for this library."""
    return " ".join(["faceindex", *(quoted(str(word)) for word in words), "-L", quoted(str(library))])


def quoted(word: str) -> str:
    """`word` quoted for bash and zsh. Text that is not printable or not UTF-8 gets the form $'...' (POSIX 2024)."""
    if word.isprintable():
        return shlex.quote(word)
    escaped = (_escaped(sign) for sign in word)
    return "$'" + "".join(escaped) + "'"


def _escaped(sign: str) -> str:
    if sign in "\\'":
        return "\\" + sign
    if sign.isprintable():
        return sign
    return "".join(f"\\x{byte:02x}" if byte > 0x7F else f"\\{byte:03o}" for byte in os.fsencode(sign))
