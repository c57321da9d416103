"""How pages are made from Jinja2 templates, here and by the server: every text is escaped, every name has a value."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import BaseLoader, Environment

_DIRECTIONS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")


def environment(loader: BaseLoader) -> Environment:
    """What renders the templates of `loader`."""
    from jinja2 import Environment, StrictUndefined

    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def printable(path: str) -> str:
    """The path as text; bytes that are not UTF-8 are replaced, and characters that turn the text after them around."""
    return os.fsencode(path).decode("utf-8", "replace").translate(_DIRECTIONS)
