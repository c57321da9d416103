"""A RAW photo made by hand, for tests of the reader: no camera's files may be shipped."""

from __future__ import annotations

import io
import struct
from typing import Any

from PIL import Image

from faceindex.types import Pixels

ORIENTATION = 274
TYPES = {1: "B", 3: "H", 4: "I"}
BYTES, TEXT, SHORT, LONG, RATIONAL, SIGNED_RATIONAL = 1, 2, 3, 4, 5, 10
Tags = dict[int, tuple[int, Any]]
XYZ_TO_SRGB = [3.2405, -1.5371, -0.4985, -0.9693, 1.8760, 0.0416, 0.0556, -0.2040, 1.0572]


def page(tags: Tags, at: int) -> bytes:
    """A TIFF directory that begins at offset `at`, with its values behind it."""
    head, values = struct.pack("<H", len(tags)), b""
    for tag, (kind, value) in sorted(tags.items()):
        if kind in TYPES:
            data = struct.pack(f"<{len(value)}{TYPES[kind]}", *value)
        elif kind == TEXT:
            data = value
        else:
            data = b"".join(struct.pack("<ii", round(10000 * number), 10000) for number in value)
        if len(data) > 4:
            place = at + 2 + 12 * len(tags) + 4 + len(values)
            values += data + bytes(len(data) % 2)
            data = struct.pack("<I", place)
        head += struct.pack("<HHI", tag, kind, len(value)) + data.ljust(4, b"\0")
    return head + bytes(4) + values


def dng(pixels: Pixels, preview: bytes | None = None, *, orientation: int = 1, magic: bytes = b"II*\0") -> bytes:
    """A DNG 1.4 file of 16-bit RGGB data without compression. preview: a JPEG, as the file's first page."""
    height, width = pixels.shape[:2]
    linear = ((pixels / 255) ** 2.2 * 60000).astype("<u2")
    sensor = linear[:, :, 1].copy()
    sensor[::2, ::2], sensor[1::2, 1::2] = linear[::2, ::2, 0], linear[1::2, 1::2, 2]
    data = magic + bytes(4) + sensor.tobytes()
    camera: Tags = {
        271: (TEXT, b"Test\0"),
        272: (TEXT, b"Test Camera\0"),
        ORIENTATION: (SHORT, [orientation]),
        50706: (BYTES, [1, 4, 0, 0]),
        50708: (TEXT, b"Test Camera\0"),
        50721: (SIGNED_RATIONAL, XYZ_TO_SRGB),
        50728: (RATIONAL, [1, 1, 1]),
        50778: (SHORT, [21]),
    }
    tags: Tags = {
        254: (LONG, [0]),
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [16]),
        259: (SHORT, [1]),
        262: (SHORT, [32803]),
        273: (LONG, [8]),
        277: (SHORT, [1]),
        278: (LONG, [height]),
        279: (LONG, [2 * width * height]),
        33421: (SHORT, [2, 2]),
        33422: (BYTES, [0, 1, 1, 2]),
        50717: (LONG, [60000]),
    }
    if preview is not None:
        place = len(data)
        data += preview + bytes(len(preview) % 2)
        sub = len(data)
        data += page(tags, sub)
        across, down = Image.open(io.BytesIO(preview)).size
        tags = {
            254: (LONG, [1]),
            256: (LONG, [across]),
            257: (LONG, [down]),
            258: (SHORT, [8, 8, 8]),
            259: (SHORT, [7]),
            262: (SHORT, [6]),
            273: (LONG, [place]),
            277: (SHORT, [3]),
            278: (LONG, [down]),
            279: (LONG, [len(preview)]),
            330: (LONG, [sub]),
        }
    return data[:4] + struct.pack("<I", len(data)) + data[8:] + page(tags | camera, len(data))
