"""Finds damage that decoders do not report, in the way that each format needs, after the picture was decoded."""

from __future__ import annotations

import struct
from collections.abc import Callable

from PIL import Image

from faceindex.photos.containers import png_chunks, tiff_pages, tiff_values
from faceindex.photos.containers.heif_items import coded_items, whole_units
from faceindex.photos.containers.libtiff_messages import damaged_fax_rows
from faceindex.photos.containers.tiff_pages import BITS, CHANNELS, COMPRESSION, PLACES, PLANES, SIZES, TILE_WIDTH, WIDTH
from faceindex.photos.decoders import jpeg_2000
from faceindex.photos.lost_data import bmp_rows, gif_blocks, tiff_strips, webp_data
from faceindex.photos.lost_data.cut_off import MISSING_LIMIT
from faceindex.photos.lost_data.fax_strips import unread_rows
from faceindex.photos.lost_data.zero_runs import lost_sectors, unwritten_begin, zeros_begin

_IN_VIDEO_CODE = 16
"""A run of so many equal bytes, 0 or 0xFF, cannot be in HEVC or AV1 data: HEVC forbids three zeros; four were seen."""

_GROUP_4, _ROWS_PER_STRIP = 4, 278
_PAGE_TAGS = (WIDTH, BITS, COMPRESSION, CHANNELS, PLANES, TILE_WIDTH, _ROWS_PER_STRIP, *PLACES, *SIZES)


def damage(data: bytes, picture: Image.Image | None, form: str | None) -> str | None:
    """The damage of a photo that can be used nevertheless, in one line; None if there is none.

    data: the file. picture: as Pillow decoded it; None if it could not. form: Pillow's name of the file's format; None
    if the data are not a user's file.

    Raises: ValueError if a visible part of the picture is missing or wrong.
    """
    try:
        check = _CHECKS.get(form or "")
        return check(data, picture) if check else None
    except (struct.error, IndexError, KeyError):  # not as the format demands, but decoded nevertheless
        return None


def _png(data: bytes, picture: Image.Image | None) -> str | None:
    return png_chunks.damage(data, picture)


def _heif(data: bytes, picture: Image.Image | None) -> str | None:
    items = coded_items(data, auxiliary=picture is not None and "A" in picture.mode)
    total = sum(end - begin for extents in items for begin, end in extents)
    missing = sum(_lost(data, begin, end) for extents in items for begin, end in extents)
    if not missing:  # some tiles may have another structure than the others
        sound = [whole_units(data, extents) for extents in items]
        if any(sound) and not all(sound):
            missing = sum(
                end - begin for extents, whole in zip(items, sound, strict=True) for begin, end in extents if not whole
            )
    return judged(missing / total) if missing else None


def _lost(data: bytes, begin: int, end: int) -> int:
    at = unwritten_begin(data, begin, end, shortest=_IN_VIDEO_CODE, at_end=_IN_VIDEO_CODE)
    return end - (max(begin, min(end, len(data))) if at is None else at)


def _webp(data: bytes, picture: Image.Image | None) -> str | None:
    missing = webp_data.missing_share(data, picture)
    return judged(missing) if missing else None


def _jpeg_2000(data: bytes, picture: Image.Image | None) -> str | None:
    missing = jpeg_2000.missing_share(data)
    return judged(missing) if missing else None


def _gif(data: bytes, picture: Image.Image | None) -> str | None:
    found = gif_blocks.first_picture(data)
    if found is None:
        return None
    begin, end = found
    at = zeros_begin(data, begin, len(data))
    if at is None or at > end or gif_blocks.goes_on(data, end + 1):
        return None
    return judged(1 - (at - begin) / max(1, len(data) - begin))


def _tiff(data: bytes, picture: Image.Image | None) -> str | None:
    if picture is None:
        return None
    page = {tag: _whole_numbers(picture.tag_v2[tag]) for tag in _PAGE_TAGS if tag in picture.tag_v2}  # type: ignore[attr-defined]
    missing = tiff_strips.missing_share(data, page)
    if missing and tiff_strips.is_uncompressed(page):
        return _like_lost_sectors(missing)
    if not missing and page.get(COMPRESSION) == (_GROUP_4,) and picture.mode == "1":
        rows = min(page.get(_ROWS_PER_STRIP, (picture.height,))[0], picture.height)
        missing = unread_rows(data, picture, tiff_pages.strips(page), rows) / picture.height
    return judged(missing) if missing else tiff_values.lost_values(data)


def _whole_numbers(value: object) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (int(value),)  # type: ignore[call-overload]


def _bmp(data: bytes, picture: Image.Image | None) -> str | None:
    page = bmp_rows.page(data)
    if page.depth_of_runs:
        at = zeros_begin(data, page.begin, len(data))
        if at is None or bmp_rows.runs_end(data, page) <= at + bmp_rows.END_MARK:
            return None
        return judged((len(data) - at) / (len(data) - page.begin))
    end = min(len(data), page.begin + page.stride * page.height)
    lost = lost_sectors(data, page.begin, end, page.stride)
    return _like_lost_sectors(lost / (end - page.begin)) if lost else None


def _like_lost_sectors(missing: float) -> str:
    return f"damaged: {missing:.1%} of the picture is black, as if a disk had lost data"


def judged(missing: float) -> str:
    """A warning about the missing share of a picture's data. Raises: ValueError if the share is a visible part."""
    text = f"damaged: {missing:.1%} of the picture's data are missing"
    if missing > MISSING_LIMIT:
        raise ValueError(text)
    return text


def said_by_libtiff(lines: list[str], picture: Image.Image) -> str | None:
    """The damage of a TIFF picture, from libtiff's messages while it decoded: see `libtiff_messages`.

    Rows of a Group 4 fax are coded as differences from the row above, so everything below the first bad row is wrong.
    """
    rows = damaged_fax_rows(lines)
    if not rows:
        return "damaged: a part of the picture cannot be decoded" if lines else None
    compression = picture.tag_v2[COMPRESSION]  # type: ignore[attr-defined]
    if compression != _GROUP_4:
        return judged(len(rows) / picture.height)
    strip_rows = min(picture.height, picture.tag_v2.get(_ROWS_PER_STRIP, picture.height))  # type: ignore[attr-defined]
    first = dict(reversed(rows))
    heights = (min(strip_rows, picture.height - strip * strip_rows) for strip in first)
    return judged(sum(height - row for height, row in zip(heights, first.values(), strict=True)) / picture.height)


_CHECKS: dict[str, Callable[[bytes, Image.Image | None], str | None]] = {
    "PNG": _png,
    "HEIF": _heif,
    "AVIF": _heif,
    "WEBP": _webp,
    "JPEG2000": _jpeg_2000,
    "GIF": _gif,
    "TIFF": _tiff,
    "BMP": _bmp,
}
