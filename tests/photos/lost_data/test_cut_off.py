"""A JPEG that lacks its last bytes is read and says so; one that lacks a visible part of its picture is refused."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo, open_photo
from faceindex.photos.lost_data.cut_off import mended
from faceindex.types import Pixels

KINDS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "grey": {"mode": "L"},
    "cmyk": {"mode": "CMYK"},
    "no-subsampling": {"subsampling": 0},
    "restarts": {"restart_marker_rows": 1},
    "short-restarts": {"restart_marker_blocks": 5},
}


def jpeg(pixels: Pixels, *, mode: Any = "RGB", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadablePhoto) as caught:
        Photo(data, "a.jpg").image()
    return caught.value.reason


@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_are_not_said_to_be_missing_are_those_of_the_whole_picture(astronaut: Pixels, kind: str) -> None:
    data = jpeg(astronaut, **KINDS[kind])
    whole = np.asarray(Image.open(io.BytesIO(data)))
    for share in (0.1, 0.3, 0.5, 0.62, 0.75, 0.9, 0.97, 0.99, 0.999):
        picture, missing = mended(data[: int(len(data) * share)], lambda image: image.load())
        there = len(whole) - missing
        assert np.array_equal(np.asarray(picture)[:there], whole[:there])
        assert not np.array_equal(np.asarray(picture)[there:], whole[there:])


@pytest.mark.parametrize("offset", range(8))
def test_a_picture_that_ends_with_a_restart_interval_counts_only_the_rows_before(
    astronaut: Pixels, offset: int
) -> None:
    data = jpeg(astronaut, restart_marker_rows=1)  # intervals of 16 rows
    at = -1
    for _ in range(offset + 20):
        at = min(place for n in range(8) if (place := data.find(bytes((0xFF, 0xD0 + n)), at + 1)) >= 0)
    _, missing = mended(data[:at], lambda image: image.load())
    assert 0 <= missing - (512 - 16 * (offset + 20)) <= 2  # chroma is interpolated across the border


@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_without_its_last_bytes_is_read_with_a_warning(astronaut: Pixels, kind: str) -> None:
    data = jpeg(astronaut, **KINDS[kind])
    photo = Photo(data[:-40], "a.jpg")
    assert photo.image().size == (512, 512)
    assert photo.warning is not None
    assert photo.warning.startswith("cut off")
    assert "\n" not in photo.warning


@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_that_lacks_a_visible_part_is_refused_and_says_how_much(astronaut: Pixels, kind: str) -> None:
    data = jpeg(astronaut, **KINDS[kind])
    assert "of the picture is missing" in refusal(data[: len(data) // 2])


def test_a_progressive_jpeg_that_lacks_its_finest_layers_is_refused(astronaut: Pixels) -> None:
    data = jpeg(astronaut, progressive=True)
    assert "layers of the picture are missing" in refusal(data[: len(data) // 2])


def test_a_progressive_jpeg_without_its_last_bytes_is_read_with_a_warning(astronaut: Pixels) -> None:
    data = jpeg(astronaut, progressive=True)
    photo = Photo(data[:-40], "a.jpg")
    assert photo.image().size == (512, 512)
    assert photo.warning is not None


def test_an_end_that_was_never_written_and_reads_as_zeros_is_missing(astronaut: Pixels) -> None:
    data = jpeg(astronaut)
    kept = int(len(data) * 0.95)
    photo = Photo(data[:kept] + bytes(len(data) - kept), "a.jpg")
    photo.image()
    assert photo.warning is not None
    assert "of the picture is missing" in photo.warning
    assert "of the picture is missing" in refusal(data[: len(data) // 2] + bytes(len(data) // 2))


def test_a_whole_photo_has_no_warning(astronaut: Pixels) -> None:
    photo = Photo(jpeg(astronaut), "a.jpg")
    photo.image()
    assert photo.warning is None


@pytest.mark.parametrize(
    ("name", "missing"),
    [("mask2.jpg", "6.3%"), ("data-afterlives-poster.jpg", "13.6%"), ("compreface-truncated.jpg", "0.4%")],
)
def test_real_photos_that_lack_their_last_bytes_are_read(shared_data: Path, name: str, missing: str) -> None:
    photo = open_photo(str(shared_data / "formats" / name))
    for longer_side in (None, 300):
        photo.image(longer_side)
    whole = open_photo(str(shared_data / "formats" / name))
    whole.image()
    assert whole.warning is not None
    assert missing in whole.warning


def test_a_real_photo_of_which_hardly_anything_is_there_is_refused(shared_data: Path) -> None:
    with pytest.raises(UnreadablePhoto, match="of the picture is missing"):
        open_photo(str(shared_data / "formats" / "truncated.jpg")).image()


def test_a_jpeg_that_ends_in_its_header_is_refused(astronaut: Pixels) -> None:
    data = jpeg(astronaut)
    for length in (2, 4, 20, 100, 300, 600):
        assert refusal(data[:length])


def broken(data: bytes, place: float, marker: bytes) -> bytes:
    """`data` with two bytes replaced."""
    at = int(len(data) * place)
    return data[:at] + marker + data[at + 2 :]


@pytest.mark.parametrize("marker", [b"\xff\xd9", b"\xff\xd3"], ids=["an end marker", "a restart marker"])
def test_damage_after_which_nothing_can_be_read_is_noticed(astronaut: Pixels, marker: bytes) -> None:
    data = jpeg(astronaut)
    assert "damaged: " in refusal(broken(data, 0.5, marker))
    late = Photo(broken(data, 0.96, marker), "a.jpg")
    late.image()
    assert late.warning is not None
    assert re.match(r"damaged: \d+\.\d% of the picture is missing", late.warning)


@pytest.mark.parametrize("kind", ["baseline", "grey", "restarts", "progressive"])
def test_a_picture_that_is_really_grey_at_its_end_is_whole(astronaut: Pixels, kind: str) -> None:
    pixels = astronaut.copy()
    pixels[300:] = 128
    options = KINDS.get(kind, {"progressive": True})
    photo = Photo(jpeg(pixels, **options), "a.jpg")
    assert np.abs(photo.pixels()[400:].astype(int) - 128).max() <= 1
    assert photo.warning is None


def test_an_mpo_that_is_cut_off_within_its_first_picture_is_read_with_a_warning(astronaut: Pixels) -> None:
    buffer = io.BytesIO()
    Image.fromarray(astronaut).save(buffer, "MPO", save_all=True, append_images=[Image.new("RGB", (512, 512))])
    whole = buffer.getvalue()
    end = len(jpeg(astronaut))  # the first picture is longer than this by its index
    photo = Photo(whole[:end], "a.jpg")
    photo.image()
    assert photo.warning is not None


def test_a_cut_off_jpeg_beyond_pillows_own_limit_is_read_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    buffer = io.BytesIO()
    Image.linear_gradient("L").save(buffer, "JPEG")
    photo = Photo(buffer.getvalue()[:-20], "a.jpg")
    assert photo.image().size == (256, 256)
    assert photo.warning is not None
