"""Names for files and folders that are valid on Linux, macOS and Windows, and differ in more than upper and lower
case."""

from __future__ import annotations

import unicodedata
from collections.abc import Container
from pathlib import PurePath

MAX_BYTES = 200
"""Longest name in bytes of UTF-8. File systems allow 255; `.xmp` or a number may be added to it."""


def safe_name(name: str) -> str:
    """`name` without what a file system may refuse: forbidden characters, reserved words, dots and spaces at the
    ends."""
    readable = name.encode("utf-8", "replace").decode()  # few file systems accept names that are not UTF-8
    suffix = PurePath(readable).suffix
    if len(suffix.encode()) > MAX_BYTES // 4:
        suffix = ""
    stem = readable.removesuffix(suffix).encode()[: MAX_BYTES - len(suffix.encode())].decode(errors="ignore")
    from pathvalidate import sanitize_filename  # slow to import: it compiles many patterns

    kept = sanitize_filename(stem.strip(". ") + suffix, replacement_text="_", platform="universal").lstrip(". ")
    return kept if PurePath(kept).stem.strip(".") else f"_{kept}"


def free_name(wanted: str, used: Container[str]) -> str:
    """`wanted`, or the first of `wanted (2)`, `wanted (3)`, ... (before the extension) whose key is not in `used`."""
    path, number, name = PurePath(wanted), 1, wanted
    while name_key(name) in used:
        number += 1
        name = f"{path.stem} ({number}){path.suffix}"
    return name


def name_key(name: str) -> str:
    """A key that is equal for two names that may be the same file on some file system."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
