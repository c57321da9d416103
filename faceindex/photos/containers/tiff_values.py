"""What the directory of a TIFF says, where the file ends in zeros: an interrupted copy takes the directory as well.

Many programs write it last. Its beginning is enough for decoders to make up the rest.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from faceindex.photos.containers.tiff_pages import BITS, PLACES, SIZES, Entry, Page, directories, numbers

_LEAST = 64
"""Zeros at the end of a file that are more than padding."""

_FEWEST_COLOURS = 32  # with red or green and without blue, at the end of a table: fewer may be meant
_JPEG_TABLES, _COLOURS = 347, 320
_NEVER_ZERO_AT_THEIR_END = frozenset((BITS, _JPEG_TABLES))
_RATIOS = (5, 10)
_COLOURS_OF_RAW = frozenset((*range(50721, 50730), 50964, 50965))  # DNG 1.4: matrices, neutral, white point


def refuse_lost_directory(data: bytes) -> None:
    """Raises: ValueError when entries of a directory are nothing but zeros: no program writes such."""
    if data.endswith(bytes(_LEAST)) and _any_entry(data, lambda entry: not entry.tag and not entry.kind):
        raise ValueError("damaged: a part of the directory of its pictures is missing")


def lost_values(data: bytes) -> str | None:
    """The warning about colours that were lost with the end of the file; None when nothing was.

    Raises: ValueError when something is lost without which the picture cannot be decoded.
    """
    if not data.endswith(bytes(_LEAST)):
        return None
    refuse_lost_directory(data)
    written = len(data.rstrip(b"\0"))
    if _any_entry(data, lambda entry: entry.tag in _NEVER_ZERO_AT_THEIR_END and written + 1 < entry.end <= len(data)):
        raise ValueError("damaged: what is needed to decode the picture is missing")
    if _any_entry(data, lambda entry: entry.end > written and _lacks_colours(data, entry)):
        return "damaged: its colours cannot be trusted"
    return None


def lost_places(data: bytes, page: Page) -> float:
    """The share of a page's strips or tiles of which the directory knows only the place or only the size.

    Of one that was left out, because it is empty, it knows neither.
    """
    if not data.endswith(bytes(_LEAST)):
        return 0.0
    for places, sizes in zip(PLACES, SIZES, strict=True):
        if places in page and sizes in page:
            pairs = list(zip(page[places], page[sizes], strict=False))
            return sum((place == 0) != (size == 0) for place, size in pairs) / max(1, len(pairs))
    return 0.0


def _any_entry(data: bytes, holds: Callable[[Entry], bool]) -> bool:
    try:
        return any(holds(entry) for page in directories(data) for entry in page)
    except struct.error:  # the directory ends too early; whoever decodes the picture says so
        return False


def _lacks_colours(data: bytes, entry: Entry) -> bool:
    if entry.tag in _COLOURS_OF_RAW and entry.kind in _RATIOS:
        denominators = data[entry.end - 4 : entry.end]
        return entry.end - entry.begin > 8 and not any(denominators)
    if entry.tag != _COLOURS or entry.count < 3:
        return False
    values = numbers(data, entry)
    third = len(values) // 3
    red, green, blue = (_used(values[begin : begin + third]) for begin in range(0, 3 * third, third))
    return blue == 0 or max(red, green) - blue >= _FEWEST_COLOURS


def _used(levels: tuple[int, ...]) -> int:
    """How many colours there are up to the last one that has any of this."""
    return max((place + 1 for place, level in enumerate(levels) if level), default=0)
