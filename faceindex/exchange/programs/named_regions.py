"""What another program says about a photo: who is on it, and where.

Every reader gives photos of this shape, and one matcher decides which faces get the names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from faceindex.exchange.foreign_vectors.foreign import name_of
from faceindex.types import FailedPhoto

if TYPE_CHECKING:
    from faceindex.types import Vectors

FRACTIONS = (1.0, 1.0)
"""The size of a picture in fractions of its sides."""

LARGEST = 1e6
"""Limit for the sides of a picture and the numbers of a box, in pixels."""

MOST_LISTED = 100_000
"""Limit for the rows of a list in a report; the counts are exact."""

Corners = tuple[float, float, float, float]
"""x, y, width, height."""


@dataclass(frozen=True, slots=True)
class NamedRegion:
    """A name in a photo. box: where, in parts of the photo's `size`; None: the program does not say where. vector:
    float32 [d], of the library's recipe, if the program has it."""

    name: str
    box: Corners | None = None
    vector: Vectors | None = None


@dataclass(frozen=True, slots=True)
class ForeignPhoto:
    """A photo as another program knows it.

    path: its path there; names: other names of the file. size: width and height of the picture that boxes refer to;
    FRACTIONS; None: the photo's own pixels. turns: EXIF orientations that boxes may have to be freed of; the first is
    the expected one. stored: whether boxes may refer to the picture as stored, too. length, in bytes, and sha1: of the
    file, if known.
    """

    path: str
    regions: tuple[NamedRegion, ...]
    size: tuple[float, float] | None = None
    turns: tuple[int, ...] = (1,)
    stored: bool = False
    length: int | None = None
    sha1: bytes | None = None
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class Problems:
    """What could not be read: its number, and the first of them."""

    count: int = 0
    listed: list[FailedPhoto] = field(default_factory=list)

    def add(self, where: str, why: str) -> None:
        """Note one."""
        self.count += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append(FailedPhoto(where, why))


Photos = Iterator[ForeignPhoto]
Reader = Callable[[Problems], Photos]
"""Reads all photos of a program from the beginning; the regions of one photo come together."""


def region(name: object, box: Corners | None, problems: Problems, where: str) -> NamedRegion | None:
    """A region; None if the name means nobody, or is none, which is noted."""
    try:
        chosen = _name(name) if isinstance(name, str) else name_of(name)
    except ValueError as error:
        problems.add(where, str(error))
        return None
    return None if chosen is None else NamedRegion(chosen, box)


@lru_cache(1 << 18)
def _name(said: str) -> str | None:
    return name_of(said)


def corners(x: object, y: object, width: object, height: object) -> Corners | None:
    """The four numbers; None unless they are numbers, have a size and are not huge."""
    try:
        numbers = [float(value) for value in (x, y, width, height)]  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    sound = all(abs(number) <= LARGEST for number in numbers) and numbers[2] > 0 and numbers[3] > 0
    return (numbers[0], numbers[1], numbers[2], numbers[3]) if sound else None
