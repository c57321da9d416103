"""Damage that decoders pass over: what is said of it, and that whole files of the same looks are left alone."""

from __future__ import annotations

import io
import os
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faceindex.errors import UnreadablePhoto
from faceindex.photos.containers.heif_items import coded_items
from faceindex.photos.containers.libtiff_messages import messages
from faceindex.photos.decode import Photo, open_photo
from faceindex.types import Pixels


def saved(pixels: Pixels, form: str, mode: str = "RGB", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadablePhoto) as caught:
        Photo(data, "a").image()
    assert "\n" not in caught.value.reason
    return caught.value.reason


def warning(data: bytes) -> str | None:
    photo = Photo(data, "a")
    photo.image()
    return photo.warning


def emptied(data: bytes, begin: int, size: int) -> bytes:
    return data[:begin] + bytes(size) + data[begin + size :]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("png_one_byte_flipped.png", "damaged: 52.1% of the picture is missing"),
        ("png_97pct_missing.png", "damaged: 96.8% of the picture is missing"),
        ("jpeg_second_half_zero.jpg", "damaged: 56.0% of the picture is missing"),
        ("heic_second_half_zero.heic", "damaged: 50.4% of the picture's data are missing"),
        ("raw_sensor_data_missing.dng", "damaged: 100.0% of the sensor's data are missing"),
        ("fax_damaged.tif", "damaged: 88.8% of the picture's data are missing"),
    ],
)
def test_real_files_that_are_half_there_are_refused(shared_data: Path, name: str, said: str) -> None:
    path = shared_data / "cases" / name
    if not path.exists():
        pytest.skip(f"no {path}")
    with pytest.raises(UnreadablePhoto) as caught:
        open_photo(str(path)).image()
    assert caught.value.reason == said


def png_chunk(data: bytes, name: bytes) -> tuple[int, int]:
    """Where the data of the first chunk of that name begin, and their length."""
    at = data.index(name)
    return at + 4, int(struct.unpack_from(">I", data, at - 4)[0])


