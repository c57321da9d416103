"""Photos of digiKam."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from urllib.parse import parse_qs

from faceindex.exchange.programs.named_regions import Corners, ForeignPhoto, Problems, corners, region
from faceindex.photos.metadata.areas import SIDES_SWAPPED
from faceindex.store.foreign.digikam import DigikamFace, digikam_faces

DATABASE = "digikam4.db"
_NUMBERS = re.compile(r'\b(x|y|width|height)="(-?\d{1,9}(?:\.\d{1,9})?)"')


def digikam_photos(connection: sqlite3.Connection, path: Path, problems: Problems) -> Iterator[ForeignPhoto]:
    """The photos with named faces in digiKam's database. Raises: UsageError."""
    for _, own in groupby(digikam_faces(connection, path), key=lambda face: face.image):
        faces = list(own)
        first, where = faces[0], _path(faces[0])
        made = (region(face.person, _box(face, where, problems), problems, where) for face in faces)
        if regions := tuple(one for one in made if one is not None):
            yield ForeignPhoto(where, regions, _size(first), stored=True, length=first.bytes)


def _path(face: DigikamFace) -> str:
    """The photo's path."""
    return f"{_folder(str(face.root), str(face.specific), str(face.folder))}/{face.name}"


@lru_cache(64)
def _folder(root: str, specific: str, folder: str) -> str:
    """An album's folder. On removable disks only the part within the disk is known."""
    scheme, _, query = root.partition(":")
    said = parse_qs(query.removeprefix("?")).get("path", [""])[0] if scheme in ("volumeid", "networkshareid") else ""
    steps = (step for text in (said, specific, folder) for step in text.split("/") if step)
    return "".join(f"/{step}" for step in steps)


def _size(face: DigikamFace) -> tuple[float, float] | None:
    """Width and height of the upright picture."""
    if not face.width or not face.height:
        return None
    turned = face.orientation in SIDES_SWAPPED
    return (float(face.height), float(face.width)) if turned else (float(face.width), float(face.height))


def _box(face: DigikamFace, where: str, problems: Problems) -> Corners | None:
    numbers = dict(_NUMBERS.findall(str(face.region)))
    found = corners(*(numbers.get(side) for side in ("x", "y", "width", "height")))
    if found is None:
        problems.add(where, f"the box of {face.person} is not four numbers with a size")
    return found
