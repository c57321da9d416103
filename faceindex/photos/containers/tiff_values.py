"""Checks the directory of a TIFF whose end is zeros: an interrupted copy also loses the directory.

Many programs write it last. From its beginning alone, decoders make up the rest.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from faceindex.photos.containers.tiff_pages import BITS, PLACES, SIZES, Entry, Page, directories, numbers

_LEAST = 64
"""More zeros at the end of a file than this are not padding."""

_FEWEST_COLOURS = 32  # with red or green but no blue, at the end of a palette: fewer may be intended
_JPEG_TABLES, _COLOURS = 347, 320
_NEVER_ZERO_AT_THEIR_END = frozenset((BITS, _JPEG_TABLES))
_RATIOS = (5, 10)
_COLOURS_OF_RAW = frozenset((*range(50721, 50730), 50964, 50965))  # tags of DNG 1.4: matrices, neutral, white point


def refuse_lost_directory(data: bytes) -> None:
    """Raises: ValueError if entries of a directory are all zeros, which no program writes."""
    if data.endswith(bytes(_LEAST)) and _any_entry(data, lambda entry: not entry.tag and not entry.kind):
        raise ValueError("damaged: a part of its picture directory is missing")


def lost_values(data: bytes) -> str | None:
    """A warning about colours that were lost with the end of the file; None if they are complete.

    Raises: ValueError if something is lost that decoding needs.
    """
    if not data.endswith(bytes(_LEAST)):
        return None
    refuse_lost_directory(data)
    written = len(data.rstrip(b"\0"))
    if _any_entry(data, lambda entry: entry.tag in _NEVER_ZERO_AT_THEIR_END and written + 1 < entry.end <= len(data)):
        raise ValueError("damaged: data needed to decode the picture are missing")
    if _any_entry(data, lambda entry: entry.end > written and _lacks_colours(data, entry)):
        return "damaged: its colours may be wrong"
    return None


def lost_places(data: bytes, page: Page) -> float:
    """The share of a page's strips or tiles for which the directory has only the position or only the size.

    A strip that was left out because it is empty has neither.
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
    except struct.error:  # the directory ends too early; the decoder reports that
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
    """The number of colours up to the last one in which one of these is not zero."""
    return max((place + 1 for place, level in enumerate(levels) if level), default=0)
