"""Strips of a Group 4 fax that end before their last row: libtiff leaves the rest white without an error (ITU T.6)."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from PIL import Image, ImageChops

from faceindex.photos.containers.libtiff_messages import messages


def unread_rows(data: bytes, picture: Image.Image, strips: list[tuple[int, int]], rows: int) -> int:
    """How many rows are blank because the decoder gave up their strip: then the strip's last bytes change no pixel.

    picture: one decoded page. strips: begin and end of each in the file, top to bottom. rows: in each strip but the
    last.
    """
    boxes = [(0, top, picture.width, min(top + rows, picture.height)) for top in range(0, picture.height, rows)]
    doubtful = [number for number, box in enumerate(boxes) if _blank_rows(picture.crop(box))]
    for noise in _noises():
        if not doubtful:
            break
        other = _decoded(data, [strips[number] for number in doubtful], noise, picture)
        doubtful = [
            number for number in doubtful if not _differ(picture.crop(boxes[number]), other.crop(boxes[number]))
        ]
    return sum(_blank_rows(picture.crop(boxes[number])) for number in doubtful)


def _decoded(data: bytes, strips: list[tuple[int, int]], noise: bytes, picture: Image.Image) -> Image.Image:
    altered = bytearray(data)
    for begin, end in strips:
        end = begin + len(data[begin:end].rstrip(b"\0"))
        begin = max(begin, end - len(noise))
        altered[begin:end] = noise[: end - begin]
    with messages(), Image.open(io.BytesIO(altered), formats=("TIFF",)) as image:
        image.seek(picture.tell())
        image.load()
        return image.copy()


def _differ(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.logical_xor(one, other).getbbox() is not None


def _blank_rows(strip: Image.Image) -> int:
    """How many rows at the end have one colour, the colour of the last row."""
    pixels = np.asarray(strip)
    other = np.flatnonzero((pixels != pixels[-1, 0]).any(axis=1))
    return len(pixels) - 1 - int(other[-1]) if len(other) else len(pixels)


@cache
def _noises() -> list[bytes]:
    """Drawn when they are needed, as numpy.random is slow to load."""
    return [noise.tobytes() for noise in np.random.default_rng(3).integers(1, 255, (3, 48), dtype=np.uint8)]
