"""JPEG 2000 by Pillow (OpenJPEG), which does not report a codestream that is cut off."""

from __future__ import annotations

import io
import struct

from PIL import Image
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from faceindex.photos.containers.boxes import JP2_SIGNATURE, boxes
from faceindex.photos.decoders.decoded_at_once import DecodedAtOnce
from faceindex.photos.decoders.extras import FORMATS_MISSING, formats_installed
from faceindex.photos.decoders.levels import Depth, eight_bit_samples
from faceindex.photos.lost_data.zero_runs import SECTOR, zeros_end

BARE_SIGNATURE = b"\xff\x4f\xff\x51"
_EXIF = b"JpgTiffExif->JP2"
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_START_OF_TILE_PART, _END, _CODING_STYLE = 0xFF90, b"\xff\xd9", b"\xff\x52"


def is_jpeg_2000(data: bytes) -> bool:
    """Whether a file that starts with `data` is JPEG 2000, with or without boxes around it."""
    return data.startswith((JP2_SIGNATURE, BARE_SIGNATURE))


class _DeepJpeg2000(DecodedAtOnce):
    """JPEG 2000 with more than eight bits per colour, in which Pillow turns white into black."""

    format = "JPEG2000"
    bits = 16

    def _open(self) -> None:
        assert self.fp is not None
        with Jpeg2KImageFile(self.fp) as image:
            self._announce(*image.size)
            self.info = image.info
        if not formats_installed():
            raise ValueError(f"JPEG 2000 with more than eight bits is not supported: {FORMATS_MISSING}")

    def _picture(self) -> Image.Image:
        import imagecodecs  # optional

        assert self.fp is not None
        self.fp.seek(0)
        pixels = imagecodecs.jpeg2k_decode(self.fp.read(), numthreads=1)
        return Image.fromarray(eight_bit_samples(pixels, Depth(bits=self.bits)))


def _bits(data: bytes, begin: int) -> list[int]:
    """Bits of each component (ISO/IEC 15444-1, section A.5.1)."""
    count = int.from_bytes(data[begin + 40 : begin + 42], "big")
    return [(size & 127) + 1 for size in data[begin + 42 : begin + 42 + 3 * count : 3]]


def opened_jpeg_2000(data: bytes) -> Image.Image:
    """Open a JPEG 2000 file and read its header. Raises: ValueError if it is cut off; anything that Pillow raises."""
    begin, end = _codestream(data)
    if _parts_end(data, begin, end) is None:
        raise ValueError("image file is truncated")
    bits = _bits(data, begin)
    image: Image.Image
    if len(bits) > 1 and max(bits) > 8:
        image = _DeepJpeg2000(io.BytesIO(data))
        image.bits = max(bits)
    else:
        image = Jpeg2KImageFile(io.BytesIO(data))
    for box in boxes(data) if begin else ():
        if box.kind == b"uuid" and data[box.begin : box.begin + 16] == _EXIF:
            image.info["exif"] = b"Exif\0\0" + data[box.begin + 16 : box.end]
        elif box.kind == b"uuid" and data[box.begin : box.begin + 16] == _XMP:
            image.info["xmp"] = data[box.begin + 16 : box.end]
    return image


def _parts_end(data: bytes, begin: int, end: int) -> int | None:
    """The end of the codestream's last tile part; None if one is cut off (ISO/IEC 15444-1, section A.4.2)."""
    position, parts = begin + 2, 0
    while position + 12 <= end:
        marker = int.from_bytes(data[position : position + 2], "big")
        if marker != _START_OF_TILE_PART:
            if data[position : position + 2] == _END:
                return position if parts else None
            if parts:
                return None
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
            continue
        parts += 1
        length = int.from_bytes(data[position + 6 : position + 10], "big")
        if length == 0:  # the last part, up to the end marker
            written = data[:end].rstrip(b"\0")
            return len(written) - 2 if written.endswith(_END) else None
        position += length
    after = data[position : min(end, position + 2)]
    return position if parts and position <= end and after in (_END, b"") else None  # some programs omit the end marker


def missing_share(data: bytes) -> float:
    """The share of the codestream after zeros that no encoder wrote; OpenJPEG decodes them without an error.

    An empty packet is a byte of zero, and a flat tile has many. More zeros than packets mean lost data.
    """
    begin, limit = _codestream(data)
    end = _parts_end(data, begin, limit) or limit
    at = data.find(bytes(SECTOR), begin, end)
    while at >= 0:
        stop = min(end, zeros_end(data, at))
        if stop - at > _most_packets(data, begin):
            return (end - at) / (end - begin)
        at = data.find(bytes(SECTOR), stop, end)
    return 0.0


def _codestream(data: bytes) -> tuple[int, int]:
    """Its begin and end in the file."""
    if not data.startswith(JP2_SIGNATURE):
        return 0, len(data)
    box = next((box for box in boxes(data) if box.kind == b"jp2c"), None)
    return (box.begin, min(box.end, len(data))) if box else (len(data), len(data))


def _most_packets(data: bytes, begin: int) -> int:
    """The largest number of packets in a tile, by the default settings (sections A.5.1, A.6.1 and B.6), rounded up."""
    right, bottom, left, top, across, down = struct.unpack_from(">6I", data, begin + 8)
    components = int.from_bytes(data[begin + 40 : begin + 42], "big")
    width, height = min(across, right - left), min(down, bottom - top)
    position = begin + 2
    while data[position : position + 2] != _CODING_STYLE:
        if data[position : position + 1] != b"\xff":
            raise struct.error("no coding style")
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    style, _, layers, _, levels = struct.unpack_from(">BBHBB", data, position + 4)
    precincts = data[position + 14 : position + 15 + levels] if style & 1 else bytes((0xFF,)) * (levels + 1)
    places = sum(
        ((width >> levels - level >> (size & 15)) + 2) * ((height >> levels - level >> (size >> 4)) + 2)
        for level, size in enumerate(precincts)
    )
    return int(layers * components * places)
