"""Paths as libraries keep them: absolute, and with / between their parts on every system.

Windows takes / as well as its own \\, so that one form serves for storing, comparing and opening. A drive letter is a
capital there, and a share is //server/share/... Upper and lower case are kept as they were given or found.
"""

from __future__ import annotations

import ntpath
import os
import re
from types import ModuleType

_DRIVE = re.compile(r"[A-Za-z]:(?=/|$)")
_LONG = re.compile(r"//[?.]/(UNC/)?", re.IGNORECASE)


def absolute_path(path: str, *, rules: ModuleType = os.path) -> str:
    """A local path made absolute in the form of libraries, without its "." and ".."; links stay.

    rules: `posixpath` or `ntpath`, default: this system's.
    """
    full: str = rules.abspath(path)
    return with_slashes(full) if rules is ntpath else full


def with_slashes(path: str) -> str:
    r"""A path of Windows in the form of libraries; \\?\ and \\?\UNC\, which mark long paths, go."""
    slashed = path.replace("\\", "/")
    long = _LONG.match(slashed)
    if long:
        slashed = ("//" if long[1] else "") + slashed[long.end() :]
    return slashed[0].upper() + slashed[1:] if _DRIVE.match(slashed) else slashed


def entry_path(entry: os.DirEntry[str]) -> str:
    """The path of what `os.scandir` found in a folder that was named in the form of libraries."""
    return entry.path if os.sep == "/" else with_slashes(entry.path)


def local_path(host: str, below: str, *, rules: ModuleType = os.path) -> str:
    """The local path in a file:// address. host: empty for this machine, or a server's. below: what follows, decoded.

    >>> local_path("", "/C:/Photos/x.jpg", rules=ntpath)
    'C:/Photos/x.jpg'
    """
    elsewhere = host not in ("", "localhost")
    if rules is ntpath:
        below = below.lstrip("/") if _DRIVE.match(below.lstrip("/")) else below
        return absolute_path(f"//{host}{below}" if elsewhere else below, rules=rules)
    return absolute_path(f"/{host}{below}" if elsewhere else below, rules=rules)
