"""When a photo was taken is what its camera wrote, and nothing when that is no date."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from faceindex.photos.decode import Photo, open_photo
from faceindex.photos.taken import taken_in

DATE, OFFSET = 0x9003, 0x9011


def photo(form: str = "JPEG", **tags: object) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({DATE: tags["date"]} if "date" in tags else {})
    exif.get_ifd(0x8769).update({OFFSET: tags["offset"]} if "offset" in tags else {})
    buffer = io.BytesIO()
    Image.new("RGB", (16, 8)).save(buffer, form, exif=exif.tobytes())
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_date_is_local_time_with_its_offset_in_every_format(form: str) -> None:
    data = photo(form, date="2019:07:20 17:45:22", offset="-07:00")
    assert Photo(data, "a").taken == "2019-07-20T17:45:22-07:00"
    assert taken_in(io.BytesIO(data)) == "2019-07-20T17:45:22-07:00"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2019:07:20 17:45:22", "2019-07-20T17:45:22"),
        ("2019:07:20 17:45:22\0", "2019-07-20T17:45:22"),
        ("0000:00:00 00:00:00", None),
        ("2019:02:30 10:00:00", None),
        ("    :  :     :  :  ", None),
        ("yesterday", None),
        (b"\xff\xfe", None),
    ],
)
def test_what_is_no_date_is_none_and_no_failure(written: str | bytes, said: str | None) -> None:
    assert Photo(photo(date=written), "a").taken == said


def test_wrong_offset_does_not_cost_the_date() -> None:
    assert Photo(photo(date="2019:07:20 17:45:22", offset="UTC"), "a").taken == "2019-07-20T17:45:22"


def test_photo_without_exif_and_file_that_is_none_have_no_date() -> None:
    assert Photo(photo(), "a").taken is None
    assert taken_in(io.BytesIO(b"II*\0 no tiff at all")) is None
    assert taken_in(io.BytesIO(b"")) is None


def test_dates_of_real_cameras(shared_data: Path) -> None:
    path = next((shared_data / "album").glob("*/img1.jpg"))
    assert open_photo(str(path)).taken == "2019-07-20T17:45:22-07:00"
    with path.open("rb") as file:
        assert taken_in(file) == "2019-07-20T17:45:22-07:00"
    assert open_photo(str(shared_data / "formats" / "iphone_15_pro.heic")).taken is not None
