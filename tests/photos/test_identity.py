"""What a file is by its first bytes, and which photo it is by all of them."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from faceindex.photos.identity import HASH_BYTES, claims_to_be_photo, content_hash, is_photo

pillow_heif.register_heif_opener()

TEXTS = {
    "empty": b"",
    "prose": b"BM is how this sentence starts, and no bitmap follows.",
    "html": b"<!DOCTYPE html><html><head><title>404</title>",
    "json": b'{"photo": "IMG_0001.jpg", "faces": []}',
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>",
    "zip": b"PK\x03\x04\x14\x00\x00\x00\x08\x00 a compressed folder ",
    "sqlite": b"SQLite format 3\x00\x10\x00\x01\x01\x00@  \x00\x00\x00\x01",
    "mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41",
    "mov": b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00qt  \x00\x00\x00\x08wide",
    "wav": b"RIFF\x24\x08\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00",
    "zeros": bytes(32),
}


def encoded(form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 12), "teal").save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "MPO", "PNG", "WEBP", "TIFF", "GIF", "BMP", "HEIF", "AVIF"])
def test_the_first_32_bytes_of_every_format_tell_a_photo(form: str) -> None:
    assert is_photo(encoded(form)[:32])


def test_both_byte_orders_and_bigtiff_are_photos() -> None:
    buffer = io.BytesIO()
    Image.frombytes("I;16B", (2, 2), bytes(8)).save(buffer, "TIFF")
    assert buffer.getvalue()[:2] == b"MM"
    assert is_photo(buffer.getvalue()[:32])
    assert is_photo(encoded("TIFF", big_tiff=True)[:32])


def test_lossless_webp_and_animated_gif_are_photos() -> None:
    assert is_photo(encoded("WEBP", lossless=True)[:32])
    assert is_photo(encoded("GIF", save_all=True, append_images=[Image.new("RGB", (20, 12))])[:32])


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"])
def test_every_heif_and_avif_brand_is_a_photo(brand: bytes) -> None:
    assert is_photo(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0miafMA1B")


def test_a_heif_brand_counts_among_the_compatible_ones() -> None:
    assert is_photo(b"\0\0\0\x1cftypmif2\0\0\0\0heicmif1miaf\0\0\0\0")
    assert is_photo(b"\0\0\0\x1cftypmiaf\0\0\0\0miafheicMiHB\0\0\0\0")


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_no_photo_is_not_taken_for_one(name: str) -> None:
    assert not is_photo(TEXTS[name][:32])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "HEIF", "AVIF"])
def test_two_bytes_of_a_photo_are_not_enough_to_call_it_one(form: str) -> None:
    assert not is_photo(encoded(form)[:2])


@pytest.mark.parametrize("name", ["a.jpg", "A.JPEG", "b.Png", "c.webp", "d.TIF", "e.gif", "f.bmp", "g.HEIC", "h.avif"])
def test_a_photo_extension_in_any_case_claims_a_photo(name: str) -> None:
    assert claims_to_be_photo(f"/some/folder/{name}")


@pytest.mark.parametrize("name", ["notes.txt", "jpg", "a.jpg.json", "photo.jpg/readme", ".jpg", "movie.mp4", "noext"])
def test_other_names_claim_nothing(name: str) -> None:
    assert not claims_to_be_photo(f"/some/folder/{name}")


def test_the_hash_is_blake2b_of_256_bits() -> None:
    assert content_hash(b"abc") == hashlib.blake2b(b"abc", digest_size=32).digest()
    assert len(content_hash(b"")) == HASH_BYTES == 32


def test_one_changed_byte_changes_the_hash() -> None:
    data = encoded("JPEG")
    assert content_hash(data) == content_hash(bytes(bytearray(data)))
    assert content_hash(data) != content_hash(data[:-1] + bytes([data[-1] ^ 1]))


def test_every_photo_of_the_album_is_known_by_its_head(shared_data: Path) -> None:
    photos = [path for path in (shared_data / "album").rglob("*") if claims_to_be_photo(str(path))]
    assert len(photos) > 50
    for path in photos:
        with path.open("rb") as file:
            assert is_photo(file.read(32)), path
