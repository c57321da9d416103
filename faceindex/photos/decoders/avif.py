"""AVIF with what libavif leaves to its caller: the clean aperture is cut out, and too large pictures are refused."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from PIL.AvifImagePlugin import AvifImageFile

from faceindex.photos.containers.boxes import Box, boxes

MAX_PIXELS, MAX_SIDE = 16384 * 16384, 32768
"""libavif's limits (avif.h, AVIF_DEFAULT_IMAGE_SIZE_LIMIT and AVIF_DEFAULT_IMAGE_DIMENSION_LIMIT)."""

_BRANDS = (b"avif", b"avis")
Aperture = tuple[int, int, int, int]


class AvifPhoto(AvifImageFile):
    """Pillow's AVIF; its size and its pixels are those within the clean aperture."""

    def _open(self) -> None:
        super()._open()
        assert self.fp is not None
        self.fp.seek(0)
        self._aperture = clean_aperture(self.fp.read(), *self._size)
        if self._aperture:
            left, top, right, bottom = self._aperture
            self._coded, self._size = self._size, (right - left, bottom - top)

    def load(self) -> Any:
        """Decode, at the first call, and cut."""
        if not self.tile or not self._aperture:
            return super().load()
        self._size = self._coded
        self.seek(0)
        super().load()
        self._im = self.im.crop(self._aperture)
        self._size = self._im.size
        return self.im.pixel_access(self.readonly)


def is_avif(data: bytes) -> bool:
    """Whether a file that starts with `data` is AVIF, by its brands."""
    size = min(int.from_bytes(data[:4], "big"), 64)
    return data[4:8] == b"ftyp" and any(data[place : place + 4] in _BRANDS for place in range(8, size, 4))


def refuse_large(data: bytes) -> None:
    """Raises: ValueError if there are more pixels than the decoder accepts."""
    width, height = coded_size(data) or (0, 0)
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise ValueError(
            f"{width} x {height} pixels are more than the AVIF decoder accepts: "
            f"{MAX_PIXELS // 1_000_000} MP, {MAX_SIDE} on a side"
        )


def coded_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of the primary picture as stored; None if they are not found."""
    for kind, body in _properties(data):
        if kind == b"ispe" and len(body) >= 12:
            return int.from_bytes(body[4:8], "big"), int.from_bytes(body[8:12], "big")
    return None


def clean_aperture(data: bytes, width: int, height: int) -> Aperture | None:
    """Left, top, right, bottom of the visible part (ISO/IEC 14496-12, section 12.1.4); None if all is visible.

    An aperture that extends beyond the picture is invalid; then all is shown, as in libavif's own programs.
    """
    body = next((body for kind, body in _properties(data) if kind == b"clap"), b"")
    if len(body) < 32:
        return None
    top_down = [int.from_bytes(body[place : place + 4], "big", signed=True) for place in range(0, 32, 4)]
    if any(denominator <= 0 for denominator in top_down[1::2]):
        return None
    wide, high, right, down = (Fraction(*top_down[place : place + 2]) for place in range(0, 8, 2))
    left, top = (width - wide) / 2 + right, (height - high) / 2 + down
    if left < 0 or top < 0 or left + wide > width or top + high > height or wide < 1 or high < 1:
        return None
    return int(left), int(top), int(left) + int(wide), int(top) + int(high)


def _properties(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of the properties of the primary item (ISO/IEC 23008-12, sections 9.3 and 6.5)."""
    meta = _inner(data, next((box for box in boxes(data) if box.kind == b"meta"), None), skip=4)
    primary = meta.get(b"pitm")
    described = _inner(data, meta.get(b"iprp"))
    if primary is None or b"ipco" not in described or b"ipma" not in described:
        return
    wide = 4 if data[primary.begin] else 2
    item = int.from_bytes(data[primary.begin + 4 : primary.begin + 4 + wide], "big")
    container = described[b"ipco"]
    listed = list(boxes(data, container.begin, container.end))
    for box in boxes(data, meta[b"iprp"].begin, meta[b"iprp"].end):
        for index in _associated(data[box.begin : box.end], item) if box.kind == b"ipma" else ():
            if 0 < index <= len(listed):
                found = listed[index - 1]
                yield found.kind, data[found.begin : found.end]


def _inner(data: bytes, box: Box | None, skip: int = 0) -> dict[bytes, Box]:
    return {} if box is None else {each.kind: each for each in boxes(data, box.begin + skip, min(box.end, len(data)))}


def _associated(body: bytes, item: int) -> Iterator[int]:
    """The item's properties, as positions in their list, counted from 1."""
    wide, long = (4 if body[0] else 2), bool(body[3] & 1)
    position = 8
    for _ in range(int.from_bytes(body[4:8], "big")):
        if position >= len(body):
            return
        number = int.from_bytes(body[position : position + wide], "big")
        count = body[position + wide]
        position += wide + 1
        size = 2 if long else 1
        for place in range(position, position + size * count, size):
            if number == item:
                yield int.from_bytes(body[place : place + size], "big") & (0x7FFF if long else 0x7F)
        position += size * count
