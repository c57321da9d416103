"""When the photos of faces were taken, as a number of years: for what changes with age."""

from __future__ import annotations

import math
import sqlite3

import numpy as np
import numpy.typing as npt

from faceindex.types import FaceIds

_MONTH = 30.44  # days


def years_of(connection: sqlite3.Connection, faces: FaceIds) -> npt.NDArray[np.float64]:
    """When the photo of each face was taken, float64 [n], NaN where nothing says so. faces: int64 [n]."""
    rows = connection.execute(
        "SELECT faces.id, taken FROM photos JOIN faces ON faces.photo = photos.id WHERE taken IS NOT NULL"
    )
    found = {face: year_of(taken) for face, taken in rows}
    return np.array([found.get(face, math.nan) for face in faces.tolist()], dtype=np.float64)


def year_of(taken: str | None) -> float:
    """The date of a photo in years, 2019.5 for the middle of 2019, also when only the year is known; NaN for None."""
    if taken is None:
        return math.nan
    year, *rest = (int(part) for part in taken[:10].split("-"))
    month, day = [*rest, *(7, 1)[len(rest) :]]
    return year + ((month - 1) * _MONTH + day - 1) / (12 * _MONTH)
