"""Faces as lines of text for other programs: JSON lines and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from faceindex.types import FaceRecord

FORMATS = ("jsonl", "csv")

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
        "landmarks": record.landmarks.round(2).tolist(),
        "score": round(record.score, 4),
        "album": record.album,
        "person": record.person,
    }
    return values if vector is None else values | {"vector": [float(str(x)) for x in vector]}


def _csv_lines(faces: Iterable[FaceAndVector]) -> Iterator[str]:
    """box becomes x, y, width, height; landmarks and vector are lists of numbers in one column each."""
    for number, face in enumerate(faces):
        values = _as_object(face)
        row = {"face": values["face"], "photo": values["photo"]}
        row |= dict(zip(("x", "y", "width", "height"), face[0].box.as_list(), strict=True))
        row["landmarks"] = " ".join(f"{x:g}" for x in face[0].landmarks.ravel())
        row |= {name: values[name] for name in ("score", "album", "person")}
        if face[1] is not None:
            row["vector"] = " ".join(str(x) for x in face[1])
        if number == 0:
            yield _csv_line(row.keys())
        yield _csv_line(row.values())


def _csv_line(values: Iterable[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(values)
    return buffer.getvalue()
