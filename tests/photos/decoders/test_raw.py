"""RAW photos: the embedded preview when it is large enough, else the sensor's data; never the TIFF thumbnail."""

from __future__ import annotations

import io
import re
import struct
from typing import Any

import numpy as np
import pytest
from made_dng import dng
from PIL import Image

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo
from faceindex.photos.decoders import raw
from faceindex.photos.identity import RAW_EXTENSIONS, claims_to_be_photo, is_photo
from faceindex.types import Pixels

ORIENTATION = 274
STORED: dict[int, Any] = {  # what is stored when the camera was held so
    1: lambda upright: upright,
    3: lambda upright: upright[::-1, ::-1],
    6: lambda upright: upright[:, ::-1].transpose(1, 0, 2),
    8: lambda upright: upright[::-1].transpose(1, 0, 2),
}


def jpeg(pixels: Pixels, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


def small(pixels: Pixels, side: int) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize((side, side * len(pixels) // len(pixels[0]))))


def difference(a: Pixels, b: Pixels) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b).mean())


def refusal(data: bytes, name: str = "a.dng", **options: float) -> str:
    with pytest.raises(UnreadablePhoto) as caught:
        Photo(data, f"/photos/{name}", **options).image()
    assert "\n" not in caught.value.reason
    return caught.value.reason


@pytest.fixture(scope="module")
def scene(astronaut: Pixels) -> Pixels:
    return np.ascontiguousarray(astronaut[:400])


@pytest.mark.parametrize("orientation", STORED)
def test_without_a_preview_the_sensors_data_are_developed_at_half_size_and_upright(
    scene: Pixels, orientation: int
) -> None:
    photo = Photo(dng(STORED[orientation](scene), orientation=orientation), "a.dng")
    assert (photo.width, photo.height) == (256, 200)
    assert difference(photo.pixels(), small(scene, 256)) < 12
    assert photo.warning is None


@pytest.mark.parametrize("orientation", STORED)
def test_a_preview_that_is_large_enough_is_the_photo_upright(scene: Pixels, orientation: int) -> None:
    preview = 255 - small(scene, 300)  # a negative: not to be confused with the sensor's data
    data = dng(STORED[orientation](scene), jpeg(STORED[orientation](preview)), orientation=orientation)
    photo = Photo(data, "a.dng")
    assert (photo.width, photo.height) == (preview.shape[1], preview.shape[0])
    assert difference(photo.pixels(), preview) < 4


@pytest.mark.parametrize("orientation", [6, 8])
def test_a_preview_that_is_stored_upright_is_not_turned_again(scene: Pixels, orientation: int) -> None:
    upright = scene.transpose(1, 0, 2)  # a portrait of 400 x 512 pixels
    preview = 255 - small(upright, 250)
    data = dng(STORED[orientation](upright), jpeg(preview), orientation=orientation)
    assert difference(Photo(data, "a.dng").pixels(), preview) < 4


def test_a_preview_is_turned_as_its_own_exif_says(scene: Pixels) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 3
    preview = 255 - small(scene, 300)
    stored = jpeg(preview[::-1, ::-1], exif=exif.tobytes())
    data = dng(scene, stored[:2] + stored[20:])  # without JFIF, as cameras write it
    assert difference(Photo(data, "a.dng").pixels(), preview) < 4


def test_a_small_preview_is_a_thumbnail_and_not_the_photo(scene: Pixels) -> None:
    data = dng(scene, jpeg(255 - small(scene, 160)))
    with Image.open(io.BytesIO(data)) as as_tiff:
        assert as_tiff.size == (160, 125)
    photo = Photo(data, "a.dng")
    assert (photo.width, photo.height) == (256, 200)
    assert difference(photo.pixels(), small(scene, 256)) < 12


@pytest.mark.parametrize("name", ["a.dng", "A.DNG", "a.tif", "a", "a.jpg"])
def test_a_raw_photo_is_known_by_its_content_under_any_name(scene: Pixels, name: str) -> None:
    data = dng(scene, jpeg(small(scene, 160)))
    assert is_photo(data[:32])
    assert Photo(data, name).width == 256


def test_a_raw_photo_that_says_so_nowhere_is_known_by_its_name(scene: Pixels) -> None:
    buffer = io.BytesIO()
    Image.fromarray(scene).save(buffer, "TIFF")
    assert not raw.is_raw(buffer.getvalue(), "a.tif")
    for name in ("a.nef", "a.ARW", "a.pef"):
        assert raw.is_raw(buffer.getvalue(), name)


def test_a_photo_of_another_format_with_the_name_of_a_raw_photo_is_what_it_is(scene: Pixels) -> None:
    assert difference(Photo(jpeg(scene), "a.nef").pixels(), scene) < 4


@pytest.mark.parametrize(
    "head", [b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW 0201", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom"]
)
def test_raw_formats_of_their_own_are_photos_by_their_first_bytes(head: bytes) -> None:
    head = head.ljust(32, b"\0")
    assert is_photo(head)
    assert raw.is_raw(head, "without a name")
    assert refusal(head + bytes(500), "a.orf")


def test_every_raw_extension_claims_a_photo() -> None:
    assert {".cr2", ".cr3", ".nef", ".arw", ".dng", ".orf", ".rw2", ".raf", ".pef"} <= RAW_EXTENSIONS
    assert all(claims_to_be_photo(f"/photos/IMG_1{extension.upper()}") for extension in RAW_EXTENSIONS)


def test_without_rawpy_the_reason_says_how_to_get_it(scene: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "rawpy", None)
    assert not raw.installed()
    assert "pip install 'faceindex[raw]'" in refusal(dng(scene))
    assert Photo(jpeg(scene), "a.jpg").width == 512


def test_the_limit_of_pixels_is_that_of_the_sensor(scene: Pixels) -> None:
    assert "512 x 400 pixels are more than the limit of 0.1 megapixels" in refusal(dng(scene), max_megapixels=0.1)


def test_sensor_data_that_are_cut_off_are_refused_or_whole(scene: Pixels) -> None:
    data = dng(scene)
    whole = Photo(data, "a.dng").pixels()
    for share in (0.001, 0.1, 0.5, 0.9, 0.97, 0.999):
        try:
            part = Photo(data[: int(len(data) * share)], "a.dng").pixels()
        except UnreadablePhoto as error:
            assert "\n" not in error.reason
        else:
            assert difference(part, whole) < 1


def test_when_the_sensors_data_cannot_be_read_a_small_preview_is_better_than_nothing(scene: Pixels) -> None:
    preview = small(scene, 160)
    data = dng(scene, jpeg(preview))
    strip = struct.pack("<HHI", 273, 4, 1)
    data = data.replace(strip + struct.pack("<I", 8), strip + struct.pack("<I", len(data) - 5000))
    photo = Photo(data, "a.dng")
    assert difference(photo.pixels(), preview) < 4
    assert photo.warning is not None
    assert "small preview" in photo.warning


def test_scrambled_raw_photos_raise_nothing_but_unreadable_photo(scene: Pixels) -> None:
    random = np.random.default_rng(3)
    whole = dng(scene[:64, :64], jpeg(small(scene[:64, :64], 40)))
    for _ in range(100):
        data = np.frombuffer(whole, dtype=np.uint8).copy()
        places = random.choice([np.arange(len(data) - 700, len(data)), random.integers(0, len(data), 700)], axis=0)
        data[random.choice(places, 3)] = random.integers(0, 256, 3)
        try:
            Photo(data.tobytes(), "/photos/a.dng").image()
        except UnreadablePhoto as error:
            assert "\n" not in error.reason


def test_reasons_are_in_words_of_ours_and_nothing_is_printed(
    astronaut: Pixels, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = dng(astronaut)
    for data in (whole[:300], whole[:9000], b"FUJIFILMCCD-RAW " + bytes(500), b"IIU\0" + bytes(5000), whole[:-300]):
        with pytest.raises(UnreadablePhoto) as caught:
            Photo(data, "a.dng").image()
        assert not re.search(r"error|unsupported|b'|libraw_", caught.value.reason, re.IGNORECASE), caught.value.reason
    assert capfd.readouterr().err == ""
