"""Photos of Apple Photos, as osxphotos writes them (`osxphotos query --json`, PhotoInfo.asdict of osxphotos 0.77).

A face's mwg_rs_area is its middle and sides, in parts of the picture as stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faceindex.exchange.programs.json_documents import json_objects
from faceindex.exchange.programs.named_regions import (
    FRACTIONS,
    Corners,
    ForeignPhoto,
    NamedRegion,
    Problems,
    corners,
    region,
)


def osxphotos_photos(path: Path, problems: Problems) -> Iterator[ForeignPhoto]:
    """The photos with named faces in files of JSON. Raises: UsageError."""
    for _, found in json_objects(path, problems):
        if (photo := _photo(found, problems)) is not None:
            yield photo


def _photo(found: dict[str, Any], problems: Problems) -> ForeignPhoto | None:
    name, path = found.get("original_filename"), found.get("path")
    where = path if isinstance(path, str) else name
    if not isinstance(where, str) or found.get("ismovie") is True:
        return None
    regions = _regions(found, where, problems)
    size, turned = found.get("original_filesize"), found.get("original_orientation")
    turn = turned if isinstance(turned, int) and 1 <= turned <= 8 else 1
    if not regions:
        return None
    return ForeignPhoto(
        where,
        tuple(regions),
        size=FRACTIONS,
        turns=tuple(dict.fromkeys((turn, 1))),
        length=size if isinstance(size, int) else None,
        names=(name,) if isinstance(name, str) else (),
    )


def _regions(found: dict[str, Any], where: str, problems: Problems) -> list[NamedRegion]:
    faces = found.get("face_info")
    made = []
    for face in faces if isinstance(faces, list) else []:
        if isinstance(face, dict) and not face.get("intrash"):
            made.append(region(face.get("name"), _box(face.get("mwg_rs_area")), problems, where))
    placed = [one for one in made if one is not None]
    persons = found.get("persons")
    said = {one.name for one in placed}
    for name in persons if isinstance(persons, list) else []:
        other = None if name == "_UNKNOWN_" else region(name, None, problems, where)
        if other is not None and other.name not in said:
            placed.append(other)
    return placed


def _box(area: object) -> Corners | None:
    """The corner and sides; a face without a size is one that was only named."""
    if not isinstance(area, dict):
        return None
    found = corners(area.get("x"), area.get("y"), area.get("w"), area.get("h"))
    return None if found is None else (found[0] - found[2] / 2, found[1] - found[3] / 2, found[2], found[3])
