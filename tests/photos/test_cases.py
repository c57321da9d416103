"""Files that once were refused, or shown wrongly, and what is right; they are found where real photos are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import open_photo
from faceindex.types import Pixels

ONE_PERSON = (114, 106, 95)  # mean red, green and blue of a photo that many of them show
ITS_GREY = (107, 107, 107)
READ = {
    "heic_one_zero_byte_appended.heic": ((300, 400), ONE_PERSON),
    "trail_seft.heic": ((300, 400), ONE_PERSON),
    "avif_text_appended.avif": ((300, 400), ONE_PERSON),
    "big_icc.png": ((180, 240), ONE_PERSON),
    "bad_text_crc.png": ((240, 320), ONE_PERSON),
    "grey16_white_is_zero.tif": ((180, 240), ITS_GREY),
    "grey32.tif": ((180, 240), ITS_GREY),
    "lab16.tif": ((90, 120), ONE_PERSON),
    "grey_alpha16.tif": ((90, 120), ITS_GREY),
    "s.jxl": ((180, 240), ONE_PERSON),
    "s.jp2": ((90, 120), ONE_PERSON),
    "bigtiff_big_endian.tif": ((64, 64), (77, 46, 77)),
    "tiff_webp.tif": ((128, 128), (90, 80, 95)),
    "twelve_bits_in_sixteen.tif": ((500, 500), (83, 83, 83)),
    "jpg_xmp6.jpg": ((64, 32), (158, 64, 158)),
    "avif_clap.avif": ((480, 256), (111, 108, 88)),
}


def pixels(shared_data: Path, name: str) -> Pixels:
    photo = open_photo(str(shared_data / "cases" / name))
    found = photo.pixels()
    assert found.shape == (photo.height, photo.width, 3)
    assert photo.warning is None
    return found


@pytest.mark.parametrize("name", READ)
def test_whole_photo_is_read_and_has_its_colours(shared_data: Path, name: str) -> None:
    size, colours = READ[name]
    found = pixels(shared_data, name)
    assert found.shape[1::-1] == size
    np.testing.assert_allclose(found.mean((0, 1)), colours, atol=3)


def test_nothing_is_left_of_the_bars_around_a_clean_aperture(shared_data: Path) -> None:
    found = pixels(shared_data, "avif_clap.avif")
    assert found[0].std() > 2  # a bar is flat: 0.3
    assert found[-1].std() > 2


def test_twelve_bits_are_as_bright_as_they_were(shared_data: Path) -> None:
    assert 240 <= pixels(shared_data, "twelve_bits_in_sixteen.tif").max() <= 245  # 3920 of 4095


def test_size_is_the_reason_where_it_is_one(shared_data: Path) -> None:
    with pytest.raises(UnreadablePhoto, match=r"17000 x 17000 pixels are more than") as caught:
        open_photo(str(shared_data / "cases" / "avif_289MP.avif"))
    assert "268 MP" in caught.value.reason


def test_reason_is_in_words_of_ours(shared_data: Path) -> None:
    with pytest.raises(UnreadablePhoto) as caught:
        open_photo(str(shared_data / "cases" / "png_bad_tIME.png")).pixels()
    assert "argument" not in caught.value.reason
    assert any(word in caught.value.reason for word in ("damaged", "truncated"))
