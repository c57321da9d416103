"""Writes faces as lines of text for other programs: JSON lines and CSV.

JSON lines are ASCII. In a file name that is not UTF-8, each invalid byte 80 to ff becomes the escape udc80 to udcff
after a backslash, as Python's `os.fsdecode` does; `os.fsencode` turns it back. CSV has the same escapes as plain text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from faceindex.files.csv_rows import csv_row
from faceindex.types import FaceRecord

FORMATS = ("jsonl", "csv")
_COLUMNS = ["face", "photo", "x", "y", "width", "height", "landmarks", "score", "album", "person", "quality"]
_COLUMNS += ["photo_width", "photo_height", "origin"]

FaceAndVector = tuple[FaceRecord, npt.NDArray[np.float32] | None]


def face_lines(faces: Iterable[FaceAndVector], *, form: str) -> Iterator[str]:
    """One line for each face in the format `form`, without newlines; CSV starts with a line of column names.

    JSON has the key origin for faces that a user drew alone; CSV has a column that is empty for the others.
    """
    return _csv_lines(faces) if form == "csv" else map(json.dumps, map(_as_object, faces))


def _as_object(face: FaceAndVector) -> dict[str, object]:
    record, vector = face
    values: dict[str, object] = {
        "face": record.face,
        "photo": record.photo,
        "box": record.box.as_list(),
        "landmarks": [[round(float(x), 2), round(float(y), 2)] for x, y in record.landmarks],
        "score": round(record.score, 4),
        "album": record.album,
        "person": record.person,
        "quality": _quality(record),
        "photo_width": record.photo_size[0] or None,
        "photo_height": record.photo_size[1] or None,
    }
    values |= {} if record.origin is None else {"origin": record.origin}
    return values if vector is None else values | {"vector": [float(str(x)) for x in vector]}


def _csv_lines(faces: Iterable[FaceAndVector]) -> Iterator[str]:
    """box becomes x, y, width, height; landmarks and vector become lists of numbers, in one column each."""
    header: list[str] = []
    for record, vector in faces:
        if not header:
            header = _COLUMNS if vector is None else [*_COLUMNS, "vector"]
            yield csv_row(header)
        landmarks = tuple(f"{x:g}" for x in record.landmarks.ravel())
        row = [record.face, record.photo, *record.box.as_list(), landmarks, round(record.score, 4)]
        row += [record.album, record.person, _quality(record), *(side or None for side in record.photo_size)]
        row += [record.origin]
        wanted = len(header) > len(_COLUMNS)
        yield csv_row([*row, None if vector is None else tuple(vector)] if wanted else row)
    if not header:
        yield csv_row(_COLUMNS)


def _quality(record: FaceRecord) -> float | None:
    return None if record.quality is None else round(record.quality, 4)
