"""Photo: a file's bytes to upright 8-bit RGB, whole or not at all, within limits of size."""

from __future__ import annotations

import io
import math
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, PngImagePlugin

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import MAX_DECODED_PIXELS, Photo, open_photo
from faceindex.photos.lost_data.cut_off import MISSING_LIMIT
from faceindex.types import Pixels

pillow_heif.register_heif_opener()

# What is stored when the photo `upright` was taken with the camera held so (EXIF 2.32, tag 274).
STORED: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: upright[:, ::-1].transpose(1, 0, 2),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: upright[::-1].transpose(1, 0, 2),
}
ORIENTATION = 0x0112
NEW_SUBFILE_TYPE = 254

LOSSLESS: dict[str, dict[str, object]] = {
    "PNG": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
}
LOSSY: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"quality": 95},
    "HEIF": {"quality": 95},
    "AVIF": {"quality": 95},
}
WHOLE: dict[str, tuple[str, dict[str, object]]] = {
    "jpeg": ("JPEG", {}),
    "jpeg-progressive": ("JPEG", {"progressive": True}),
    "jpeg-restarts": ("JPEG", {"restart_marker_rows": 1}),
    "png": ("PNG", {}),
    "png-stored": ("PNG", {"compress_level": 0}),
    "webp-lossy": ("WEBP", {}),
    "webp-lossless": ("WEBP", {"lossless": True}),
    "tiff-raw": ("TIFF", {}),
    "tiff-lzw": ("TIFF", {"compression": "tiff_lzw"}),
    "tiff-deflate": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "tiff-packbits": ("TIFF", {"compression": "packbits"}),
    "tiff-jpeg": ("TIFF", {"compression": "jpeg"}),
    "gif": ("GIF", {}),
    "bmp": ("BMP", {}),
    "heif": ("HEIF", {}),
    "heif-tiles": ("HEIF", {"tile_size": 64}),  # as phones write it
    "avif": ("AVIF", {}),
}


@pytest.fixture(autouse=True)
def _pillow_limit_is_left_alone() -> Iterator[None]:
    before = Image.MAX_IMAGE_PIXELS
    yield
    assert before == Image.MAX_IMAGE_PIXELS


