"""Vectors that another program made, with the photos, names and boxes that it stored with them."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from faceindex.journal.person_names import checked_name
from faceindex.photos.metadata.no_names import person_name
from faceindex.plurals import plural
from faceindex.types import Box, Vectors

LARGEST_ROWS = 20_000_000

_VECTORS = "vector encoding embedding feature descriptor faceencoding faceembedding faceencodings knownfaceencodings"
_PEOPLE = "person people name label identity knownfacename class"
_PHOTOS = "photo path imagepath image imagefile file filename filepath photopath"
_ABOUT = {"vector": _VECTORS, "person": _PEOPLE, "photo": _PHOTOS}
_BOXES = {
    **dict.fromkeys(("box", "xywh"), (0, 1, 2, 3, False)),
    **dict.fromkeys(("bbox", "xyxy"), (0, 1, 2, 3, True)),
    **dict.fromkeys(("loc", "location", "facelocation", "css", "trbl"), (3, 0, 1, 2, True)),
}
"""For each name of a box, where its four numbers have x, y, and then width and height, or (True) the opposite corner.
face_recognition stores top, right, bottom, left."""

_NOBODY = frozenset(("nan", "null"))
"""Values in tables that mean "no name", in addition to those that `person_name` knows."""


@dataclass(frozen=True, slots=True)
class ForeignRow:
    """row: its number in the file, from 0, or its line, from 1. vector: float [d]; None for a row with only a name."""

    row: int
    vector: Vectors | None = None
    person: str | None = None
    photo: str | None = None
    box: Box | None = None


@dataclass(slots=True)
class ForeignVectors:
    """The rows of a file. vectors: float [n, d], anything that can be indexed like an array. photos: paths as written
    in the file. rows: the rows' numbers in the file. bad: rows that cannot be used, and why. fingerprint: of the
    recipe, if the file has it."""

    path: Path
    vectors: Any
    rows: Sequence[int]
    photos: Sequence[str | None]
    people: Sequence[str | None]
    boxes: Sequence[Box | None]
    bad: list[tuple[int, str]] = field(default_factory=list)
    fingerprint: str | None = None

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self.vectors.shape[1])


def about(key: object) -> str | None:
    """The kind of data in a column or key with this name: "vector", "person", "photo", "box", or None if unknown."""
    name = text(key).lower().replace("_", "").replace("-", "").replace(" ", "")
    for kind, names in _ABOUT.items():
        if name in names.split() or (name.endswith("s") and name[:-1] in names.split()):
            return kind
    return "box" if _convention(name) else None


def box_of(key: object, values: Any) -> Box | None:
    """The box under the name `key`; None unless it is four numbers and has a size."""
    convention = _convention(text(key).lower().replace("_", ""))
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        return None
    if convention is None or len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        return None
    *places, corner = convention
    x, y, width, height = (numbers[place] for place in places)
    if corner:
        width, height = width - x, height - y
    if width < 1 or height < 1 or max(map(abs, numbers)) > 1e6:
        return None
    return Box(round(x), round(y), round(width), round(height))


def text(value: object) -> str:
    """The value as text; bytes, which Python 2 used for texts, are decoded."""
    if not isinstance(value, bytes):
        return str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin1")


def name_of(value: object) -> str | None:
    """A person's name; None if the value means "unknown". Raises: ValueError, see `checked_name`."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    said = text(value)
    name = person_name(said)
    return None if name is None or name.casefold() in _NOBODY else checked_name(" ".join(said.split()))


def path_of(value: str | bytes) -> str:
    """A photo's path. Raises: ValueError if no file can have this name."""
    path = os.fsdecode(value)
    if "\0" in path:
        raise ValueError("its photo's name has a zero byte")
    os.fsencode(path)  # a UnicodeEncodeError is a ValueError
    return path


def of_rows(path: Path, rows: Iterable[ForeignRow | tuple[int, str]]) -> ForeignVectors:
    """Keep rows with vectors in memory, and list bad ones as (row, reason); most vectors decide the dimension."""
    good: list[ForeignRow] = []
    bad: list[tuple[int, str]] = []
    for row in rows:
        if isinstance(row, tuple):
            bad.append(row)
        else:
            good.append(row)
        if len(good) + len(bad) > LARGEST_ROWS:
            raise ValueError(f"it has more than {plural(LARGEST_ROWS, 'row')}")
    sizes = Counter(len(row.vector) for row in good if row.vector is not None)
    dimension = sizes.most_common(1)[0][0] if sizes else 0
    bad += [
        (row.row, f"its vector has length {len(row.vector):,}; most rows have length {dimension:,}")
        for row in good
        if row.vector is not None and len(row.vector) != dimension
    ]
    good = [row for row in good if row.vector is not None and len(row.vector) == dimension]
    vectors = np.empty((len(good), dimension), dtype=np.float32)
    for place, row in enumerate(good):
        vectors[place] = row.vector
    return ForeignVectors(
        path,
        vectors,
        [row.row for row in good],
        [row.photo for row in good],
        [row.person for row in good],
        [row.box for row in good],
        bad,
    )


def values_of(row: Mapping[Any, Any]) -> dict[str, tuple[Any, Any]]:
    """The entries of a dictionary by kind, as (key, value); of several keys of one kind the first is used."""
    found: dict[str, tuple[Any, Any]] = {}
    for key, value in row.items():
        kind = about(key)
        if kind is not None and value is not None:
            found.setdefault(kind, (key, value))
    return found


def _convention(name: str) -> tuple[int, int, int, int, bool] | None:
    plural = name[:-2] if name.endswith("xes") else name.removesuffix("s")
    return _BOXES.get(name) or _BOXES.get(plural)
