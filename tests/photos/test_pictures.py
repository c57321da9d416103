"""A photo may be a path, bytes, an open file, a PIL image or pixels: the same pixels, or a line on what is wrong."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import faceindex
from faceindex.errors import UnreadablePhoto, UsageError
from faceindex.photos.pictures import photo_and_content, photo_of
from faceindex.types import Pixels


def as_jpeg(pixels: Pixels, orientation: int = 1) -> bytes:
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(file, "JPEG", quality=95, exif=exif)
    return file.getvalue()


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_every_kind_gives_the_same_pixels_upright(astronaut: Pixels, tmp_path: Path, orientation: int) -> None:
    data = as_jpeg(astronaut[:300], orientation)
    (tmp_path / "a.jpg").write_bytes(data)
    upright = photo_of(data).pixels()
    assert upright.shape == ((512, 300, 3) if orientation == 6 else (300, 512, 3))
    with (tmp_path / "a.jpg").open("rb") as file:
        kinds: list[Any] = [
            *(str(tmp_path / "a.jpg"), tmp_path / "a.jpg", bytearray(data), memoryview(data), file, io.BytesIO(data)),
            *(Image.open(io.BytesIO(data)), Image.fromarray(upright), upright, upright[::-1][::-1]),
        ]
        for kind in kinds:
            photo = photo_of(kind)
            assert (photo.width, photo.height) == upright.shape[1::-1]
            assert np.array_equal(photo.pixels(), upright)


def test_a_users_image_and_array_stay_as_they_are(astronaut: Pixels) -> None:
    image = Image.open(io.BytesIO(as_jpeg(astronaut, 6)))
    photo_of(image)
    assert (image.size, image.getexif()[0x0112]) == ((512, 512), 6)
    pixels = astronaut.copy()
    given = Image.fromarray(pixels)
    photo = photo_of(given)
    given.putpixel((0, 0), (1, 2, 3))
    assert not np.array_equal(np.asarray(given), photo.pixels())


def test_a_pil_image_of_any_mode_is_read_as_its_file_is(astronaut: Pixels) -> None:
    for mode in ("L", "P", "RGBA", "CMYK", "1", "I;16"):
        image = Image.fromarray(astronaut[..., 0].astype(np.uint16) << 8) if mode == "I;16" else None
        image = image or Image.fromarray(astronaut).convert(mode)
        file = io.BytesIO()
        image.save(file, "TIFF")
        assert np.array_equal(photo_of(image).pixels(), photo_of(file.getvalue()).pixels()), mode


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (np.zeros((9, 9), np.uint8), r"uint8 \[9, 9\] is not a photo; give RGB"),
        (np.zeros((9, 9, 4), np.uint8), r"uint8 \[9, 9, 4\]"),
        (np.zeros((9, 9, 3), np.float32), r"float32 \[9, 9, 3\]"),
        (np.zeros((0, 9, 3), np.uint8), r"\[0, 9, 3\]"),
        (5, "int is not a photo; give a path, bytes, an open file, a PIL image or uint8"),
        (None, "NoneType is not a photo"),
        (["a.jpg"], "list is not a photo"),
        (io.StringIO("text"), "open in text mode; open it with mode 'rb'"),
    ],
)
def test_what_is_no_photo_is_a_usage_error(wrong: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        photo_of(wrong)


def test_damaged_pictures_are_unreadable_photos(astronaut: Pixels, tmp_path: Path) -> None:
    data = as_jpeg(astronaut)
    closed = io.BytesIO(data)
    closed.close()
    (tmp_path / "text.txt").write_bytes(b"\xff\xfe\xfa")
    with (tmp_path / "text.txt").open() as text:
        for wrong in (b"", b"no photo", data[: len(data) // 2], Image.open(io.BytesIO(data[:4000])), closed, text):
            with pytest.raises(UnreadablePhoto) as said:
                photo_of(wrong).pixels()  # type: ignore[arg-type]  # a text file is one of the faults
            assert "\n" not in str(said.value)
    with pytest.raises(UnreadablePhoto, match="megapixels"):
        photo_of(Image.new("RGB", (2000, 2000)), max_megapixels=3)


def test_a_photo_is_its_content(astronaut: Pixels, tmp_path: Path) -> None:
    data = as_jpeg(astronaut)
    (tmp_path / "a.jpg").write_bytes(data)
    contents = {photo_and_content(kind)[1] for kind in (tmp_path / "a.jpg", data, io.BytesIO(data))}
    pixels = photo_of(data).pixels()
    held = {photo_and_content(kind)[1] for kind in (pixels, Image.fromarray(pixels), pixels.copy(order="F"))}
    assert (len(contents), len(held), len(contents | held)) == (1, 1, 2)
    assert photo_and_content(np.zeros((2, 6, 3), np.uint8))[1] != photo_and_content(np.zeros((6, 2, 3), np.uint8))[1]


def test_analyse_gives_faces_and_none_of_a_photo_without(astronaut: Pixels) -> None:
    (face,) = faceindex.analyse(astronaut)
    assert face.vector.shape == (128,)
    assert face.landmarks.shape == (5, 2)
    assert 0.5 < face.quality <= 1
    assert face.box.overlap(faceindex.Box(178, 63, 90, 113)) > 0.8
    assert faceindex.analyse(np.zeros((300, 300, 3), np.uint8)) == []
    (same,) = faceindex.analyse(Image.fromarray(astronaut), recipe="sface", engine="onnx", min_face=100)
    assert same.vector.shape == (128,)
    for wrong in ({"recipe": "vgg"}, {"engine": "torch"}, {"min_face": 0}):
        with pytest.raises(UsageError):
            faceindex.analyse(astronaut, **wrong)