def encode(image: Image.Image | Pixels, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(np.ascontiguousarray(image))
    image.save(buffer, form, **options)
    return buffer.getvalue()


def decode(data: bytes, longer_side: int | None = None) -> Pixels:
    """The picture, after a check that its size was known before and its type is what is promised."""
    photo = Photo(data, "/photos/a.jpg")
    width, height = photo.width, photo.height
    pixels = photo.pixels(longer_side)
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    if longer_side is None:
        assert (width, height) == (pixels.shape[1], pixels.shape[0])
    return pixels


def refused(data: bytes, **options: float) -> str:
    """The one-line reason for which `data` is refused, in `Photo` or in `pixels`."""
    path = "/photos/holiday/IMG_0001.jpg"
    with pytest.raises(UnreadablePhoto) as caught:
        Photo(data, path, **options).pixels()
    assert caught.value.path == path
    assert_one_clean_line(caught.value.reason, path)
    return caught.value.reason


def assert_one_clean_line(reason: str, path: str) -> None:
    assert reason.strip()
    assert "\n" not in reason
    assert path not in reason
    assert "BytesIO" not in reason
    assert " at 0x" not in reason


def noise(height: int = 12, width: int = 20, channels: int = 3) -> Pixels:
    return np.random.default_rng(7).integers(0, 256, (height, width, channels), dtype=np.uint8)


def smooth(height: int = 48, width: int = 80) -> Pixels:
    """No two corners alike, and no edges: lossy formats keep it to a few levels."""
    y, x = np.mgrid[0:height, 0:width]
    red, green = 255 * x / (width - 1), 255 * y / (height - 1)
    return np.stack([red, green, 255 - red / 2 - green / 2], axis=2).astype(np.uint8)


def difference(a: Pixels, b: Pixels) -> float:
    """Mean absolute difference in levels; the shapes must agree."""
    assert a.shape == b.shape
    return float(np.abs(a.astype(np.int16) - b).mean())


def oriented(picture: Pixels, form: str, orientation: int, options: dict[str, object]) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    # As bytes: pillow_heif turns these, and not an Exif, into HEIC's own transformations (irot, imir).
    return encode(STORED[orientation](picture), form, exif=exif.tobytes(), **options)


# Orientation


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("form", LOSSLESS)
def test_every_orientation_is_made_upright_to_the_bit(form: str, orientation: int) -> None:
    data = oriented(noise(), form, orientation, LOSSLESS[form])
    np.testing.assert_array_equal(decode(data), noise())


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("form", LOSSLESS)
def test_the_size_known_before_decoding_is_that_of_the_upright_photo(form: str, orientation: int) -> None:
    photo = Photo(oriented(noise(12, 20), form, orientation, LOSSLESS[form]), "a")
    assert (photo.width, photo.height) == (20, 12)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("form", LOSSY)
def test_every_orientation_is_made_upright_in_lossy_formats(form: str, orientation: int) -> None:
    assert difference(decode(oriented(smooth(), form, orientation, LOSSY[form])), smooth()) < 4


def test_heic_is_turned_by_its_own_transformation_and_not_by_exif_as_well(shared_data: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = encode(smooth(), "HEIF", exif=exif, quality=95)  # EXIF alone: no transformation (ISO 23008-12)
    assert b"irot" not in data
    assert difference(decode(data), smooth()) < 4
    phone = open_photo(str(shared_data / "formats" / "iphone_15_pro.heic"))  # irot, and EXIF orientation 6
    assert (phone.width, phone.height) == (3024, 4032)
    assert phone.pixels().shape == (4032, 3024, 3)


@pytest.mark.parametrize("orientation", STORED)
def test_a_reduced_jpeg_is_upright_too(orientation: int) -> None:
    data = oriented(smooth(480, 800), "JPEG", orientation, LOSSY["JPEG"])
    assert difference(decode(data, 400), smooth(240, 400)) < 4


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_an_orientation_that_does_not_exist_changes_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    np.testing.assert_array_equal(decode(encode(noise(), "PNG", exif=exif)), noise())


@pytest.mark.parametrize("shape", ["Landscape", "Portrait"])
def test_the_oriented_photos_of_one_scene_look_the_same(shared_data: Path, shape: str) -> None:
    paths = sorted((shared_data / "formats").glob(f"{shape}_*.jpg"))
    first, *others = (Image.fromarray(open_photo(str(path)).pixels()).resize((60, 60)) for path in paths)
    assert len(others) >= 3
    for path, other in zip(paths[1:], others, strict=True):
        assert difference(np.asarray(other), np.asarray(first)) < 6, path.name


XMP_THAT_TURNS = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "TIFF", "AVIF", "HEIF", "PNG"])
def test_orientation_in_xmp_alone_turns_nothing(form: str) -> None:
    options: dict[str, object] = {"xmp": XMP_THAT_TURNS}
    if form == "TIFF":
        options = {"tiffinfo": {700: XMP_THAT_TURNS}}
    elif form == "PNG":
        notes = PngImagePlugin.PngInfo()
        notes.add_itxt("XML:com.adobe.xmp", XMP_THAT_TURNS.decode())
        options = {"pnginfo": notes}
    elif form == "HEIF":  # its writer would turn the picture itself
        options = {"xmp": XMP_THAT_TURNS.replace(b"Orientation", b"orientation")}
    data = encode(smooth(), form, **options).replace(b"tiff:orientation", b"tiff:Orientation")
    assert b"tiff:Orientation" in data
    assert difference(decode(data), smooth()) < 4


# Modes


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF"])
def test_rgb_is_kept_to_the_bit(form: str) -> None:
    np.testing.assert_array_equal(decode(encode(noise(), form)), noise())


def test_the_result_can_be_kept_after_the_photo_is_gone() -> None:
    pixels = decode(encode(noise(), "PNG"))
    np.testing.assert_array_equal(pixels.copy(), noise())


@pytest.mark.parametrize("form", ["PNG", "GIF", "BMP", "TIFF"])
def test_palettes_become_their_colours(form: str) -> None:
    image = Image.fromarray(noise()).quantize(16)
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(decode(encode(image, form)), expected)


def test_a_transparent_palette_entry_becomes_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    expected = [[[255, 0, 0], [255, 255, 255]]]
    for form in ("PNG", "GIF"):
        assert decode(encode(image, form, transparency=1)).tolist() == expected


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF"])
def test_grey_becomes_three_equal_channels(form: str) -> None:
    grey = noise()[:, :, 0]
    np.testing.assert_array_equal(decode(encode(Image.fromarray(grey), form)), np.stack([grey] * 3, axis=2))


