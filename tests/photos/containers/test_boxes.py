"""What programs append behind the last box is no damage; a picture that is cut off is."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceindex.errors import UnreadablePhoto
from faceindex.photos.containers.boxes import boxes, without_trailer
from faceindex.photos.decode import Photo
from faceindex.photos.formats import opened_header
from faceindex.types import Pixels

SEFT = b"\0\0\1\x0a\x0e\0\0\0Image_UTC_Data1610000000000SEFH\x6b\0\0\0\1\0\0\0\0\0\1\x0a$\0\0\0\x24\0\0\0\x18\0\0\0SEFT"
TRAILERS = {
    "a zero": b"\0",
    "seven zeros": bytes(7),
    "zeros": bytes(4096),
    "a newline": b"\n",
    "Samsung's block": SEFT,
    "text": b"\nThis photo was sent by somebody's mail program.\n",
    "a JPEG": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "a box": b"\0\0\0\x0cmpvdabcd",
    "a box that is cut off": b"\0\0\1\0mpvdabcd",
    "an empty box and text": b"\0\0\0\x08free-----BEGIN",
    "ones": b"\xff" * 40,
    "a box of a size of eight bytes": b"\0\0\0\1sefd\0\0\0\0\0\0\0\x14abcd",
    "large numbers": b"\0\0\0\1sefd" + b"\xff" * 20,
}


def encoded(form: str, picture: Pixels, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, form, **options)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def whole(astronaut: Pixels) -> dict[str, bytes]:
    import imagecodecs

    picture = np.ascontiguousarray(astronaut[:96, 144:304])
    return {
        "HEIF": encoded("HEIF", picture),
        "tiles": encoded("HEIF", picture, tile_size=64),
        "AVIF": encoded("AVIF", picture),
        "JXL": bytes(imagecodecs.jpegxl_encode(picture, usecontainer=True)),
        "JP2": bytes(imagecodecs.jpeg2k_encode(picture, level=30)),
    }


FORMS = ["HEIF", "tiles", "AVIF", "JXL", "JP2"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", TRAILERS)
def test_picture_with_a_trailer_is_as_it_is_without(whole: dict[str, bytes], form: str, name: str) -> None:
    data = whole[form]
    expected = Photo(data, "a").pixels()
    np.testing.assert_array_equal(Photo(data + TRAILERS[name], "a").pixels(), expected)


@pytest.mark.parametrize("form", ["HEIF", "AVIF"])
def test_header_is_read_without_the_pixels(whole: dict[str, bytes], form: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(whole[form] + SEFT)
    with opened_header(str(tmp_path / "a")) as image:
        assert image.size == (160, 96)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("trailer", [b"", SEFT[:12]])
def test_cut_off_picture_is_refused(whole: dict[str, bytes], form: str, trailer: bytes) -> None:
    data = whole[form]
    for cut in (1, 2, 7, 30, len(data) // 3, len(data) // 2, len(data) - 40, len(data) - 12):
        with pytest.raises(UnreadablePhoto):
            Photo(data[: len(data) - cut] + trailer if cut > 12 else data[: len(data) - cut], "a").pixels()


def test_boxes_that_make_no_sense_end_the_row() -> None:
    assert list(boxes(b"")) == []
    assert list(boxes(b"\0\0\0\7free")) == []
    assert [box.kind for box in boxes(b"\0\0\0\x08free\0\0\0\0mdat123")] == [b"free", b"mdat"]


def test_other_files_are_left_alone() -> None:
    data = b"\xff\xd8\xff" + bytes(20)
    assert without_trailer(data) is data


@pytest.mark.parametrize("form", ["JPEG2000", "HEIF", "AVIF"])
def test_a_video_appended_by_a_phone_is_not_part_of_the_photos_boxes(astronaut: Pixels, form: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(astronaut).save(buffer, form)
    photo = buffer.getvalue()
    video = struct.pack(">I4s4sI", 16, b"ftyp", b"mp42", 0) + struct.pack(">I4s", 1008, b"mdat") + bytes(1000)
    assert without_trailer(photo + video) == photo
    assert np.array_equal(Photo(photo + video, "a").pixels(), Photo(photo, "a").pixels())
