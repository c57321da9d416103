"""Turns decoders' errors about unreadable files into words that users understand."""

from __future__ import annotations

import re

DAMAGED = "damaged, or not a photo of a known format"

_SAID = (
    (
        r"truncat|end.of.file|\bEOF\b|not enough (image )?data|unexpected end|premature|too short|not large enough"
        r"|requires a buffer|no data|incomplete|0 bytes",
        "image file is truncated",
    ),
    (r"unsupported|not supported|not implemented|no decoder|no codec", "its format has a variant that cannot be read"),
    (r"security limit|too large|too big|exceeds", "damaged, or made to use up all memory"),
)
"""Messages of libjpeg, libpng, libtiff, libwebp, libheif, libavif, libjxl, OpenJPEG and Pillow, and their meaning."""


def reason_for(error: Exception) -> str:
    """One line for an exception from a decoder, or from this package."""
    said = " ".join(str(error).split())
    if type(error) is ValueError and _raised_in_this_package(error):
        return said or DAMAGED
    if not isinstance(error, OSError | ValueError | RuntimeError | SyntaxError | EOFError):
        return DAMAGED  # TypeError, IndexError, struct.error: an error inside the decoder
    return next((words for pattern, words in _SAID if re.search(pattern, said, re.IGNORECASE)), DAMAGED)


def _raised_in_this_package(error: Exception) -> bool:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__")).startswith("faceindex.")