def test_a_grey_jpeg_becomes_three_equal_channels() -> None:
    pixels = decode(encode(Image.fromarray(smooth()).convert("L"), "JPEG"))
    np.testing.assert_array_equal(pixels[:, :, 0], pixels[:, :, 1])
    np.testing.assert_array_equal(pixels[:, :, 0], pixels[:, :, 2])
    assert np.ptp(pixels) > 100


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_transparent_grey_becomes_white(form: str) -> None:
    image = Image.new("LA", (3, 1))
    for x, value in enumerate(((40, 255), (40, 0), (0, 128))):
        image.putpixel((x, 0), value)
    pixels = decode(encode(image, form))
    assert pixels[0, :2].tolist() == [[40, 40, 40], [255, 255, 255]]
    assert set(pixels[0, 2].tolist()) <= {126, 127, 128}


@pytest.mark.parametrize(("form", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})])
def test_transparent_rgba_becomes_white(form: str, options: dict[str, object]) -> None:
    image = Image.new("RGBA", (3, 1))
    for x, value in enumerate(((10, 20, 30, 255), (10, 20, 30, 0), (0, 0, 200, 128))):
        image.putpixel((x, 0), value)
    pixels = decode(encode(image, form, **options))
    assert pixels[0, :2].tolist() == [[10, 20, 30], [255, 255, 255]]
    np.testing.assert_allclose(pixels[0, 2].astype(int), [127, 127, 227], atol=1)


@pytest.mark.parametrize("form", ["HEIF", "AVIF"])
def test_transparent_heic_and_avif_become_white(form: str) -> None:
    image = Image.new("RGBA", (64, 64), (200, 0, 0, 255))
    image.paste((0, 0, 0, 0), (32, 0, 64, 64))
    pixels = decode(encode(image, form, quality=95)).astype(int)
    np.testing.assert_allclose(pixels[16:48, 8:24], np.broadcast_to([200, 0, 0], (32, 16, 3)), atol=6)
    np.testing.assert_allclose(pixels[16:48, 40:56], 255, atol=6)


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_becomes_its_colours(form: str) -> None:
    image = Image.new("CMYK", (64, 64), (0, 255, 255, 0))
    image.paste((0, 0, 0, 255), (32, 0, 64, 64))
    pixels = decode(encode(image, form)).astype(int)
    np.testing.assert_allclose(pixels[:, :24], np.broadcast_to([255, 0, 0], (64, 24, 3)), atol=4)
    np.testing.assert_allclose(pixels[:, 40:], 0, atol=4)


