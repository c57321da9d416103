"""PNG with damaged or large metadata: the picture is read nevertheless.

Pillow refuses a file because of a comment's checksum, or a colour profile over one megabyte. Then the file is opened
again with only the chunks of the picture, and the intact and useful ones of the others
(Portable Network Graphics 1.2, sections 3.4 and 4.2).
"""

from __future__ import annotations

import io
import zlib
from contextlib import suppress
from typing import Any

from PIL.PngImagePlugin import PngImageFile

from faceindex.photos.containers.png_chunks import SIGNATURE, Chunk, chunks, with_right_checksum
from faceindex.photos.metadata.rdf import MAX_BYTES as MAX_XMP_BYTES

MAX_PROFILE_BYTES = 16 << 20
"""A larger ICC profile is ignored. The largest tables of printers are about four megabytes."""

_BITS_AT = 24  # position in the file, within IHDR
_PICTURE = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS")
_XMP = b"XML:com.adobe.xmp\0"
_MAX_TEXT_BYTES = 1 << 20
_TEXTS = (b"Creation Time\0", b"Raw profile type exif\0", b"Raw profile type APP1\0")


class PngPhoto(PngImageFile):
    """Pillow's PNG. Damage after the pixels is ignored, and a picture that failed to load fails again at the next call.

    bits: per sample in the file.
    """

    bits = 8

    def load(self) -> Any:
        """Decode. Raises: anything that Pillow raises, and the same at the next call."""
        source = self.fp
        try:
            return super().load()
        except MemoryError:
            self.decoderconfig = ()
            raise
        except Exception:
            self.decoderconfig = ()
            mended = with_right_checksum(source.getvalue()) if isinstance(source, io.BytesIO) else None
            if mended is None:
                raise
        picture = PngImageFile(io.BytesIO(mended))
        picture.load()
        self._im, self._mode, self.palette, self.tile = picture.im, picture.mode, picture.palette, []
        return self.im.pixel_access(self.readonly)

    def load_end(self) -> None:
        """Read what is after the pixels."""
        try:
            super().load_end()
        except MemoryError:
            raise
        except Exception:  # all pixels are there; only metadata are damaged
            self.png = None


def opened_png(data: bytes) -> PngImageFile:
    """Open a PNG file and read its header. Raises: anything that Pillow raises."""
    try:
        image = PngPhoto(io.BytesIO(data))
        image.bits = data[_BITS_AT]
        return image
    except MemoryError:
        raise
    except Exception:
        picture, info = bare(data)
        if len(picture) == len(data):
            raise
    image = PngPhoto(io.BytesIO(picture))
    image.bits = data[_BITS_AT]
    image.info.update(info)
    return image


def bare(data: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The file without doubtful metadata, and the large ones by Pillow's names: "icc_profile" and "xmp"."""
    kept, info = [SIGNATURE], dict[str, bytes]()
    end = len(SIGNATURE)
    for chunk in chunks(data):
        end = chunk.end + 4
        body = b"" if chunk.kind == b"IDAT" else data[chunk.begin : chunk.end]
        if (
            _makes_the_picture(chunk)
            or (chunk.sound and chunk.kind in (b"eXIf", b"sBIT"))
            or (chunk.sound and body.startswith(_TEXTS) and _is_short_text(chunk.kind, body))
        ):
            kept.append(data[chunk.begin - 8 : end])
        elif chunk.sound and chunk.kind == b"iCCP":
            _put(info, "icc_profile", _inflated(body.partition(b"\0")[2][1:], MAX_PROFILE_BYTES))
        elif chunk.sound and chunk.kind == b"iTXt" and body.startswith(_XMP):
            _put(info, "xmp", _international_text(body))
    if kept[-1][4:8] != b"IEND":
        kept.append(data[end:])  # the damaged rest, so that Pillow refuses it
    return b"".join(kept), info


def _makes_the_picture(chunk: Chunk) -> bool:
    """True also for a chunk with a damaged name, so that Pillow refuses the file and no part of the picture is lost."""
    if chunk.kind in _PICTURE or chunk.kind[:1].isupper():
        return True
    return not chunk.sound and any(
        sum(a != b for a, b in zip(chunk.kind, known, strict=True)) == 1 for known in _PICTURE
    )


def _is_short_text(kind: bytes, body: bytes) -> bool:
    text = body.partition(b"\0")[2]
    if len(text) >= _MAX_TEXT_BYTES or kind not in (b"tEXt", b"zTXt"):
        return False
    return kind == b"tEXt" or _inflated(text[1:], _MAX_TEXT_BYTES) is not None


def _put(info: dict[str, bytes], key: str, value: bytes | None) -> None:
    if value:
        info[key] = value


def _international_text(body: bytes) -> bytes | None:
    """The text of an iTXt chunk, which comes after keyword, compression, language and translation."""
    compressed = body[len(_XMP) : len(_XMP) + 1] == b"\1"
    parts = body[len(_XMP) + 2 :].split(b"\0", 2)
    if len(parts) < 3:
        return None
    return _inflated(parts[2], MAX_XMP_BYTES) if compressed else parts[2][:MAX_XMP_BYTES]


def _inflated(data: bytes, limit: int) -> bytes | None:
    """`data` inflated by zlib; None if the result is larger than `limit` bytes, or damaged."""
    with suppress(zlib.error):
        inflater = zlib.decompressobj()
        found = inflater.decompress(data, limit)
        if inflater.eof:
            return found
    return None
