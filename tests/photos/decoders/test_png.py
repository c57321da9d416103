"""A PNG is read whatever is wrong with the notes beside its picture, and not when its picture is damaged."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo
from faceindex.photos.decoders.png import bare, opened_png
from faceindex.photos.formats import opened
from faceindex.types import Pixels

XMP = b"XML:com.adobe.xmp\0"
BEHIND = ["before the pixels", "behind the pixels"]


@pytest.fixture(scope="module")
def picture(astronaut: Pixels) -> Pixels:
    return np.ascontiguousarray(astronaut[:96:2, 144:304:2])


def encoded(picture: Pixels, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", **options)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes, *, good: bool = True) -> bytes:
    checksum = zlib.crc32(kind + body) ^ (0 if good else 1)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def with_chunk(data: bytes, added: bytes, place: str) -> bytes:
    at = 33 if place == BEHIND[0] else data.index(b"IEND") - 4
    return data[:at] + added + data[at:]


BAD_NOTES = {
    "checksum of a comment": chunk(b"tEXt", b"Comment\0hello", good=False),
    "checksum of a time": chunk(b"tIME", bytes(7), good=False),
    "checksum of a profile": chunk(b"iCCP", b"x\0\0" + zlib.compress(b"none"), good=False),
    "checksum of EXIF": chunk(b"eXIf", b"II*\0\x08\0\0\0\0\0", good=False),
    "checksum of a private note": chunk(b"prVt", b"whatever", good=False),
    "a time of no sense": chunk(b"tIME", b"\x07\xd7\x63\x63\x63\x63\x63"),
    "a time that is too short": chunk(b"tIME", b"\x07"),
    "a short resolution": chunk(b"pHYs", b"\0\0"),
    "no resolution": chunk(b"pHYs", b""),
    "a short gamma": chunk(b"gAMA", b"\0"),
    "gamma of nothing": chunk(b"gAMA", bytes(4)),
    "odd chromaticities": chunk(b"cHRM", b"\0\1\2\3\4"),
    "no rendering intent": chunk(b"sRGB", b""),
    "a broken profile": chunk(b"iCCP", b"x\0\0not zlib"),
    "a profile of an unknown compression": chunk(b"iCCP", b"x\0\7abc"),
    "a broken compressed comment": chunk(b"zTXt", b"Comment\0\0not zlib"),
    "a long comment": chunk(b"tEXt", b"Comment\0" + b"x" * (2 << 20)),
    "a long compressed comment": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * (3 << 20))),
    "a long international comment": chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(b"x" * (3 << 20))),
    "an animation of nothing": chunk(b"acTL", bytes(8)),
    "broken EXIF": chunk(b"eXIf", b"nonsense"),
    "many comments": b"".join(chunk(b"tEXt", b"Comment\0" + b"x" * 900_000) for _ in range(3)),
}


@pytest.mark.parametrize("place", BEHIND)
@pytest.mark.parametrize("name", BAD_NOTES)
def test_note_that_is_bad_or_large_costs_nothing(picture: Pixels, name: str, place: str) -> None:
    data = with_chunk(encoded(picture), BAD_NOTES[name], place)
    np.testing.assert_array_equal(Photo(data, "a").pixels(), picture)


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
@pytest.mark.parametrize("place", BEHIND)
def test_bomb_takes_no_memory(picture: Pixels, kind: bytes, place: str) -> None:
    start = {b"zTXt": b"Creation Time\0\0", b"iTXt": XMP + b"\1\0\0\0", b"iCCP": b"x\0\0"}[kind]
    deflate = zlib.compressobj(9)
    bomb = b"".join([*(deflate.compress(bytes(1 << 20)) for _ in range(200)), deflate.flush()])
    data = with_chunk(encoded(picture), chunk(kind, start + bomb), place)
    tracemalloc.start()
    np.testing.assert_array_equal(Photo(data, "a").pixels(), picture)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 << 20


def test_good_and_useful_metadata_are_kept(picture: Pixels) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(2 << 20)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x9003] = "2019:07:20 17:45:22"
    data = encoded(picture, exif=exif)
    data = with_chunk(data, chunk(b"iCCP", b"x\0\0" + zlib.compress(profile)), BEHIND[0])
    packet = b"<x/>" + b" " * (2 << 20)
    data = with_chunk(data, chunk(b"iTXt", XMP + b"\1\0\0\0" + zlib.compress(packet)), BEHIND[0])
    image = opened(data)
    assert image.info["icc_profile"] == profile
    assert image.info["xmp"] == packet
    photo = Photo(data, "a")
    assert (photo.orientation, photo.taken) == (6, "2019-07-20T17:45:22")
    np.testing.assert_array_equal(photo.pixels(), np.rot90(picture, -1))


def test_wide_colours_of_a_large_profile_are_converted(picture: Pixels) -> None:
    small = encoded(picture, icc_profile=WIDE)
    large = with_chunk(encoded(picture), chunk(b"iCCP", b"x\0\0" + zlib.compress(WIDE + bytes(2 << 20))), BEHIND[0])
    shown = Photo(large, "a").pixels()
    np.testing.assert_array_equal(shown, Photo(small, "a").pixels())
    assert np.abs(shown.astype(int) - picture).mean() > 2


def wide_profile() -> bytes:
    """sRGB with the red and the green of its table exchanged: a profile that changes every picture."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = data.index(b"rXYZ"), data.index(b"gXYZ")
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(data)