def test_a_cmyk_photo_is_not_a_negative(shared_data: Path) -> None:
    photo = shared_data / "formats" / "Channel_digital_image_CMYK_color_no_profile.jpg"
    with Image.open(photo) as image:
        expected = np.asarray(image.convert("RGB"))
    assert difference(open_photo(str(photo)).pixels(), expected) == 0


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "GIF"])
def test_one_bit_becomes_black_and_white(form: str) -> None:
    bits = noise()[:, :, 0] > 127
    pixels = decode(encode(Image.fromarray(bits), form))
    np.testing.assert_array_equal(pixels, np.stack([np.where(bits, 255, 0)] * 3, axis=2))


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_its_levels(form: str, mode: str) -> None:
    levels = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257
    raw = levels.astype("<u2" if mode == "I;16" else ">u2").tobytes()
    pixels = decode(encode(Image.frombytes(mode, (16, 16), raw), form))
    assert (pixels == pixels[:, :, :1]).all()
    np.testing.assert_allclose(pixels[:, :, 0].astype(int), levels // 257, atol=1)
    assert pixels[0, 0, 0] == 0
    assert pixels[-1, -1, 0] == 255


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_dark_16_bit_grey_stays_dark(form: str) -> None:
    levels = np.full((4, 4), 200, dtype=np.uint16)
    assert decode(encode(Image.fromarray(levels), form)).max() <= 1


def test_16_bit_grey_is_made_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    upright = noise()[:, :, 0]
    stored = STORED[6](np.stack([upright] * 3, axis=2))[:, :, 0].astype(np.uint16) * 257
    pixels = decode(encode(Image.fromarray(stored), "PNG", exif=exif))
    np.testing.assert_allclose(pixels[:, :, 0].astype(int), upright, atol=1)


def test_floating_grey_from_0_to_1_keeps_its_levels() -> None:
    levels = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    pixels = decode(encode(Image.fromarray(levels), "TIFF"))
    np.testing.assert_allclose(pixels[:, :, 1].astype(int).ravel(), np.arange(256), atol=1)


@pytest.mark.parametrize("white", [255, 65535])
def test_32_bit_grey_keeps_its_levels(white: int) -> None:
    levels = (np.arange(256, dtype=np.int32) * (white // 255)).reshape(16, 16)
    pixels = decode(encode(Image.fromarray(levels), "TIFF"))
    np.testing.assert_allclose(pixels[:, :, 2].astype(int).ravel(), np.arange(256), atol=1)


# Formats


@pytest.mark.parametrize("form", LOSSY)
def test_lossy_formats_come_out_as_they_went_in(form: str) -> None:
    assert difference(decode(encode(smooth(), form, **LOSSY[form])), smooth()) < 4


@pytest.mark.parametrize(
    ("form", "options"),
    [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {}), ("MPO", {"quality": 95})],
)
def test_of_several_frames_the_first_is_decoded(form: str, options: dict[str, object]) -> None:
    frames = [Image.new("RGB", (32, 24), colour) for colour in ("red", "lime", "blue")]
    data = encode(frames[0], form, save_all=True, append_images=frames[1:], **options)
    assert difference(decode(data), np.asarray(frames[0])) < 2


def test_a_wrong_extension_does_not_matter(shared_data: Path) -> None:
    photo = open_photo(str(shared_data / "formats" / "this-is-a-jpeg.png"))
    assert photo.pixels().shape == (photo.height, photo.width, 3)


def test_the_einstein_of_every_format_is_the_same_man(shared_data: Path) -> None:
    paths = sorted((shared_data / "formats").glob("compreface-einstein.*"))
    assert len(paths) == 6
    pictures = {path.suffix: open_photo(str(path)).pixels() for path in paths}
    for suffix, picture in pictures.items():
        assert difference(picture, pictures[".bmp"]) < 8, suffix


def test_every_odd_file_is_decoded_or_refused_in_one_line(shared_data: Path) -> None:
    damaged = {
        "65536-uint32-limit.png",
        "compreface-corrupted.png",
        "compreface-empty.png",
        "corrupt-header.jpg",
        "decompression_bomb.gif",
        "truncated.jpg",
        "truncated.png",
    }
    refusals, decoded = set(), set()
    for path in sorted((shared_data / "formats").iterdir()):
        try:
            pixels = open_photo(str(path)).pixels(1600)
        except UnreadablePhoto as error:
            assert error.path == str(path)
            assert_one_clean_line(error.reason, str(path))
            assert path.name not in error.reason
            refusals.add(path.name)
        else:
            assert pixels.dtype == np.uint8
            assert min(pixels.shape) == 3
            decoded.add(path.name)
    assert damaged <= refusals
    assert {"IMG_2682.heic", "iphone_15_pro.heic", "giant-image.jpg", "this-is-a-jpeg.png"} <= decoded


# Limits


def png_of(width: int, height: int) -> bytes:
    """A PNG that announces a size and has one row of nothing to show for it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 10)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_tiny_file_that_announces_too_many_pixels_is_refused_for_its_size() -> None:
    data = png_of(65536, 65536)
    assert len(data) < 100
    with pytest.raises(UnreadablePhoto, match="65536 x 65536 pixels are more than the limit of 300 megapixels"):
        Photo(data, "bomb.png")


@pytest.mark.parametrize("name", ["65536-uint32-limit.png", "decompression_bomb.gif", "giant-image.jpg"])
def test_files_beyond_the_limit_are_refused_before_decoding(shared_data: Path, name: str) -> None:
    with pytest.raises(UnreadablePhoto, match="more than the limit of 40 megapixels"):
        open_photo(str(shared_data / "formats" / name), max_megapixels=40)


@pytest.mark.parametrize("name", WHOLE)
def test_the_limit_holds_in_every_format(name: str) -> None:
    form, options = WHOLE[name]
    data = encode(smooth(100, 100), form, **options)
    with pytest.raises(UnreadablePhoto, match="100 x 100 pixels"):
        Photo(data, "a", max_megapixels=0.0099)
    assert Photo(data, "a", max_megapixels=0.01).pixels().shape == (100, 100, 3)


def test_the_limit_is_ours_and_not_that_of_pillow() -> None:
    side = math.isqrt((Image.MAX_IMAGE_PIXELS or 0) * 2) + 1  # twice Pillow's limit: it would raise
    photo = Photo(encode(Image.new("1", (side, side)), "PNG"), "large.png")
    assert (photo.width, photo.height) == (side, side)


def test_pillows_limit_survives_many_threads_and_refusals() -> None:
    before = Image.MAX_IMAGE_PIXELS
    good, bad = encode(smooth(), "JPEG"), png_of(65536, 65536)

    def attempt(number: int) -> bool:
        try:
            Photo(bad if number % 2 else good, "a").pixels()
        except UnreadablePhoto:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, range(200)))
    assert results == [number % 2 == 0 for number in range(200)]
    assert before == Image.MAX_IMAGE_PIXELS


# Reduced sizes


@pytest.mark.parametrize(("longer_side", "expected"), [(100, 100), (101, 200), (200, 200), (399, 400), (400, 400)])
def test_a_jpeg_comes_at_the_smallest_size_that_is_large_enough(longer_side: int, expected: int) -> None:
    for data in (encode(smooth(480, 800), "JPEG"), encode(smooth(800, 480), "JPEG", progressive=True)):
        assert max(decode(data, longer_side).shape) == expected


@pytest.mark.parametrize("longer_side", [401, 799, 800, 5000])
def test_a_jpeg_of_which_more_than_half_is_needed_comes_whole(longer_side: int) -> None:
    assert decode(encode(smooth(480, 800), "JPEG"), longer_side).shape == (480, 800, 3)


@pytest.mark.parametrize("side", [15, 16, 17, 23, 31, 33, 100, 101, 255, 257])
def test_a_reduced_jpeg_is_never_smaller_than_asked_for(side: int) -> None:
    data = encode(smooth(side // 2, side), "JPEG")
    for longer_side in range(1, side + 1):
        assert max(Photo(data, "a").pixels(longer_side).shape[:2]) >= longer_side


@pytest.mark.parametrize(("width", "height"), [(800, 1), (800, 3), (3, 800), (800, 7), (9, 800)])
def test_a_jpeg_that_is_long_and_thin_can_be_reduced(width: int, height: int) -> None:
    pixels = decode(encode(smooth(height + 1, width + 1)[:height, :width], "JPEG"), 100)
    assert 100 <= max(pixels.shape[:2]) <= 800


def test_a_reduced_jpeg_shows_the_same_picture() -> None:
    data = encode(smooth(480, 800), "JPEG", quality=95)
    assert difference(decode(data, 200), smooth(120, 200)) < 4


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "GIF", "BMP", "HEIF", "AVIF"])
def test_other_formats_come_whole_whatever_is_asked_for(form: str) -> None:
    assert decode(encode(smooth(240, 400), form), 50).shape == (240, 400, 3)


def test_after_a_reduced_size_the_whole_photo_can_still_be_had() -> None:
    photo = Photo(encode(smooth(480, 800), "JPEG"), "a")
    assert photo.pixels(100).shape == (60, 100, 3)
    assert photo.pixels(400).shape == (240, 400, 3)
    assert photo.pixels().shape == (480, 800, 3)
    assert (photo.width, photo.height) == (800, 480)


def test_a_huge_jpeg_is_never_decoded_beyond_the_pixels_it_may_take(shared_data: Path) -> None:
    photo = open_photo(str(shared_data / "formats" / "giant-image.jpg"))
    assert photo.width * photo.height > MAX_DECODED_PIXELS
    reduced = photo.pixels(1600)
    assert 1600 <= max(reduced.shape) <= 2 * 1600
    best = photo.pixels()
    assert reduced.size < best.size <= 3 * MAX_DECODED_PIXELS


# What phones, scanners and editors write

ARITHMETIC = bytes.fromhex(  # red rises to the right and green downwards; libjpeg-turbo, `arith_code`
    "ffd8ffe000104a46494600010100000100010000ffdb0043000d090a0b0a080d0b0a0b0e0e0d0f13201513121213271c1e17"
    "202e2931302e292d2c333a4a3e333646372c2d405741464c4e525352323e5a615a50604a51524fffdb0043010e0e0e131113"
    "261515264f352d354f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f"
    "4f4f4f4f4f4f4f4fffc90011080020003003012200021101031101ffcc000a0010100501101105ffda000c03010002110311"
    "003f00ff00a1b30e414abc45b40429f34fe7a535ba312a599bf02df2952b8ef01837494ab18849b0348f3d4740f96e5fe808"
    "eb90b873813ce0fafdd11acd3ed26e0dd7e4b5d64cd3ffd9"
)


def test_an_arithmetic_coded_jpeg_is_decoded() -> None:
    assert b"\xff\xc9" in ARITHMETIC
    pixels = decode(ARITHMETIC).astype(int)
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]]
    np.testing.assert_allclose(corners, [[0, 0, 128], [255, 0, 128], [0, 255, 128], [255, 255, 128]], atol=20)


def test_an_arithmetic_coded_jpeg_that_is_cut_off_is_read_or_refused() -> None:
    assert_whole_or_refused(ARITHMETIC)


@pytest.mark.parametrize("twelve_bits", [False, True])
def test_a_heic_of_10_or_12_bits_keeps_its_levels(twelve_bits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pillow_heif.options, "SAVE_HDR_TO_12_BIT", twelve_bits)
    levels = np.repeat(np.linspace(0, 65535, 64).astype(np.uint16)[None, :, None], 48, axis=0).repeat(3, axis=2)
    buffer = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (64, 48), levels.tobytes()).save(buffer, quality=90)
    assert Image.open(buffer).info["bit_depth"] == (12 if twelve_bits else 10)
    np.testing.assert_allclose(decode(buffer.getvalue()).astype(int), levels // 257, atol=3)


def test_of_several_heic_pictures_the_primary_one_is_decoded() -> None:
    pictures = pillow_heif.from_pillow(Image.new("RGB", (64, 48), "red"))
    pictures.add_from_pillow(Image.new("RGB", (32, 24), "blue"))
    buffer = io.BytesIO()
    pictures.save(buffer, primary_index=1)
    pixels = decode(buffer.getvalue())
    assert pixels.shape == (24, 32, 3)
    np.testing.assert_allclose(pixels[12, 16], [0, 0, 255], atol=6)


def test_an_animated_avif_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (32, 24), colour) for colour in ("red", "lime")]
    data = encode(frames[0], "AVIF", save_all=True, append_images=frames[1:], quality=95)
    np.testing.assert_allclose(decode(data)[12, 16], [255, 0, 0], atol=6)


def test_the_thumbnail_that_a_tiff_begins_with_is_skipped() -> None:
    thumbnail, photo = Image.fromarray(smooth(12, 20)), Image.fromarray(smooth(48, 80))
    photo.encoderinfo = {"tiffinfo": {NEW_SUBFILE_TYPE: 0}}
    options: dict[str, object] = {"tiffinfo": {NEW_SUBFILE_TYPE: 1}}
    data = encode(thumbnail, "TIFF", save_all=True, append_images=[photo], **options)
    np.testing.assert_array_equal(decode(data), smooth(48, 80))
    alone = encode(thumbnail, "TIFF", **options)
    np.testing.assert_array_equal(decode(alone), smooth(12, 20))  # there is nothing else


def exif_of(kind: int, count: int, value: bytes) -> bytes:
    """EXIF with nothing but an orientation, of any type, count and value (TIFF 6.0, page 15)."""
    entry = struct.pack("<HHHI4s", 1, ORIENTATION, kind, count, value)
    return b"Exif\0\0II*\0\x08\0\0\0" + entry + bytes(4)


LIES = {
    "nothing": (3, 1, b"\0"),
    "9": (3, 1, b"\x09"),
    "65535": (3, 1, b"\xff\xff"),
    "a text": (2, 2, b"6"),
    "bytes": (7, 4, b"6666"),
    "a signed number": (8, 1, b"\xff\xff"),
    "a float": (11, 1, struct.pack("<f", 6.5)),
    "two numbers": (3, 2, b"\x06\0\x03\0"),
    "no numbers": (3, 0, b"\x06"),
    "an unknown type": (99, 1, b"\x06"),
    "a fraction outside of the file": (5, 1, b"\xff\xff\xff\xff"),
    "more than there is": (3, 2**31, b"\x06"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_orientation_never_fails_a_photo(lie: str) -> None:
    for form in ("JPEG", "PNG", "WEBP"):
        photo = Photo(encode(smooth(), form, exif=exif_of(*LIES[lie])), "a")
        assert photo.pixels().shape == (photo.height, photo.width, 3)
        if form == "JPEG" and lie in ("nothing", "9", "65535", "a text", "a float"):
            assert (photo.width, photo.height) == (80, 48)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*" + bytes(60), b"\xff" * 40]
)
def test_broken_exif_never_fails_a_photo(exif: bytes) -> None:
    for form in ("JPEG", "WEBP", "PNG"):
        assert decode(encode(smooth(), form, exif=exif)).shape == (48, 80, 3)


def test_exif_that_is_cut_off_within_its_thumbnail_never_fails_a_photo() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x9286] = "x" * 500
    stored = exif.tobytes()
    for length in range(6, len(stored), 7):
        photo = Photo(encode(smooth(), "JPEG", exif=stored[:length]), "a")
        assert photo.pixels().shape == (photo.height, photo.width, 3)


def test_an_mpo_whose_index_is_broken_is_still_a_jpeg() -> None:
    data = encode(smooth(), "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))])
    index = data.index(b"MPF\0")
    for offset in range(4, 60):
        broken = data[: index + offset] + b"\xff" + data[index + offset + 1 :]
        assert decode(broken).shape == (48, 80, 3)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_a_cmyk_tiff_becomes_its_colours(compression: str | None) -> None:
    image = Image.new("CMYK", (8, 8), (255, 0, 255, 0))
    np.testing.assert_allclose(decode(encode(image, "TIFF", compression=compression))[4, 4], [0, 255, 0], atol=2)


YCCK = bytes.fromhex(  # CMYK of 0, 40, 250, 255, inverted as Adobe does it; libjpeg-turbo, JCS_YCCK
    "ffd8ffee000e41646f626500640000000002ffdb0043000302020302020303030304030304050805050404050a070706080c"
    "0a0c0c0b0a0b0b0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffdb0043010304040504050905"
    "0509140d0b0d1414141414141414141414141414141414141414141414141414141414141414141414141414141414141414"
    "141414141414ffc00014080010001004012200021101031101042200ffc40016000101010000000000000000000000000000"
    "0809ffc40014100100000000000000000000000000000000ffc4001501010100000000000000000000000000000709ffc400"
    "14110100000000000000000000000000000000ffda000e040100021103110400003f00b2004d431b54c07fffd9"
)


def test_a_ycck_jpeg_is_not_a_negative() -> None:
    assert b"Adobe" in YCCK
    np.testing.assert_allclose(decode(YCCK)[8, 8].astype(int), [0, 40, 250], atol=3)


@pytest.mark.parametrize("transparency", [0, bytes([0, 128, 255, 255])])
def test_a_palette_with_transparency_is_laid_on_white(transparency: int | bytes) -> None:
    image = Image.new("P", (4, 1))
    image.putpalette([255, 0, 0, 0, 0, 200, 0, 255, 0, 10, 20, 30])
    for x in range(4):
        image.putpixel((x, 0), x)
    pixels = decode(encode(image, "PNG", transparency=transparency))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 3].tolist() == [10, 20, 30]


# Damage


def cuts(size: int) -> list[int]:
    """Lengths to cut a file of `size` bytes to: all over, and most at the end, where pictures look whole."""
    fractions = [part / 20 for part in range(1, 20)]
    near_the_end = [1, 2, 3, 4, 5, 8, 12, 13, 16, 20, 24, 32, 64]
    lengths = {1, 2, 16, 32, *(int(size * f) for f in [*fractions, 0.97, 0.99]), *(size - cut for cut in near_the_end)}
    return sorted(length for length in lengths if 0 < length < size)


def assert_whole_or_refused(data: bytes, longer_side: int | None = None, lengths: Iterable[int] = ()) -> None:
    whole = decode(data, longer_side)
    for length in lengths or cuts(len(data)):
        try:
            photo = Photo(data[:length], "/photos/a.jpg")
            part = photo.pixels(longer_side)
        except UnreadablePhoto as error:
            assert_one_clean_line(error.reason, "/photos/a.jpg")
        else:
            rows = len(whole) - missing_rows(photo, longer_side)
            assert rows >= len(whole) * (1 - MISSING_LIMIT) - 1
            assert np.array_equal(part[:rows], whole[:rows]), f"another picture when cut to {length} of {len(data)}"


def missing_rows(photo: Photo, longer_side: int | None) -> int:
    """What a photo that lacks its end says about it, in rows of the pixels that it has now."""
    if photo.warning is None:
        return 0
    assert_one_clean_line(photo.warning, photo.path)
    percent = re.search(r"([\d.]+)% of the picture", photo.warning)
    return math.ceil(photo.image(longer_side).height * float(percent[1]) / 100 + 0.05) if percent else 0


@pytest.fixture(scope="module")
def face(astronaut: Pixels) -> Pixels:
    return np.ascontiguousarray(astronaut[:192:2, 144:304:2])


@pytest.mark.parametrize("name", WHOLE)
def test_a_truncated_file_gives_the_whole_picture_or_none(face: Pixels, name: str) -> None:
    form, options = WHOLE[name]
    data = encode(face, form, **options)
    assert difference(decode(data), face) < 20
    assert_whole_or_refused(data)


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_of_which_a_third_is_missing_is_refused(face: Pixels, name: str) -> None:
    form, options = WHOLE[name]
    data = encode(face, form, **options)
    for share in (0.2, 0.5, 0.7):
        refused(data[: int(len(data) * share)])


@pytest.mark.parametrize("progressive", [False, True])
def test_a_truncated_jpeg_gives_no_part_of_a_reduced_picture(astronaut: Pixels, progressive: bool) -> None:
    assert_whole_or_refused(encode(astronaut, "JPEG", progressive=progressive), longer_side=128)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_a_truncated_animation_gives_its_whole_first_frame_or_none(face: Pixels, form: str) -> None:
    frames = [Image.fromarray(face), Image.fromarray(face[::-1]), Image.fromarray(face[:, ::-1])]
    assert_whole_or_refused(encode(frames[0], form, save_all=True, append_images=frames[1:]))


def test_truncated_16_bit_palette_and_cmyk_files_give_the_whole_picture_or_none(face: Pixels) -> None:
    image = Image.fromarray(face)
    deep = face[:, :, 0].astype(np.uint16) * 257
    assert_whole_or_refused(encode(Image.fromarray(deep), "PNG"))
    assert_whole_or_refused(encode(Image.fromarray(deep), "TIFF"))
    assert_whole_or_refused(encode(image.quantize(64), "PNG"))
    assert_whole_or_refused(encode(image.quantize(64), "BMP"))
    assert_whole_or_refused(encode(image.convert("CMYK"), "JPEG"))


@pytest.mark.parametrize("name", ["iphone_15_pro.heic", "IMG_2682.heic"])
def test_a_truncated_photo_from_a_phone_gives_the_whole_picture_or_none(shared_data: Path, name: str) -> None:
    data = (shared_data / "formats" / name).read_bytes()
    assert_whole_or_refused(data, lengths=[int(len(data) * share) for share in (0.05, 0.2, 0.5, 0.8, 0.9, 0.99)])


@pytest.mark.parametrize("data", [b"", b"not a photo", bytes(100), b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_files_that_are_not_photos_are_refused(data: bytes) -> None:
    refused(data)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePhoto, match="No such file"):
        open_photo(str(tmp_path / "gone.jpg"))


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "JPEG", "GIF", "HEIF", "AVIF"])
def test_scrambled_files_raise_nothing_but_unreadable_photo(face: Pixels, form: str) -> None:
    data = encode(face, form)
    random = np.random.default_rng(3)
    for _ in range(60):
        scrambled = np.frombuffer(data, dtype=np.uint8).copy()
        places = random.integers(0, min(len(data), random.choice([64, 400, len(data)])), 4)
        scrambled[places] = random.integers(0, 256, 4)
        try:
            Photo(scrambled.tobytes(), "/photos/a.jpg").pixels()
        except UnreadablePhoto as error:
            assert_one_clean_line(error.reason, "/photos/a.jpg")
