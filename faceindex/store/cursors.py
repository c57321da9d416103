"""Cursors: where the next page of a list begins, as text that a caller passes on as it is.

A cursor holds the sort key of the last item shown. So any page costs only what it shows, and items that come or go
meanwhile do not shift the others.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from faceindex.errors import UsageError
from faceindex.types import Page

ALL = (1 << 62) - 1
"""The limit of a page that has everything."""

Key = Sequence[int | float | str | None]
_T = TypeVar("_T")


def begin(what: str, cursor: str | None, limit: int) -> Key | None:
    """The key in a cursor of the list `what`; None for the first page.

    Raises: UsageError when it is no cursor of this list, or the limit is below 1.
    """
    if limit < 1:
        raise UsageError(f"a page has at least one item, not {limit}")
    if cursor is None:
        return None
    try:
        found = json.loads(base64.b64decode(cursor.encode("ascii"), b"-_", validate=True))
        if isinstance(found, list) and len(found) > 1 and found[0] == what:
            return found[1:]
    except (ValueError, binascii.Error):
        pass
    raise UsageError(f"{cursor!r} is not a cursor of this list; take `next` of one of its pages")


def page_of(what: str, found: Sequence[_T], limit: int, key: Callable[[_T], Key]) -> Page[_T]:
    """The page of up to `limit` of `found`, which has one more when the list goes on. key: of an item, JSON values."""
    items = tuple(found[:limit])
    if len(found) <= limit:
        return Page(items)
    return Page(items, cursor_of(what, key(items[-1])))


def cursor_of(what: str, key: Key) -> str:
    """The cursor of what follows an item with this key."""
    return base64.urlsafe_b64encode(json.dumps([what, *key], separators=(",", ":")).encode()).decode("ascii")
