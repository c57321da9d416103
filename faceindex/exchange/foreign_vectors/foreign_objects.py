"""Finds vectors in pickled Python objects, in the many forms that people use.

::

    {"encodings": [...], "names": [...]}               as PyImageSearch's courses do
    [{"imagePath": ..., "loc": (top, right, bottom, left), "encoding": ...}, ...]
    {"Ann": [vector, ...], "photo.jpg": vector, ...}   by name, or by photo
    ([vector, ...], ["Ann", ...])                      in either order
    [("Ann", vector), ...]
    [vector, ...], or an array [n, d]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np

from faceindex.exchange.foreign_vectors.foreign import (
    LARGEST_ROWS,
    ForeignRow,
    box_of,
    name_of,
    path_of,
    text,
    values_of,
)
from faceindex.exchange.foreign_vectors.pickles import plain
from faceindex.photos.identity import claims_to_be_photo
from faceindex.plurals import plural
from faceindex.types import Box, Vectors

_DEEPEST = 6

Found = ForeignRow | tuple[int, str]


def rows_in(value: Any) -> Iterator[Found]:
    """Every row, numbered from 0; for a bad row its number and the reason. Raises: ValueError."""
    numbers = count()
    for vector, person, photo, box in _Walk().walk(value, None, None, 0):
        yield _row(next(numbers), vector, person, photo, box)


Said = tuple[Any, Any, Any, "Box | None"]
"""vector, person, photo, box"""


class _Walk:
    """Walks through lists and dictionaries. A pickle can contain itself, or one list very often; so depth and number of
    steps are limited."""

    def __init__(self) -> None:
        self._steps = 0

    def walk(self, value: Any, person: Any, photo: Any, depth: int) -> Iterator[Said]:
        value = plain(value)
        self._steps += 1
        if depth > _DEEPEST or self._steps > LARGEST_ROWS:
            raise ValueError("its lists are nested too deeply, or there are too many")
        if _is_vector(value):
            yield value, person, photo, None
        elif isinstance(value, Mapping):
            yield from self._mapping(value, person, photo, depth)
        elif isinstance(value, np.ndarray) and value.ndim > 1:
            for row in value:
                yield from self.walk(row, person, photo, depth + 1)
        elif isinstance(value, list | tuple):
            yield from self._sequence(value, person, photo, depth)
        else:
            yield None, person, photo, None

    def _mapping(self, value: Mapping[Any, Any], person: Any, photo: Any, depth: int) -> Iterator[Said]:
        said = values_of(value)
        if "vector" not in said:
            for key, below in value.items():
                is_photo = claims_to_be_photo(text(key))
                yield from self.walk(below, person if is_photo else key, key if is_photo else photo, depth + 1)
            return
        _, vectors = said["vector"]
        vectors = plain(vectors)
        key, boxes = said.get("box", (None, None))
        people, photos = plain(said.get("person", (None, person))[1]), plain(said.get("photo", (None, photo))[1])
        if _is_vector(vectors):
            yield vectors, people, photos, None if key is None else box_of(key, plain(boxes))
            return
        vectors = list(vectors) if isinstance(vectors, list | tuple | np.ndarray) else [vectors]
        size = len(vectors)
        if not size:
            yield None, people, photos, None
        if isinstance(boxes, list | tuple) and size == 1 and len(boxes) == 4:
            boxes = [boxes]
        columns = (_column(people, size, "names"), _column(photos, size, "photos"), _column(boxes, size, "boxes"))
        for vector, own_person, own_photo, box in zip(vectors, *columns, strict=True):
            yield plain(vector), plain(own_person), plain(own_photo), None if key is None else box_of(key, plain(box))

    def _sequence(self, value: Sequence[Any], person: Any, photo: Any, depth: int) -> Iterator[Said]:
        if len(value) == 2:
            first, second = plain(value[0]), plain(value[1])
            for words, vectors in ((first, second), (second, first)):
                if isinstance(words, str | bytes) and not isinstance(vectors, str | bytes):
                    is_photo = claims_to_be_photo(text(words))
                    yield from self.walk(
                        vectors, person if is_photo else words, words if is_photo else photo, depth + 1
                    )
                    return
                if _are_words(words) and not _are_words(vectors) and _length(vectors) == len(words):
                    column = "photos" if all(claims_to_be_photo(text(plain(word))) for word in words) else "names"
                    yield from self._mapping({"encodings": vectors, column: words}, person, photo, depth + 1)
                    return
        for one in value:
            yield from self.walk(one, person, photo, depth + 1)


def _row(number: int, vector: Any, person: Any, photo: Any, box: Box | None) -> Found:
    if not _is_vector(vector):
        return number, "has no vector"
    try:
        numbers: Vectors = np.asarray(vector, dtype=np.float32)
    except (TypeError, ValueError):
        return number, "its vector is not numeric"
    if not np.isfinite(numbers).all():
        return number, "its vector contains NaN or infinity"
    where = _single(photo)
    try:
        path = path_of(where) if isinstance(where, str | bytes) and where else None
        return ForeignRow(number, numbers, name_of(_single(person)), path, box)
    except ValueError as error:
        return number, str(error)


def _single(value: Any) -> Any:
    """A text or number, also as the only item of a list; None for anything else."""
    if isinstance(value, list | tuple | np.ndarray) and len(value) == 1:
        value = plain(value[0])
    return value if isinstance(value, str | bytes | int | float) else None


def _is_vector(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim == 1 and value.dtype.kind in "fiu" and value.size > 1
    return isinstance(value, list | tuple) and len(value) > 1 and _is_number(value[0]) and _is_number(value[-1])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_words(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim == 1 and value.dtype.kind in "US"
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(plain(v), str | bytes) for v in value)


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list | tuple | np.ndarray) else -1


def _column(value: Any, size: int, what: str) -> Sequence[Any]:
    """A value for each of `size` rows: the same for all, or one each."""
    value = plain(value)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, list | tuple):
        return [value] * size
    if len(value) != size:
        raise ValueError(f"it has {plural(size, 'vector')}, but not as many {what} ({len(value):,})")
    return value
