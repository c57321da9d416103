"""Names for files and folders that Linux, macOS and Windows take, each once in any case of letters."""

from __future__ import annotations

import unicodedata
from collections.abc import Container
from pathlib import PurePath

MAX_BYTES = 200
"""Of a name in UTF-8; file systems take 255, and `.xmp` or a number may be put behind it."""


def safe_name(name: str) -> str:
    """`name` without what some file system refuses: forbidden signs, reserved words, dots and blanks at the ends."""
    readable = name.encode("utf-8", "replace").decode()  # bytes that are no UTF-8 are names on few file systems
    suffix = PurePath(readable).suffix
    if len(suffix.encode()) > MAX_BYTES // 4:
        suffix = ""
    stem = readable.removesuffix(suffix).encode()[: MAX_BYTES - len(suffix.encode())].decode(errors="ignore")
    from pathvalidate import sanitize_filename  # which compiles many patterns

    kept = sanitize_filename(stem.strip(". ") + suffix, replacement_text="_", platform="universal").lstrip(". ")
    return kept if PurePath(kept).stem.strip(".") else f"_{kept}"


def free_name(wanted: str, taken: Container[str]) -> str:
    """`wanted`, or the first of `wanted (2)`, `wanted (3)`, ... (before its extension) whose key is not taken."""
    path, number, name = PurePath(wanted), 1, wanted
    while name_key(name) in taken:
        number += 1
        name = f"{path.stem} ({number}){path.suffix}"
    return name


def name_key(name: str) -> str:
    """What is equal of names that may be the same file somewhere."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
