"""Whether the sensor data of a RAW photo are complete: LibRaw develops missing data as black or as noise."""

from __future__ import annotations

import struct

from faceindex.photos.containers.tiff_pages import Page, pages, strips
from faceindex.photos.containers.tiff_values import lost_values
from faceindex.photos.lost_data.cut_off import MISSING_LIMIT
from faceindex.photos.lost_data.tiff_strips import missing_share
from faceindex.types import Pixels

_LEAST_BYTES = 0.02
"""Fewer bytes per pixel of the half-size picture mean lost data; the strongest RAW compression has ten times as
many."""

_WHITE = 255


def damage_of_sensor_data(data: bytes, pixels: Pixels) -> str | None:
    """A warning about a small missing part; None if nothing is missing.

    data: the file. pixels: uint8 [height, width, 3], as developed by LibRaw.

    Raises: ValueError if a visible part is missing.
    """
    known = _missing_strips(data)
    missing = max(_empty_rows(pixels) if known is None else known, _unwritten(data))
    if missing > MISSING_LIMIT:
        raise ValueError(f"damaged: {missing:.1%} of the sensor's data are missing")
    if len(data) < _LEAST_BYTES * pixels.shape[0] * pixels.shape[1]:
        raise ValueError("damaged: the sensor's data are missing")
    if missing:
        return f"damaged: {missing:.1%} of the sensor's data are missing"
    return lost_values(data) if data[:2] in (b"II", b"MM") else None


def _missing_strips(data: bytes) -> float | None:
    """For the page with the most data; None if the file is not a TIFF, or does not say where the data are."""
    if data[:2] not in (b"II", b"MM"):
        return None
    try:
        largest = max(pages(data), key=_bytes, default={})
        return missing_share(data, largest) if _bytes(largest) else None
    except (struct.error, KeyError):
        return None


def _bytes(page: Page) -> int:
    return sum(end - begin for begin, end in strips(page))


def _empty_rows(pixels: Pixels) -> float:
    """The share of rows at the end with one colour, if it is visible: sensor noise is never so even.

    White may be even: it is more light than the sensor can measure.
    """
    rows = len(pixels)
    while rows and (pixels[rows - 1] == pixels[rows - 1, 0]).all() and pixels[rows - 1, 0].min() < _WHITE:
        rows -= 1
    share = 1 - rows / len(pixels)
    return share if share > MISSING_LIMIT else 0.0


def _unwritten(data: bytes) -> float:
    """The share of the file that is zeros at its end, if it is large."""
    share = 1 - len(data.rstrip(b"\0")) / len(data)
    return share if share > MISSING_LIMIT else 0.0
