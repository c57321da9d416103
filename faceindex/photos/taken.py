"""When a photo was taken: the date and time that its camera wrote into it."""

from __future__ import annotations

import re
import warnings
from datetime import datetime
from typing import BinaryIO

from PIL import Image

from faceindex.photos.identity import is_tiff

_EXIF_IFD, _ORIGINAL, _OFFSET_ORIGINAL = 0x8769, 0x9003, 0x9011  # EXIF 2.32, table 7
_OFFSET = re.compile(r"[+-][01]\d:[0-5]\d")


def taken(exif: Image.Exif) -> str | None:
    """DateTimeOriginal in ISO 8601, the camera's local time: "2019-07-20T17:45:22", with "-07:00" where it is told.

    None when there is none, or none that is a date: metadata are bytes from anywhere, and no reason to lose a photo.
    """
    try:
        values = exif.get_ifd(_EXIF_IFD)
        moment = datetime.strptime(_text(values.get(_ORIGINAL)), "%Y:%m:%d %H:%M:%S")
        offset = _text(values.get(_OFFSET_ORIGINAL))
    except Exception:
        return None
    return moment.isoformat() + (offset if _OFFSET.fullmatch(offset) else "")


def taken_in(file: BinaryIO) -> str | None:
    """As `taken`, of an open photo file, of which only the header is read; TIFF files may be RAW photos."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            start = file.read(8)
            file.seek(0)
            if not is_tiff(start):
                return taken(Image.open(file).getexif())
            exif = Image.Exif()
            exif.load_from_fp(file)
            return taken(exif)
    except Exception:
        return None


def _text(value: object) -> str:
    text = value.decode("ascii") if isinstance(value, bytes) else str(value or "")
    return text.strip(" \0")
