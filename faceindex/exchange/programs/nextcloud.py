"""Photos of Nextcloud, whose faces are named in its apps FaceRecognition or Recognize."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from faceindex.exchange.programs.named_regions import FRACTIONS, ForeignPhoto, Problems, Reader, corners, region
from faceindex.store.foreign.nextcloud import NextcloudFace, nextcloud_faces, nextcloud_tables


@contextmanager
def nextcloud(path: Path) -> Iterator[Reader]:
    """The reader of an SQL dump, a folder of CSV files, or an SQLite file. Raises: UsageError; MachineError."""
    with nextcloud_tables(path) as connection:
        yield lambda problems: _photos(connection, problems)


def _photos(connection: sqlite3.Connection, problems: Problems) -> Iterator[ForeignPhoto]:
    for (_, in_pixels), own in groupby(nextcloud_faces(connection), key=lambda face: (face.file, face.in_pixels)):
        faces = list(own)
        path = _path(faces[0])
        regions = []
        for face in faces:
            box = corners(face.x, face.y, face.width, face.height)
            if box is None:
                problems.add(path, f"the box of {face.person} is not four numbers with a size")
            if (made := region(face.person, box, problems, path)) is not None:
                regions.append(made)
        if regions:
            size = None if in_pixels else FRACTIONS
            yield ForeignPhoto(path, tuple(regions), size=size, stored=True, length=faces[0].bytes)


def _path(face: NextcloudFace) -> str:
    """The file below the folder `data` of the server; of other storages only what is known."""
    scheme, _, place = str(face.storage or "").partition("::")
    root = {"home": f"/{place}", "local": place.rstrip("/")}.get(scheme, "")
    return f"{root}/{face.path}"
