"""Photos of digiKam."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from urllib.parse import parse_qs, unquote

from faceindex.exchange.programs.named_regions import Corners, ForeignPhoto, Problems, corners, region
from faceindex.photos.metadata.areas import SIDES_SWAPPED
from faceindex.store.foreign.digikam import DigikamFace, digikam_faces

DATABASE = "digikam4.db"
_NUMBERS = re.compile(r'\b(x|y|width|height)="(-?\d{1,9}(?:\.\d{1,9})?)"')


def digikam_photos(connection: sqlite3.Connection, path: Path, problems: Problems) -> Iterator[ForeignPhoto]:
    """The photos with named faces in digiKam's database. Raises: UsageError."""
    for _, own in groupby(digikam_faces(connection, path), key=lambda face: face.image):
        faces = list(own)
        found = [
            made for face in faces if (made := region(face.person, _box(face, problems), problems, _path(face)))
        ]  # fmt: skip
        if found:
            first = faces[0]
            yield ForeignPhoto(_path(first), tuple(found), _size(first), stored=True, length=first.bytes)


def _path(face: DigikamFace) -> str:
    """The photo's path. On removable disks only the part within the disk is known."""
    scheme, _, query = str(face.root).partition(":")
    said = parse_qs(query.removeprefix("?")).get("path", [""])[0]
    root = unquote(said) if scheme in ("volumeid", "networkshareid") else ""
    parts = (root, face.specific, face.folder, face.name)
    return "/" + "/".join(part for text in parts for part in str(text).split("/") if part)


def _size(face: DigikamFace) -> tuple[float, float] | None:
    """Width and height of the upright picture."""
    if not face.width or not face.height:
        return None
    turned = face.orientation in SIDES_SWAPPED
    return (float(face.height), float(face.width)) if turned else (float(face.width), float(face.height))


def _box(face: DigikamFace, problems: Problems) -> Corners | None:
    numbers = dict(_NUMBERS.findall(str(face.region)))
    found = corners(*(numbers.get(side) for side in ("x", "y", "width", "height")))
    if found is None:
        problems.add(_path(face), f"the box of {face.person} is not four numbers with a size")
    return found