WIDE = wide_profile()


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE", b"tRNS", b"IDAT"])
def test_damage_of_the_picture_is_never_mistaken_for_damaged_metadata(picture: Pixels, kind: bytes) -> None:
    image = Image.fromarray(picture).quantize(16)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=0)
    data = buffer.getvalue()
    at = data.index(kind)
    for place in range(4):
        for flip in (0x20, 0x01):
            damaged = bytearray(data)
            damaged[at + place] ^= flip
            with pytest.raises(UnreadablePhoto):
                Photo(bytes(damaged), "a").pixels()


def test_good_file_is_not_copied(picture: Pixels) -> None:
    data = encoded(picture)
    assert bare(data) == (data, {})
    assert opened_png(data).size == picture.shape[1::-1]


def by_hand(rows: bytes, *, before: bytes = b"", checksum: bytes | None = None, interlaced: int = 0) -> bytes:
    """A grey PNG of 40 x 40, its IDAT in two chunks."""
    coded = zlib.compress(rows)
    coded = coded if checksum is None else coded[:-4] + checksum
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 40, 8, 0, 0, 0, interlaced))
    return (
        b"\x89PNG\r\n\x1a\n"
        + before
        + header
        + chunk(b"IDAT", coded[:70])
        + chunk(b"IDAT", coded[70:])
        + chunk(b"IEND", b"")
    )


GREY = np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8)
ROWS = b"".join(b"\0" + row.tobytes() for row in GREY)


def test_a_wrong_checksum_over_all_that_a_program_wrote_is_no_damage() -> None:
    photo = Photo(by_hand(ROWS, checksum=b"\1\2\3\4"), "a")
    assert np.array_equal(photo.pixels()[..., 0], GREY)
    assert photo.warning is None
    with pytest.raises(UnreadablePhoto):  # not of a picture that lacks rows
        Photo(by_hand(ROWS[:-41], checksum=b"\1\2\3\4"), "a").pixels()


def test_a_png_that_does_not_begin_with_its_header_is_refused_and_takes_no_memory() -> None:
    tracemalloc.start()
    for before in (chunk(b"CgBI", b"\x50\0\x20\2" + bytes(4)), chunk(b"abCd", b"\x7f\xff\xff\xff" * 2)):
        with pytest.raises(UnreadablePhoto, match=r"Apple's CgBI|may be wrong"):
            Photo(by_hand(ROWS[:-3], before=before), "a").pixels()
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()
