"""Samples of more than eight bits are scaled by the white that the file says or that they imply."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, TiffImagePlugin

from faceindex.photos.decode import Photo
from faceindex.photos.decoders.levels import Depth, eight_bit_samples, white_of
from faceindex.types import Pixels

Array = np.ndarray[Any, np.dtype[Any]]
ORDERS = ("<", ">")
WAYS: tuple[dict[str, Any], ...] = ({}, {"compression": "zlib"}, {"compression": "lzw"}, {"tile": (32, 32)})


@pytest.fixture(scope="module")
def colours(astronaut: Pixels) -> Pixels:
    return np.ascontiguousarray(astronaut[:192:3, 144:304:2])


@pytest.fixture(scope="module")
def grey(colours: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(colours).convert("L"))


def tiff(samples: Array, **options: Any) -> bytes:
    buffer = io.BytesIO()
    options.setdefault("photometric", "rgb" if samples.ndim == 3 and samples.shape[-1] >= 3 else "minisblack")
    tifffile.imwrite(buffer, samples, **options)
    return buffer.getvalue()


def png(samples: Array) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.png_encode(samples))


def assert_shows(data: bytes, expected: Pixels, within: float = 1.5) -> None:
    photo = Photo(data, "a")
    shown = photo.pixels().astype(int)
    wanted = np.dstack([expected] * 3) if expected.ndim == 2 else expected
    assert (photo.height, photo.width) == shown.shape[:2] == wanted.shape[:2]
    assert np.abs(shown - wanted).mean() < within


def whites_of_zero(grey: Pixels) -> dict[str, Array]:
    return {
        "8": 255 - grey,
        "16": 65535 - grey.astype(np.uint16) * 257,
        "32": 2**32 - 1 - grey.astype(np.uint32) * 16843009,
        "float": (1 - grey / 255).astype(np.float32),
        "12 in 16": 4095 - (grey.astype(np.uint16) << 4),
    }


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("options", WAYS)
@pytest.mark.parametrize("kind", ["8", "16", "32", "float", "12 in 16"])
def test_white_is_zero_is_no_negative(grey: Pixels, kind: str, options: dict[str, Any], order: str) -> None:
    samples = whites_of_zero(grey)[kind]
    assert_shows(tiff(samples, photometric="miniswhite", byteorder=order, **options), grey)


def greys(grey: Pixels) -> dict[str, Array]:
    sixteen = grey.astype(np.uint16) * 257
    return {
        "16": sixteen,
        "32": grey.astype(np.uint32) * 16843009,
        "24 in 32": grey.astype(np.uint32) * 65793,
        "12 in 32": grey.astype(np.uint32) << 4,
        "8 in 32": grey.astype(np.uint32),
        "signed 8": (grey.astype(int) - 128).astype(np.int8),
        "signed 16": (sixteen.astype(int) - 32768).astype(np.int16),
        "signed 16 from 0": grey.astype(np.int16) * 128,
        "signed 12 in 16": grey.astype(np.int16) << 4,
        "float": (grey / 255).astype(np.float32),
        "float, sharpened": (grey / 255 * 1.06 - 0.03).astype(np.float32),
        "float to 255": grey.astype(np.float32),
        "float to 4095": (grey.astype(np.float32) * 16),
        "float to 65535": sixteen.astype(np.float32),
        "half float": (grey / 255).astype(np.float16),
        "double": grey / 255,
        "float from -1": (grey / 127.5 - 1).astype(np.float32),
    }


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("options", WAYS[:2])
@pytest.mark.parametrize("kind", list(greys(np.zeros((1, 1), np.uint8))))
def test_grey_of_every_number_type_keeps_its_levels(
    grey: Pixels, kind: str, options: dict[str, Any], order: str
) -> None:
    assert_shows(tiff(greys(grey)[kind], byteorder=order, **options), grey, within=4.5)


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("options", WAYS)
@pytest.mark.parametrize("order", ORDERS)
def test_samples_of_a_sensor_in_sixteen_bits_are_not_dark(
    colours: Pixels, grey: Pixels, bits: int, options: dict[str, Any], order: str
) -> None:
    top = (1 << bits) - 1
    for picture in (grey, colours):
        assert_shows(tiff((picture / 255 * top).astype(np.uint16), byteorder=order, **options), picture)
        assert_shows(tiff(picture.astype(np.uint16) << (bits - 8), byteorder=order, **options), picture)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_samples_of_a_sensor_in_a_png_are_not_dark(colours: Pixels, grey: Pixels, bits: int) -> None:
    for picture in (grey, colours):
        assert_shows(png((picture / 255 * ((1 << bits) - 1)).astype(np.uint16)), picture)


def test_transparency_is_of_as_many_bits(colours: Pixels) -> None:
    deep = np.dstack([colours.astype(np.uint16) << 4, np.full(colours.shape[:2], 4095, np.uint16)])
    assert_shows(tiff(deep, extrasamples=["unassalpha"]), colours)


@pytest.mark.parametrize("share", [0.02, 0.04, 0.1, 0.3, 0.4])
def test_dark_photo_of_sixteen_bits_stays_dark(grey: Pixels, colours: Pixels, share: float) -> None:
    for picture in (grey, colours):
        dark = (picture * 257.0 * share).astype(np.uint16)
        assert_shows(tiff(dark), (picture * share).astype(np.uint8))
        assert_shows(png(dark), (picture * share).astype(np.uint8))


def test_dark_photo_of_eight_bits_copied_into_sixteen_stays_dark(grey: Pixels) -> None:
    dark = grey // 16
    assert NEAR_TWELVE[0] < int(dark.max()) * 257 < NEAR_TWELVE[1]
    assert_shows(tiff(dark.astype(np.uint16) * 257), dark)


NEAR_TWELVE = (0.7 * 4096, 4096)


def test_the_white_stated_in_the_file_is_used(grey: Pixels) -> None:
    dark = (grey / 255 * 2000).astype(np.uint16)
    image = Image.fromarray(dark)
    for white, expected in ((4095, grey / 255 * 2000 / 4095 * 255), (65535, grey / 255 * 2000 / 257)):
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[281] = white  # MaxSampleValue
        buffer = io.BytesIO()
        image.save(buffer, "TIFF", tiffinfo=tags)
        assert_shows(buffer.getvalue(), expected.astype(np.uint8))


@pytest.mark.parametrize(
    ("largest", "bits", "white"),
    [
        (4095, 16, 4095),
        (2867, 16, 65535),
        (2868, 16, 4095),
        (4096, 16, 65535),
        (1023, 16, 1023),
        (16383, 16, 16383),
        (40000, 16, 65535),
        (200, 16, 65535),
        (200, 32, 255),
        (60000, 32, 65535),
        (70000, 32, 2**32 - 1),
        (2**24 - 1, 32, 2**24 - 1),
        (100, 12, 4095),
        (20000, 15, 32767),
    ],
)
def test_white_that_the_largest_sample_implies(largest: int, bits: int, white: int) -> None:
    assert white_of(largest, bits) == white


def test_samples_that_are_no_numbers_are_black_or_white() -> None:
    samples = np.full((20, 20), 0.5, np.float32)
    samples[0, :3] = np.nan, np.inf, -np.inf
    assert eight_bit_samples(samples, Depth("f", 32))[0, :4].tolist() == [0, 255, 0, 127]
