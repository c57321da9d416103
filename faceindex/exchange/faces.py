"""Faces as lines of text for other programs: JSON lines and CSV."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from faceindex.csv_rows import csv_row
from faceindex.types import FaceRecord

FORMATS = ("jsonl", "csv")
_COLUMNS = ["face", "photo", "x", "y", "width", "height", "landmarks", "score", "album", "person", "quality"]

FaceAndVector = tuple[FaceRecord, npt.NDArray[np.float32] | None]


def face_lines(faces: Iterable[FaceAndVector], *, form: str) -> Iterator[str]:
    """One line per face, without its newline, in the format `form`; CSV begins with a line of names."""
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
        "quality": None if record.quality is None else round(record.quality, 4),
    }
    return values if vector is None else values | {"vector": [float(str(x)) for x in vector]}


def _csv_lines(faces: Iterable[FaceAndVector]) -> Iterator[str]:
    """box becomes x, y, width, height; landmarks and vector are lists of numbers in one column each."""
    header: list[str] = []
    for record, vector in faces:
        if not header:
            header = _COLUMNS if vector is None else [*_COLUMNS, "vector"]
            yield csv_row(header)
        landmarks = " ".join(f"{x:g}" for x in record.landmarks.ravel())
        row = [record.face, record.photo, *record.box.as_list(), landmarks, round(record.score, 4)]
        row += [record.album, record.person, None if record.quality is None else round(record.quality, 4)]
        wanted = len(header) > len(_COLUMNS)
        yield csv_row([*row, "" if vector is None else " ".join(map(str, vector))] if wanted else row)
    if not header:
        yield csv_row(_COLUMNS)
