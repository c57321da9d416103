"""JPEG XL, JPEG 2000 and the rarer kinds of TIFF are read, whole or not at all; without a decoder, that is said."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo
from faceindex.photos.decoders import extras, jpeg_xl, tiff
from faceindex.photos.decoders.extras import FORMATS_MISSING, can_be_read_now
from faceindex.photos.identity import is_photo
from faceindex.photos.packets import read_header
from faceindex.types import Pixels

Array = np.ndarray[Any, np.dtype[Any]]


@pytest.fixture(scope="module")
def colours(astronaut: Pixels) -> Pixels:
    return np.ascontiguousarray(astronaut[:192:3, 144:304:2])


def grey_of(colours: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(colours).convert("L"))


def tiff_of(samples: Array, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, **options)
    return buffer.getvalue()


def jp2(samples: Array, codec: str = "jp2", **options: Any) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(samples, level=0, reversible=True, codecformat=codec, **options))


def jxl(samples: Array, **options: Any) -> bytes:
    return bytes(imagecodecs.jpegxl_encode(samples, **{"lossless": True} | options))


def kinds(colours: Pixels) -> dict[str, tuple[bytes, Pixels]]:
    grey = grey_of(colours)
    deep, deep_grey = colours.astype(np.uint16) * 257, grey.astype(np.uint16) * 257
    opaque = np.full(grey.shape, 65535, np.uint16)
    return {
        "jxl": (jxl(colours), colours),
        "jxl, lossy": (jxl(colours, lossless=False, level=95), colours),
        "jxl, boxes": (jxl(colours, usecontainer=True), colours),
        "jxl, grey": (jxl(grey), grey),
        "jxl, 16 bits": (jxl(deep), colours),
        "jxl, grey, 16 bits": (jxl(deep_grey), grey),
        "jxl, float": (jxl((colours / 255).astype(np.float32)), colours),
        "jp2": (jp2(colours), colours),
        "j2k": (jp2(colours, "j2k"), colours),
        "jp2, grey": (jp2(grey), grey),
        "jp2, 16 bits": (jp2(deep), colours),
        "jp2, 12 bits": (jp2(deep >> 4, bitspersample=12), colours),
        "jp2, grey, 16 bits": (jp2(deep_grey), grey),
        "jp2, grey, 12 bits": (jp2(deep_grey >> 4, bitspersample=12), grey),
        "tiff, BigTIFF": (tiff_of(colours, bigtiff=True, photometric="rgb"), colours),
        "tiff, BigTIFF, >": (tiff_of(colours, bigtiff=True, byteorder=">", photometric="rgb"), colours),
        "tiff, WebP": (tiff_of(colours, compression="webp", photometric="rgb"), colours),
        "tiff, JPEG XL": (tiff_of(colours, compression="jpegxl", photometric="rgb"), colours),
        "tiff, JPEG 2000": (tiff_of(colours, compression="jpeg2000", photometric="rgb"), colours),
        "tiff, Zstandard, 16 bits": (tiff_of(deep, compression="zstd", photometric="rgb"), colours),
        "tiff, planes": (tiff_of(np.moveaxis(deep, -1, 0), photometric="rgb", planarconfig="separate"), colours),
        "tiff, 32 bits": (tiff_of(colours.astype(np.uint32) * 16843009, photometric="rgb"), colours),
        "tiff, float": (tiff_of((colours / 255).astype(np.float32), photometric="rgb"), colours),
        "tiff, grey and alpha": (
            tiff_of(
                np.dstack([deep_grey, opaque]),
                photometric="minisblack",
                extrasamples=["unassalpha"],
                planarconfig="contig",
            ),
            grey,
        ),
        "tiff, CIELAB": (lab_tiff(colours), colours),
    }


def lab_tiff(colours: Pixels) -> bytes:
    from skimage.color import rgb2lab

    lab = rgb2lab(colours)  # of its own white, as adapted to another nearly is
    light, others = lab[..., :1] / 100 * 65535, lab[..., 1:] * 256
    samples = np.concatenate([light, others], axis=2).round().astype(np.int64).astype(np.uint16)
    return tiff_of(samples, photometric="cielab")


NAMES = list(kinds(np.zeros((64, 64, 3), np.uint8)))


@pytest.mark.parametrize("name", NAMES)
def test_kind_is_known_by_its_content_and_read(colours: Pixels, name: str) -> None:
    data, expected = kinds(colours)[name]
    assert is_photo(data[:32])
    photo = Photo(data, "a")
    shown = photo.pixels().astype(int)
    wanted = np.dstack([expected] * 3) if expected.ndim == 2 else expected
    assert (photo.height, photo.width) == shown.shape[:2] == wanted.shape[:2]
    assert np.abs(shown - wanted).mean() < 4


@pytest.mark.parametrize("name", NAMES)
def test_cut_off_file_is_refused(colours: Pixels, name: str) -> None:
    data, _ = kinds(colours)[name]
    for length in (*(len(data) * part // 12 for part in range(1, 12)), len(data) - 200):
        with pytest.raises(UnreadablePhoto) as caught:
            Photo(data[:length], "a").pixels()
        assert "\n" not in caught.value.reason


def test_white_of_deep_jpeg_2000_is_white() -> None:
    for channels in (1, 3):
        white = np.full((16, 16, channels), 65535, np.uint16).squeeze()
        assert Photo(jp2(white), "a").pixels().min() == 255


def test_every_transparency_becomes_white() -> None:
    clear = np.zeros((16, 16, 4), np.uint16)
    assert Photo(jp2(clear), "a").pixels().min() == 255
    assert Photo(jxl(clear.astype(np.uint8)), "a").pixels().min() == 255
    data = tiff_of(clear[..., :2], photometric="minisblack", extrasamples=["unassalpha"], planarconfig="contig")
    assert Photo(data, "a").pixels().min() == 255


SMALL, LARGE = b"\xff\x0a", "little"


def size_header(width: int, height: int, orientation: int) -> bytes:
    """The beginning of a JPEG XL codestream, sides of 30 bits."""
    bits, place = 0, 0
    for value, count in ((0, 1), (3, 2), (height - 1, 30), (0, 3), (3, 2), (width - 1, 30), (0, 1), (1, 1)):
        bits, place = bits | value << place, place + count
    return SMALL + (bits | (orientation - 1) << place).to_bytes(16, "little")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_header_of_jpeg_xl_gives_size_and_orientation(orientation: int) -> None:
    assert jpeg_xl.header(size_header(4000, 3001, orientation)) == (4000, 3001, orientation)


@pytest.mark.parametrize(("width", "height"), [(8, 8), (256, 8), (257, 300), (1920, 1080), (12, 10), (2000, 9000)])
def test_size_of_jpeg_xl_is_known_before_it_is_decoded(width: int, height: int) -> None:
    photo = Photo(jxl(np.zeros((height, width), np.uint8)), "a")
    assert (photo.width, photo.height) == (width, height)


@pytest.mark.parametrize("data", [size_header(100_000, 100_000, 6), jp2(np.zeros((16, 16, 3), np.uint8))])
def test_too_many_pixels_are_refused_by_the_header(data: bytes) -> None:
    side = (100_000).to_bytes(4, "big")
    size = data.find(b"\xff\x4f\xff\x51")
    if size >= 0:
        data = data[: size + 8] + side * 2 + data[size + 16 :]
        data = data.replace(b"ihdr" + data[data.find(b"ihdr") + 4 :][:8], b"ihdr" + side * 2)
    with pytest.raises(UnreadablePhoto, match="100000 x 100000 pixels are more than the limit"):
        Photo(data, "a")


def test_jpeg_xl_turned_by_its_own_header_is_not_turned_by_exif(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    boxed = jxl(np.zeros((8, 24, 3), np.uint8), usecontainer=True)
    body = bytes(4) + exif.tobytes()[6:]
    data = boxed + (len(body) + 8).to_bytes(4, "big") + b"Exif" + body
    photo = Photo(data, "a")
    assert (photo.width, photo.height) == photo.pixels().shape[1::-1] == (24, 8)
    (tmp_path / "a.jxl").write_bytes(data)
    assert read_header(str(tmp_path / "a.jxl")).stored_orientation == 1


@pytest.fixture
def without_decoders(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (extras, jpeg_xl, tiff):
        monkeypatch.setattr(module, "formats_installed", lambda: False)


@pytest.mark.usefixtures("without_decoders")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("jxl", "JPEG XL is not supported"),
        ("tiff, CIELAB", "TIFF of a kind that cannot be read: 16-bit CIELAB"),
        ("tiff, grey and alpha", "TIFF of a kind that cannot be read: 16-bit grey with transparency"),
        ("tiff, WebP", "TIFF of a kind that cannot be read: 8-bit RGB in WebP"),
        ("tiff, float", "TIFF of a kind that cannot be read: 32-bit floating-point RGB"),
        ("tiff, BigTIFF, >", "TIFF of a kind that cannot be read: 8-bit RGB"),
    ],
)
def test_kind_and_what_to_install_are_said(colours: Pixels, name: str, words: str) -> None:
    with pytest.raises(UnreadablePhoto) as caught:
        Photo(kinds(colours)[name][0], "a")
    assert caught.value.reason == f"{words}: {FORMATS_MISSING}"
    assert not can_be_read_now(caught.value.reason)


def test_photo_that_lacked_a_decoder_is_looked_at_again() -> None:
    assert can_be_read_now(f"JPEG XL is not supported: {FORMATS_MISSING}")
    assert not can_be_read_now("image file is truncated")
