"""A list by pages."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from faceindex.errors import UsageError
from faceindex.types import Page

T = TypeVar("T")

PAGE = 50
"""Items on a page, unless another number is asked for."""


def page_of(items: Iterable[T], limit: int | None, cursor: str | None) -> Page[T]:
    """The page at `cursor`, default the first; limit: its items at most, None for all that are left.

    Raises: UsageError for a limit below 1 and for a cursor that no page gave.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"a page has at least one item, not {limit}")
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal()):
        raise UsageError(f"{cursor!r} is no cursor; `next` of a page is one")
    first = 0 if cursor is None else int(cursor)
    if limit is None:
        return Page(tuple(islice(items, first, None)))
    found = tuple(islice(items, first, first + limit + 1))
    return Page(found[:limit], str(first + limit) if len(found) > limit else None)
