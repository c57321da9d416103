"""Answers that are not complete, because a part of the index cannot be searched now.

Nobody gets one unasked: a search that misses faces raises MachineError, unless its caller says that it takes such an
answer and tells how many faces were not searched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from faceindex.errors import MachineError
from faceindex.plurals import plural


class Unsearched:
    """Faces that some searches did not look at."""

    def __init__(self) -> None:
        self._parts: dict[int, int] = {}

    def add(self, parts: dict[int, int]) -> None:
        """parts: the faces of each part of the index, by its number."""
        self._parts |= parts

    @property
    def faces(self) -> int:
        """How many; 0: the answers are complete."""
        return sum(self._parts.values())


_taking: ContextVar[Unsearched | None] = ContextVar("_taking", default=None)


@contextmanager
def taking_partial_answers() -> Iterator[Unsearched]:
    """Searches in this thread, within the block, answer without the parts that are missing, which are noted."""
    unsearched = Unsearched()
    before = _taking.set(unsearched)
    try:
        yield unsearched
    finally:
        _taking.reset(before)


def note_missing(parts: dict[int, int]) -> None:
    """Say that parts of the index could not be searched: the faces of each, by its number.

    Raises: MachineError when the caller of the search takes no partial answer.
    """
    if not parts:
        return
    unsearched = _taking.get()
    if unsearched is None:
        faces = plural(sum(parts.values()), "face")
        raise MachineError(
            f"{faces} cannot be searched now: {plural(len(parts), 'shard')} of the index are lost and not yet loaded "
            "elsewhere; try again in a moment"
        )
    unsearched.add(parts)
