"""A part of a long list, and where the rest of it begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, overload

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Sequence[T], Generic[T]):
    """Some items of a list, in its order.

    next: the cursor that the following page is asked for with, text without a meaning of its own; None at the end.
    """

    items: tuple[T, ...]
    next: str | None = None

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        return self.items[place]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)


@dataclass(frozen=True, slots=True)
class PageStarts:
    """Where the pages of a list begin, all of the same size. items: in the list. cursors: of the second page and the
    following ones."""

    items: int
    cursors: tuple[str, ...]
