"""When a photo was taken is what its camera, or a person, wrote; and nothing when that is no date."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from faceindex.photos.date_taken import Taken, taken_in_packet, taken_in_raw
from faceindex.photos.date_with_sidecars import taken_at
from faceindex.photos.decode import Photo, open_photo
from faceindex.photos.packets import Sidecars

ORIGINAL, DIGITIZED, CHANGED, OFFSET, OFFSET_DIGITIZED = 0x9003, 0x9004, 0x0132, 0x9011, 0x9012
DATE = ORIGINAL
CAMERA, SCANNER = "2019:07:20 17:45:22", "2021:01:02 03:04:05"

PACKET = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" {}/></rdf:RDF></x:xmpmeta>"""


def packet(**said: str) -> bytes:
    """XMP with properties, `xmp_CreateDate="..."` for xmp:CreateDate."""
    return PACKET.format(" ".join(f'{name.replace("_", ":")}="{value}"' for name, value in said.items())).encode()


def exif_with(own: dict[int, object], first: dict[int, object] | None = None) -> bytes:
    """EXIF with tags in its own directory, and in the first one."""
    exif = Image.Exif()
    exif.get_ifd(0x8769).update(own)
    for tag, value in (first or {}).items():
        exif[tag] = value
    return exif.tobytes()


def encoded(form: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 8)).save(buffer, form, **options)
    return buffer.getvalue()


def photo(form: str = "JPEG", **tags: object) -> bytes:
    own = {tag: tags[name] for name, tag in (("date", ORIGINAL), ("offset", OFFSET)) if name in tags}
    return encoded(form, exif=exif_with(own))


def said_by(data: bytes) -> tuple[str | None, str | None]:
    opened = Photo(data, "a")
    return opened.taken, opened.taken_from


def at(folder: Path, data: bytes, name: str = "photo") -> Taken | None:
    (folder / name).write_bytes(data)
    return taken_at(str(folder / name), Sidecars())


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF", "MPO"])
def test_date_is_local_time_with_its_offset_in_every_format(form: str, tmp_path: Path) -> None:
    data = photo(form, date=CAMERA, offset="-07:00")
    assert said_by(data) == ("2019-07-20T17:45:22-07:00", "EXIF DateTimeOriginal")
    assert at(tmp_path, data) == Taken("2019-07-20T17:45:22-07:00", "EXIF DateTimeOriginal")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2019:07:20 17:45:22", "2019-07-20T17:45:22"),
        ("2019:07:20 17:45:22\0", "2019-07-20T17:45:22"),
        ("2019-07-20 17:45:22", "2019-07-20T17:45:22"),
        ("2019:07:20 17:45:22.25", "2019-07-20T17:45:22"),
        ("2019:07:20 17:45:22+02:00", "2019-07-20T17:45:22+02:00"),
        ("2019:07:20 17:45", "2019-07-20T17:45:00"),
        ("2019:07:20", "2019-07-20"),
        ("2019:07:20   :  :  ", "2019-07-20"),
        ("1985:00:00 00:00:00", "1985"),
        ("0000:00:00 00:00:00", None),
        ("0001:01:01 00:00:00", None),
        ("2019:02:30 10:00:00", None),
        ("2019:13:01 10:00:00", None),
        ("2019:12:01 25:00:00", None),
        ("    :  :     :  :  ", None),
        ("yesterday", None),
        (b"\xff\xfe", None),
    ],
)
def test_an_invalid_date_is_none_and_no_failure(written: str | bytes, said: str | None) -> None:
    assert Photo(photo(date=written), "a").taken == said


def test_wrong_offset_does_not_cost_the_date() -> None:
    assert Photo(photo(date="2019:07:20 17:45:22", offset="UTC"), "a").taken == "2019-07-20T17:45:22"


def test_photos_without_exif_and_other_files_have_no_date(tmp_path: Path) -> None:
    assert Photo(photo(), "a").taken is None
    assert at(tmp_path, b"II*\0 no tiff at all") is None
    assert at(tmp_path, b"") is None


def test_dates_of_real_cameras(shared_data: Path) -> None:
    path = next((shared_data / "album").glob("*/img1.jpg"))
    assert open_photo(str(path)).taken == "2019-07-20T17:45:22-07:00"
    assert taken_at(str(path), Sidecars()) == Taken("2019-07-20T17:45:22-07:00", "EXIF DateTimeOriginal")
    assert open_photo(str(shared_data / "formats" / "iphone_15_pro.heic")).taken is not None


def test_date_in_the_first_directory_is_found(shared_data: Path) -> None:
    found = open_photo(str(shared_data / "cases" / "date_in_ifd0.jpg"))
    assert (found.taken, found.taken_from) == ("2006-05-27T12:37:03", "EXIF DateTimeOriginal")


