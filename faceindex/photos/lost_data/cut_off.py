"""A JPEG whose data end too early: how much of its picture is missing, and the picture without that part.

libjpeg paints missing data grey, and does not say where that begins. So the picture is decoded twice: once with an end
marker where the data stop, and once with noise before the marker. Both are equal as far as the data reach.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
from PIL import Image, ImageChops

from faceindex.photos.containers.jpeg_frame import is_arithmetic, opened_jpeg

MISSING_LIMIT = 1 / 6
"""The largest share of rows that may be missing; a picture that lacks more is not usable."""

_GREY = 128
_UNWRITTEN = 64  # bytes; fewer zeros may belong to a picture
_BREAK = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_BREAK_OR_RESTART = re.compile(rb"\xff[^\x00\xff]")
_END = b"\xff\xd9"
_RESTART_INTERVAL, _START_OF_SCAN, _END_OF_IMAGE = 0xDD, 0xDA, 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset((0xC2, 0xC6, 0xCA, 0xCE))
_BARE = frozenset(range(0xD0, 0xD9)) | {0x01}
_COEFFICIENTS = 64


def mended(data: bytes, load: Callable[[Image.Image], object]) -> tuple[Image.Image, int]:
    """The picture in `data`, a JPEG that ends too early, and how many of its last rows are missing (and grey).

    load: decodes an opened JPEG at any scale; the rows are counted in its result.

    Raises: ValueError if whole layers of the picture are missing; OSError from `load`.
    """
    data = data.rstrip(b"\xff")  # the first half of a marker
    if not _every_scan_begun(data):
        raise ValueError("image file is truncated: whole layers of the picture are missing")
    picture = _loaded(data + _END, load)
    reach = picture.height
    for noise in _noises(data):
        box = ImageChops.difference(picture, _loaded(data + noise + _END, load)).getbbox(alpha_only=False)
        reach = min(reach, box[1]) if box else reach
    return picture, picture.height - reach


def as_written(data: bytes) -> bytes:
    """The data without the zeros at the end of an interrupted copy, which had the file's full length."""
    written = data.rstrip(b"\0")
    return written if len(data) - len(written) >= _UNWRITTEN else data


def ends_grey(picture: Image.Image) -> bool:
    """Whether the last row of a decoded JPEG has libjpeg's grey for missing data, and so needs a closer look."""
    if picture.mode not in ("L", "RGB", "CMYK"):
        return False
    row = picture.crop((0, picture.height - 1, picture.width, picture.height))
    return all(_GREY - 1 <= level <= _GREY + 1 for level in np.asarray(row.getextrema()).ravel())


def until_first_break(data: bytes) -> bytes | None:
    """A JPEG with one scan, up to the first marker after the scan's beginning, where libjpeg stops reading.

    The marker is the end of the image, or damaged data that look like it. None for JPEGs with several scans, and for
    arithmetic-coded ones that are complete: there, data that end early prove nothing.
    """
    markers = _segments(data)
    begin = next((end for marker, _, end in markers if marker == _START_OF_SCAN), len(data))
    has_restarts = any(marker == _RESTART_INTERVAL for marker, _, end in _segments(data[:begin]))
    found = (_BREAK if has_restarts else _BREAK_OR_RESTART).search(data, begin)
    part = data[: found.start()] if found else data
    if found and found[0] == _END and is_arithmetic(data):
        return None
    return part if _every_scan_begun(part) else None


def _loaded(data: bytes, load: Callable[[Image.Image], object]) -> Image.Image:
    image = opened_jpeg(data)
    load(image)
    return image


def _noises(data: bytes) -> Iterator[bytes]:
    """Data to put after the end. With restart intervals, data that end with a marker can only be followed by the
    next."""
    yield _noise()
    segments = list(_segments(data))
    if any(marker == _RESTART_INTERVAL for marker, _, _ in segments):
        last = max(data.rfind(bytes((0xFF, 0xD0 + number)), segments[-1][2]) for number in range(8))
        number = 0 if last < 0 else (data[last + 1] + 1) % 8
        yield bytes((0xFF, 0xD0 + number)) + _noise()


def _every_scan_begun(data: bytes) -> bool:
    """Whether the data reach the last scan that is needed for every bit of every coefficient (ITU T.81)."""
    missing: dict[tuple[int, int], int] = {}  # (component, coefficient) to the bits still missing
    progressive = False
    for marker, begin, end in _segments(data):
        body = data[begin:end]
        if marker in _FRAMES:
            progressive = marker in _PROGRESSIVE
            missing = {
                (body[6 + 3 * number], coefficient): 1
                for number in range(body[5])
                for coefficient in range(_COEFFICIENTS)
            }
        elif marker == _START_OF_SCAN:
            components = [body[1 + 2 * number] for number in range(body[0])]
            first, last, bits = body[-3:] if progressive else (0, _COEFFICIENTS - 1, 0)
            for component in components:
                for coefficient in range(first, last + 1):
                    missing[component, coefficient] = bits & 15
    return bool(missing) and not any(missing.values())


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, begin, end) of every complete segment, without the marker and the length.

    Raises: ValueError if the data end within a segment.
    """
    position = 2
    while (position := data.find(b"\xff", position)) >= 0 and position + 1 < len(data):
        marker = data[position + 1]
        if marker == _END_OF_IMAGE:
            return
        if marker in (0x00, 0xFF) or marker in _BARE:
            position += 1 if marker == 0xFF else 2
            continue
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if end > len(data) or end < position + 4:
            raise ValueError("image file is truncated")
        yield marker, position + 4, end
        position = end


@cache
def _noise() -> bytes:
    """Bytes without 0xFF, so without a marker; drawn when they are needed, as numpy.random is slow to load."""
    return np.random.default_rng(0).integers(1, 255, 4096, dtype=np.uint8).tobytes()
