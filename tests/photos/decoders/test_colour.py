"""Wide-gamut colours become those of sRGB; photos in sRGB, or with a broken profile, are not touched."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from faceindex.photos.decode import Photo, open_photo
from faceindex.types import Pixels

ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), (0.3127, 0.3290), 563 / 256)
DISPLAY_P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), (0.3127, 0.3290), 2.2)
PROPHOTO = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), (0.3457, 0.3585), 1.8)
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
D50 = np.array([0.9642, 1.0, 0.8249])
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290), 2.2)


def xyz(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1, (1 - x - y) / y])


def primaries(space: Any) -> np.ndarray:
    """RGB to XYZ of D50 (columns are the colorants), ICC.1:2010, annex E."""
    matrix = np.stack([xyz(*space[number]) for number in range(3)], axis=1)
    white = xyz(*space[3])
    matrix = matrix * np.linalg.solve(matrix, white)
    adapt = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ D50) / (BRADFORD @ white)) @ BRADFORD
    return np.asarray(adapt @ matrix)


def profile(space: Any) -> bytes:
    """A minimal ICC profile, version 2: three colorants, one gamma."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    *points, gamma = space
    colorants = primaries(tuple(points))
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78),
        b"wtpt": b"XYZ " + bytes(4) + b"".join(map(fixed, D50)),
    }
    for number, name in enumerate((b"r", b"g", b"b")):
        tags[name + b"XYZ"] = b"XYZ " + bytes(4) + b"".join(map(fixed, colorants[:, number]))
        tags[name + b"TRC"] = b"curv" + bytes(4) + struct.pack(">IH", 1, round(float(gamma) * 256))
    table, body = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        tag += bytes(-len(tag) % 4)
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(tag))
        body += tag
    head = struct.pack(">I4s4s4s4s4s12s4s", 0, bytes(4), b"\2\x10\0\0", b"mntr", b"RGB ", b"XYZ ", bytes(12), b"acsp")
    head = head.ljust(68, b"\0") + b"".join(map(fixed, D50))
    whole = head.ljust(128, b"\0") + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


def saved(pixels: Pixels | Image.Image, icc: bytes | None, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(buffer, form, icc_profile=icc, **options)
    return buffer.getvalue()


def in_space(srgb: Pixels, space: Any) -> Pixels:
    """The numbers by which `space` says the same colours as `srgb` does, gamma 2.2."""
    *points, gamma = space
    linear = (srgb / 255.0) ** 2.2
    to_space = np.linalg.inv(primaries(tuple(points))) @ primaries(SRGB[:4])
    return np.asarray(
        np.round(255 * np.clip(linear @ to_space.T, 0, 1) ** (1 / float(gamma))),
        dtype=np.uint8,
    )


@pytest.mark.parametrize("space", [ADOBE_RGB, DISPLAY_P3, PROPHOTO], ids=["Adobe RGB", "Display P3", "ProPhoto"])
@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG", "WEBP", "HEIF", "AVIF"])
def test_wide_gamut_colours_are_shown_as_srgb_shows_them(astronaut: Pixels, form: str, space: Any) -> None:
    wide = in_space(astronaut, space)
    assert np.abs(wide.astype(int) - astronaut).mean() > 2
    photo = Photo(saved(wide, profile(space), form, quality=95), "a")
    shown = photo.pixels().astype(int)
    assert np.abs(shown - astronaut).mean() < (2.5 if form in ("PNG", "TIFF") else 4.5)


def test_a_reduced_jpeg_is_converted_too(astronaut: Pixels) -> None:
    wide = in_space(astronaut, PROPHOTO)
    small = Photo(saved(wide, profile(PROPHOTO), "JPEG", quality=95), "a").pixels(128)
    expected = np.asarray(Image.fromarray(astronaut).reduce(4)).astype(int)
    assert np.abs(small - expected).mean() < 4


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_srgb_with_its_profile_is_kept_to_the_bit(astronaut: Pixels, form: str) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain, tagged = Photo(saved(astronaut, None, form), "a"), Photo(saved(astronaut, srgb, form), "a")
    np.testing.assert_array_equal(plain.pixels(), tagged.pixels())


@pytest.mark.parametrize("broken", [b"x", bytes(200), b"\0\0\2\x0cappl" + bytes(500), profile(ADOBE_RGB)[:200]])
def test_a_broken_profile_is_ignored(astronaut: Pixels, broken: bytes) -> None:
    np.testing.assert_array_equal(Photo(saved(astronaut, broken), "a").pixels(), astronaut)


def test_a_profile_of_another_mode_is_ignored() -> None:
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert Photo(saved(image, profile(ADOBE_RGB), "TIFF"), "a").pixels()[0, 0, 0] > 200


def test_grey_palette_and_transparent_photos_are_converted_by_their_rgb_profile(astronaut: Pixels) -> None:
    face = Image.fromarray(astronaut).resize((64, 64))
    icc = profile(PROPHOTO)
    for image in (face.convert("RGBA"), face.quantize(32), face.convert("L")):
        plain = Photo(saved(image, None), "a").pixels().astype(int)
        assert np.abs(Photo(saved(image, icc), "a").pixels() - plain).mean() > 2, image.mode


def test_white_and_black_stay_white_and_black() -> None:
    pixels = np.repeat(np.array([[[255] * 3, [0] * 3]], dtype=np.uint8), 8, axis=0)
    for space in (ADOBE_RGB, DISPLAY_P3, PROPHOTO):
        np.testing.assert_allclose(Photo(saved(pixels, profile(space)), "a").pixels(), pixels, atol=1)


def test_a_photo_from_a_phone_is_converted_from_display_p3(shared_data: Path) -> None:
    path = shared_data / "formats" / "iphone_15_pro.heic"
    with Image.open(path) as image:
        stored = np.asarray(image.convert("RGB")).astype(int)
    shown = open_photo(str(path)).pixels().astype(int)
    chroma = [float(np.ptp(pixels[::16, ::16], axis=2).mean()) for pixels in (stored, shown)]
    assert chroma[1] > chroma[0]  # the same colour is a larger number in the smaller space
