"""Formats that need an optional library, and the message about a photo while the library is missing."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

from faceindex.photos.decoders import raw

FORMATS_MISSING = "pip install 'faceindex[formats]' lets it be read"


@cache
def formats_installed() -> bool:
    """Whether JPEG XL and the rarer kinds of TIFF can be read."""
    return find_spec("imagecodecs") is not None and find_spec("tifffile") is not None


def can_be_read_now(error: str) -> bool:
    """Whether a photo that failed for lack of an optional library can be read, because the library is there now."""
    if error.endswith(FORMATS_MISSING):
        return formats_installed()
    return error == raw.NOT_INSTALLED and raw.installed()
