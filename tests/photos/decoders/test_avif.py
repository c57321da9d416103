"""AVIF is cut to its clean aperture, and refused where the decoder takes no more."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo
from faceindex.photos.decoders.avif import clean_aperture, coded_size
from faceindex.types import Pixels


def avif(picture: Pixels, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "AVIF", quality=95, **options)
    return buffer.getvalue()


def clap(width: int, height: int, right: tuple[int, int], down: tuple[int, int]) -> bytes:
    return struct.pack(">I4s8i", 40, b"clap", width, 1, height, 1, *right, *down)


def with_aperture(data: bytes, box: bytes) -> bytes:
    """`data` with one more property of its only item; all sizes and offsets that change with it are changed."""
    added = len(box) + 1
    grown = bytearray(data)
    properties = data.index(b"ipco")
    association = data.index(b"ipma")
    count = association + 4 + 4 + 4 + 2
    listed = 1 + sum(1 for _ in children(data, properties + 4, association - 4))
    entries = data[count]
    for kind, more in ((b"meta", added), (b"iprp", added), (b"ipco", len(box)), (b"ipma", 1)):
        at = data.index(kind) - 4
        struct.pack_into(">I", grown, at, struct.unpack_from(">I", data, at)[0] + more)
    grown[count] = entries + 1
    grown[count + 1 + entries : count + 1 + entries] = bytes([0x80 | listed])
    grown[association - 4 : association - 4] = box
    place = grown.index(b"mdat") + 4
    old = data.index(b"mdat") + 4
    location = grown.index(b"iloc")
    at = grown.index(struct.pack(">I", old), location)
    struct.pack_into(">I", grown, at, place)
    return bytes(grown)


def children(data: bytes, begin: int, end: int) -> list[int]:
    places = []
    while begin < end:
        places.append(begin)
        begin += struct.unpack_from(">I", data, begin)[0]
    return places


@pytest.fixture(scope="module")
def picture(astronaut: Pixels) -> Pixels:
    return np.ascontiguousarray(astronaut[:96, 144:304])


def test_picture_is_cut_to_its_clean_aperture(picture: Pixels) -> None:
    data = with_aperture(avif(picture), clap(100, 60, (-10, 1), (6, 2)))  # centre moved 10 left and 3 down
    photo = Photo(data, "a")
    assert (photo.width, photo.height) == (100, 60)
    shown = photo.pixels()
    assert shown.shape == (60, 100, 3)
    assert np.abs(shown.astype(int) - picture[21:81, 20:120]).mean() < 4


def test_header_tells_the_coded_size_and_what_is_shown(picture: Pixels) -> None:
    data = avif(picture)
    assert coded_size(data) == (160, 96)
    assert clean_aperture(data, 160, 96) is None
    assert clean_aperture(with_aperture(data, clap(160, 80, (0, 1), (0, 1))), 160, 96) == (0, 8, 160, 88)


@pytest.mark.parametrize(
    "box",
    [
        clap(200, 60, (0, 1), (0, 1)),
        clap(100, 60, (90, 1), (0, 1)),
        clap(0, 60, (0, 1), (0, 1)),
        clap(9, 9, (0, 0), (0, 1)),
    ],
)
def test_an_invalid_aperture_cuts_nothing(picture: Pixels, box: bytes) -> None:
    assert clean_aperture(with_aperture(avif(picture), box), 160, 96) is None


def test_more_pixels_than_the_decoder_takes_are_the_reason(picture: Pixels) -> None:
    data = bytearray(avif(picture))
    at = data.index(b"ispe") + 8
    struct.pack_into(">II", data, at, 17000, 17000)
    with pytest.raises(UnreadablePhoto, match="17000 x 17000 pixels are more than"):
        Photo(bytes(data), "a")