@pytest.mark.parametrize(
    ("own", "first", "xmp", "said"),
    [
        ({ORIGINAL: CAMERA, DIGITIZED: SCANNER}, {}, {}, ("2019-07-20T17:45:22", "EXIF DateTimeOriginal")),
        ({DIGITIZED: SCANNER}, {ORIGINAL: CAMERA}, {}, ("2019-07-20T17:45:22", "EXIF DateTimeOriginal")),
        ({ORIGINAL: "    "}, {ORIGINAL: CAMERA}, {}, ("2019-07-20T17:45:22", "EXIF DateTimeOriginal")),
        (
            {ORIGINAL: "0000:00:00 00:00:00", DIGITIZED: SCANNER, OFFSET_DIGITIZED: "+01:00"},
            {},
            {"xmp_CreateDate": "2001-01-01"},
            ("2021-01-02T03:04:05+01:00", "EXIF DateTimeDigitized"),
        ),
        ({}, {DIGITIZED: SCANNER}, {}, ("2021-01-02T03:04:05", "EXIF DateTimeDigitized")),
        ({}, {CHANGED: SCANNER}, {}, (None, None)),
        (
            {},
            {CHANGED: SCANNER},
            {"xmp_CreateDate": "2001-02-03T04:05:06Z", "exif_DateTimeOriginal": "1999-01-02T03:04"},
            ("1999-01-02T03:04:00", "XMP exif:DateTimeOriginal"),
        ),
        (
            {},
            {},
            {"xmp_CreateDate": "2021-02-03T04:05:06", "photoshop_DateCreated": "1985-07"},
            ("1985-07", "XMP photoshop:DateCreated"),
        ),
        ({}, {}, {"xmp_CreateDate": "2001-02-03T04:05:06.7Z"}, ("2001-02-03T04:05:06+00:00", "XMP xmp:CreateDate")),
        ({}, {}, {"xmp_CreateDate": "2001-13-03"}, (None, None)),
    ],
)
def test_order_in_which_dates_are_asked_for(
    own: dict[int, object], first: dict[int, object], xmp: dict[str, str], said: tuple[str | None, str | None]
) -> None:
    for form in ("JPEG", "WEBP"):
        assert said_by(encoded(form, exif=exif_with(own, first), xmp=packet(**xmp))) == said


def test_xmp_as_elements_and_broken_xmp() -> None:
    written = packet().replace(
        b"/></rdf:RDF>", b"><xmp:CreateDate>1999-01-02</xmp:CreateDate></rdf:Description></rdf:RDF>"
    )
    assert taken_in_packet(written) == Taken("1999-01-02", "XMP xmp:CreateDate")
    assert taken_in_packet(b"<Date") is None
    assert taken_in_packet(b"\xff\xfe") is None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Sat, 20 Jul 2019 17:45:22 +0200", "2019-07-20T17:45:22+02:00"),
        ("2019:07:20 17:45:22", "2019-07-20T17:45:22"),
        ("2019-07-20T17:45:22Z", "2019-07-20T17:45:22+00:00"),
        ("long ago", None),
    ],
)
def test_creation_time_of_a_png(written: str, said: str | None) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Creation Time", written)
    assert Photo(encoded("PNG", pnginfo=notes), "a").taken == said


def test_time_of_change_of_a_png_is_none() -> None:
    data = encoded("PNG")
    chunk = b"tIME" + struct.pack(">HBBBBB", 2019, 7, 20, 17, 45, 22)
    changed = data[:33] + struct.pack(">I", 7) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]
    assert Photo(changed, "a").taken is None


@pytest.mark.parametrize("name", ["a.jpg.xmp", "a.xmp"])
def test_sidecar_is_asked_last(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(packet(exif_DateTimeOriginal="1999-01-02T03:04:05"))
    assert at(tmp_path, encoded(), "a.jpg") == Taken("1999-01-02T03:04:05", "sidecar exif:DateTimeOriginal")
    assert at(tmp_path, photo(date=CAMERA), "a.jpg") == Taken("2019-07-20T17:45:22", "EXIF DateTimeOriginal")


JPEG = photo(date=CAMERA)
TIFF_BLOCK = JPEG[JPEG.index(b"Exif\0\0") + 6 : JPEG.index(b"\xff\xdb")]
RAWS = {
    "Fujifilm": b"FUJIFILMCCD-RAW 0201FF383501X100".ljust(84, b"\0")
    + struct.pack(">II", 148, len(JPEG))
    + bytes(56)
    + JPEG,
    "Panasonic": b"IIU\0\x18\0\0\0" + bytes(16) + struct.pack("<HHHII", 1, 0x2E, 7, len(JPEG), 42) + bytes(4) + JPEG,
    "Olympus": b"IIRO" + TIFF_BLOCK.replace(b"MM\0*", b"")[4:] if TIFF_BLOCK[:2] == b"II" else b"MMOR" + TIFF_BLOCK[4:],
    "Canon CR3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(40) + b"CMT2" + TIFF_BLOCK,
    "Minolta": b"\0MRM" + bytes(4) + b"\0TTW" + bytes(4) + TIFF_BLOCK,
    "Sigma": b"FOVb" + bytes(200) + JPEG,
    "DNG": TIFF_BLOCK,
}


@pytest.mark.parametrize("maker", RAWS)
def test_dates_in_raw_photos(maker: str) -> None:
    found = taken_in_raw(io.BytesIO(RAWS[maker]))
    assert found == Taken("2019-07-20T17:45:22", "EXIF DateTimeOriginal")


@pytest.mark.parametrize("maker", RAWS)
def test_raw_photos_that_are_cut_off_have_no_date_and_no_failure(maker: str) -> None:
    for length in range(0, min(len(RAWS[maker]), 300), 7):
        taken_in_raw(io.BytesIO(RAWS[maker][:length]))
