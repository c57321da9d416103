"""Formats for which an optional library is needed, and what is said of a photo while it is not there."""

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
    """Whether a photo that failed for the lack of an optional library may be read, as that is there by now."""
    if error.endswith(FORMATS_MISSING):
        return formats_installed()
    return error == raw.NOT_INSTALLED and raw.installed()