def test_the_share_of_a_png_that_is_missing_is_said(astronaut: Pixels) -> None:
    stored = bytearray(saved(astronaut, "PNG", compress_level=0))
    begin, length = png_chunk(bytes(stored), b"IDAT")
    stored[begin + length // 2] ^= 0xFF
    stored[begin + length // 2 + 1 :] = bytes(len(stored) - begin - length // 2 - 1)
    assert re.fullmatch(
        r"(damaged|image file is truncated): \d\d\.\d% of the picture is missing", refusal(bytes(stored))
    )


def test_a_wrong_checksum_of_a_png_with_intact_pixels_is_only_a_warning(astronaut: Pixels) -> None:
    data = bytearray(saved(astronaut, "PNG"))
    begin, length = png_chunk(bytes(data), b"IDAT")
    data[begin + length] ^= 1
    assert "checksum" in str(warning(bytes(data)))
    assert np.array_equal(Photo(bytes(data), "a").pixels(), astronaut)


def test_rows_that_a_png_ends_without_are_missing_though_every_checksum_is_right(astronaut: Pixels) -> None:
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in astronaut[:128]))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 512, 512, 8, 2, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    assert refusal(data) == "damaged: 75.0% of the picture is missing"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"optimize": True}])
@pytest.mark.parametrize("size", [512, 4096])
def test_a_lost_part_in_the_middle_of_a_jpeg_is_noticed(astronaut: Pixels, options: dict[str, Any], size: int) -> None:
    data = saved(astronaut, "JPEG", quality=92, **options)
    for place in (0.3, 0.5, 0.7):
        assert "missing" in refusal(emptied(data, int(len(data) * place) // 512 * 512, size))


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("options", [{"optimize": True}, {"progressive": True}])
def test_flat_jpegs_with_many_zeros_are_complete(level: int, options: dict[str, Any]) -> None:
    data = saved(np.full((1200, 1200, 3), level, np.uint8), "JPEG", **options)
    assert bytes(512) in data
    assert warning(data) is None
    assert warning(data + bytes(5000)) is None  # behind the picture
    if level != 128:  # the very grey that libjpeg paints where nothing is
        assert "missing" in refusal(emptied(data, len(data) - 400, 400))


def test_a_whole_webp_that_ends_in_zeros_is_whole_and_a_lost_tail_is_not(astronaut: Pixels) -> None:
    island = np.zeros((300, 300, 3), np.uint8)
    island[100:160, 100:160] = np.random.default_rng(0).integers(0, 255, (60, 60, 3))
    whole = saved(island, "WEBP", lossless=True, method=0, quality=0)
    assert bytes(5000) in whole
    assert warning(whole) is None
    data = saved(astronaut, "WEBP", quality=90)
    assert "of the picture's data are missing" in refusal(emptied(data, len(data) // 2, len(data) - len(data) // 2))


@pytest.mark.parametrize("form", ["HEIF", "AVIF"])
@pytest.mark.parametrize("fill", [b"\0", b"\xff"])
def test_heic_and_avif_with_a_part_that_was_never_written_are_refused(
    astronaut: Pixels, form: str, fill: bytes
) -> None:
    data = saved(astronaut, form, quality=90)
    half = len(data) // 2
    assert "of the picture's data are missing" in refusal(data[:half] + fill * (len(data) - half))
    assert warning(data[:-400] + fill * 400)


def test_tiles_that_hold_something_else_are_missing(astronaut: Pixels) -> None:
    data = saved(astronaut, "HEIF", quality=90, tile_size=128)
    noise = np.random.default_rng(0).integers(0, 256, len(data) // 2, dtype=np.uint8).tobytes()
    assert "of the picture's data are missing" in refusal(data[: len(data) - len(noise)] + noise)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"])
def test_a_compressed_tiff_whose_tail_is_zeros_is_refused(astronaut: Pixels, compression: str) -> None:
    data = saved(astronaut, "TIFF", compression=compression)
    assert "damaged" in refusal(emptied(data, len(data) // 2, len(data) - len(data) // 2))


@pytest.mark.parametrize("form", ["BMP", "TIFF"])
def test_lost_sectors_of_uncompressed_rows_are_a_warning_and_black_is_not(astronaut: Pixels, form: str) -> None:
    pixels = np.maximum(astronaut[:500, :499], 1)
    data = saved(pixels, form)
    begin = 512 * 700
    assert "black, as if a disk had lost data" in str(warning(emptied(data, begin, len(data) - begin)))
    assert "black, as if a disk had lost data" in str(warning(emptied(data, begin, 4096)))
    assert warning(emptied(data, begin + 3, len(data) - begin - 3)) is None
    dark = pixels.copy()
    dark[200:] = 0
    dark[:100] = 0
    assert warning(saved(dark, form)) is None


def test_bad_code_words_of_a_fax_are_noticed_and_nothing_is_printed(
    astronaut: Pixels, capfd: pytest.CaptureFixture[str]
) -> None:
    data = saved(astronaut, "TIFF", "1", compression="group4")
    assert warning(data) is None
    place = len(data) // 3
    noise = np.random.default_rng(0).integers(0, 256, 40, dtype=np.uint8).tobytes()
    for bad in (noise, b"\0\1\2\3", bytes(16)):  # the last two end the page for libtiff
        assert "damaged" in refusal(data[:place] + bad + data[place + len(bad) :])
    assert capfd.readouterr().err == ""


def test_output_of_others_while_libtiff_decodes_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with messages() as lines:
        os.write(2, b"Fax4Decode: Bad code word at line 3 of strip 0 (x 9).\nanother voice\n")
    assert lines == ["Fax4Decode: Bad code word at line 3 of strip 0 (x 9)."]
    assert capfd.readouterr().err == "another voice\n"


def test_a_gif_whose_tail_is_zeros_is_noticed_and_zeros_behind_it_are_nothing(astronaut: Pixels) -> None:
    data = saved(astronaut, "GIF")
    assert "damaged" in refusal(emptied(data, len(data) // 2, len(data) - len(data) // 2))
    assert warning(data + bytes(5000)) is None


def see_through(astronaut: Pixels) -> Image.Image:
    picture = Image.fromarray(astronaut).convert("RGBA")
    picture.putalpha(Image.fromarray(np.random.default_rng(0).integers(0, 255, (512, 512), dtype=np.uint8)))
    return picture


@pytest.mark.parametrize(("form", "options"), [("WEBP", {"quality": 60}), ("HEIF", {"quality": 80})])
def test_a_transparency_that_was_never_written_is_noticed(
    astronaut: Pixels, form: str, options: dict[str, Any]
) -> None:
    buffer = io.BytesIO()
    see_through(astronaut).save(buffer, form, **options)
    data = buffer.getvalue()
    assert warning(data) is None
    if form == "WEBP":
        begin = data.index(b"ALPH") + 8
        end = begin + int.from_bytes(data[begin - 4 : begin], "little")
    else:
        (begin, end) = coded_items(data, auxiliary=True)[-1][0]
        assert (begin, end) not in [extents[0] for extents in coded_items(data)]
    assert end - begin > 30000
    assert "data are missing" in refusal(emptied(data, begin + 2000, end - begin - 2000))
    assert "data are missing" in str(warning(emptied(data, end - 1700, 1600)))


def test_a_sector_that_a_lossless_webp_lacks_is_noticed(astronaut: Pixels) -> None:
    data = saved(astronaut, "WEBP", lossless=True, method=0, quality=0)
    for begin in range(2048, len(data) - 4096, 512 * 37):
        try:
            said = warning(emptied(data, begin, 512))
        except UnreadablePhoto as error:
            said = error.reason
        assert said, begin


@pytest.mark.parametrize("options", [{}, {"tile_size": (128, 128)}, {"quality_layers": [20], "irreversible": True}])
def test_sectors_that_a_jpeg_2000_lacks_are_noticed(astronaut: Pixels, options: dict[str, Any]) -> None:
    data = saved(astronaut, "JPEG2000", **options)
    assert warning(data) is None
    for place in (0.2, 0.5, 0.9):
        begin = int(len(data) * place) // 512 * 512
        try:
            said = warning(emptied(data, begin, 1024))
        except UnreadablePhoto as error:
            said = error.reason
        assert said, begin


def test_zeros_behind_a_bare_jpeg_2000_and_flat_ones_are_whole(astronaut: Pixels) -> None:
    flat = np.full((1000, 1000, 3), 255, np.uint8)
    flat[400:440, 400:440] = astronaut[100:140, 200:240]
    for pixels in (astronaut, flat):
        data = saved(pixels, "JPEG2000", no_jp2=True, codeblock_size=(16, 16), precinct_size=(32, 32))
        assert data.startswith(b"\xff\x4f")
        assert warning(data) is None
        assert warning(data + bytes(5000)) is None


def test_a_sector_lost_within_a_flat_progressive_jpeg_is_noticed(astronaut: Pixels) -> None:
    pixels = np.full((1500, 1500, 3), 255, np.uint8)
    pixels[500:1000, 500:1000] = astronaut[:500, :500]
    data = saved(pixels, "JPEG", progressive=True, quality=50)
    assert warning(data) is None
    places = [begin for begin in range(2048, len(data) - 2048, 512) if data[begin - 1] and data[begin + 512]]
    assert len(places) > 40
    for begin in places[::6]:
        try:
            said = warning(emptied(data, begin, 512))
        except UnreadablePhoto as error:
            said = error.reason
        assert said, begin
