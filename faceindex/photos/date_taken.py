"""When a photo was taken: the date and time that its camera or a person wrote into it, and where it is written.

In this order: EXIF's DateTimeOriginal, in its own directory or in the first one (scanners, TIFF/EP); EXIF's
DateTimeDigitized, likewise; XMP; the "Creation Time" of a PNG. The date of the last change (EXIF's DateTime, PNG's
tIME) is not used.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO

from PIL import Image

from faceindex.photos.identity import has_raw_magic, is_tiff
from faceindex.photos.metadata.xmp import Packet
from faceindex.photos.turning import exif_of

EARLIEST_YEAR = 1826
"""Year of the first photograph; an earlier date is wrong, or from a clock that was not set."""

_EXIF_IFD = 0x8769  # EXIF 2.32, tables 4 and 7
_EXIF_DATES = (("DateTimeOriginal", 0x9003, 0x9011), ("DateTimeDigitized", 0x9004, 0x9012))
_XMP_TAG = 700
_XMP_DATES = (  # Guidelines for Handling Image Metadata 2.0, table "Dates": the first two are when it was taken
    ("exif:DateTimeOriginal", "{http://ns.adobe.com/exif/1.0/}DateTimeOriginal"),
    ("photoshop:DateCreated", "{http://ns.adobe.com/photoshop/1.0/}DateCreated"),
    ("xmp:CreateDate", "{http://ns.adobe.com/xap/1.0/}CreateDate"),
    ("exif:DateTimeDigitized", "{http://ns.adobe.com/exif/1.0/}DateTimeDigitized"),
)
_WRITTEN = re.compile(
    r"(\d{4})(?:[:./-](\d\d?)(?:[:./-](\d\d?)(?:[T ]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,]\d*)?)?)?)?)?"
    r"[\s:]*(Z|[+-][01]\d:?[0-5]\d)?",
    re.ASCII,
)
_OFFSET = re.compile(r"[+-][01]\d:[0-5]\d", re.ASCII)

_RAW_HEAD_BYTES = 32 << 20  # EXIF is before the sensor data, or in a preview before them
_BLOCKS = ((b"Exif\0\0", 6), (b"CMT2", 4), (b"CMT1", 4), (b"\0TTW", 8))
"""What comes before the TIFF structures of EXIF: JPEG previews (RAF, RW2, X3F), Canon's CR3, Minolta's MRW."""
_MAX_BLOCKS, _MAX_EXIF_BYTES = 8, 1 << 20


@dataclass(frozen=True, slots=True)
class Taken:
    """date: the camera's local time in ISO 8601, "2019-07-20T17:45:22", with "-07:00" if the zone is known; only day,
    month or year if no more is known. source: "EXIF DateTimeOriginal", "XMP photoshop:DateCreated", ...
    """

    date: str
    source: str


def taken_in_image(image: Image.Image) -> Taken | None:
    """The date in an opened photo; None if it has none or its metadata are broken."""
    with suppress(Exception):
        if found := _in_exif(exif_of(image)):
            return found
    packet = image.info.get("xmp")
    if isinstance(packet, bytes) and (found := taken_in_packet(packet)):
        return found
    written = image.info.get("Creation Time")
    said = _read_date(str(written)) or _read_mail_date(str(written)) if written else None
    return Taken(said, "PNG Creation Time") if said else None


def taken_in_packet(packet: bytes, source: str = "XMP") -> Taken | None:
    """The date in an XMP packet, embedded or from a sidecar; None if it has none or is broken."""
    if b"Date" not in packet and packet[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return None  # nothing to parse
    with suppress(Exception):
        properties = Packet(packet)
        for name, tag in _XMP_DATES:
            if said := _read_date(properties.property_text(tag) or ""):
                return Taken(said, f"{source} {name}")
    return None


def taken_in_raw(file: BinaryIO) -> Taken | None:
    """The date in an open RAW photo, of which only the beginning is read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for exif in _raw_exifs(file):
            packet = exif.get(_XMP_TAG)
            if found := _in_exif(exif) or (taken_in_packet(packet) if isinstance(packet, bytes) else None):
                return found
    return None


def is_maybe_raw(head: bytes) -> bool:
    """Whether a file that starts so may be a RAW photo, whose date `taken_in_raw` finds."""
    return is_tiff(head) or has_raw_magic(head)


def _in_exif(exif: Image.Exif) -> Taken | None:
    own = exif.get_ifd(_EXIF_IFD)
    for name, tag, offset in _EXIF_DATES:
        for directory in (own, exif):
            said = _read_date(_text(directory.get(tag)))
            if said:
                zone = _text(own.get(offset))
                return Taken(said + zone if _has_time_alone(said) and _OFFSET.fullmatch(zone) else said, f"EXIF {name}")
    return None


def _raw_exifs(file: BinaryIO) -> Iterator[Image.Exif]:
    head = file.read(12)
    file.seek(0)
    if is_tiff(head):
        with suppress(Exception):
            exif = Image.Exif()
            exif.load_from_fp(file)
            yield exif
        return
    data = file.read(_RAW_HEAD_BYTES)
    if head[:2] in (b"II", b"MM"):  # Olympus and Panasonic: TIFF with another signature
        name = b"*\0" if head[:2] == b"II" else b"\0*"
        yield from _loaded(head[:2] + name + data[4:])
    for mark, length in _BLOCKS:
        place = data.find(mark)
        for _ in range(_MAX_BLOCKS):
            if place < 0:
                break
            if is_tiff(data[place + length : place + length + 4]):
                yield from _loaded(data[place + length : place + length + _MAX_EXIF_BYTES])
            place = data.find(mark, place + 1)


def _loaded(data: bytes) -> Iterator[Image.Exif]:
    with suppress(Exception):
        exif = Image.Exif()
        exif.load(b"Exif\0\0" + data)
        exif.get_ifd(_EXIF_IFD)
        yield exif


def _read_date(written: str) -> str | None:
    """A date in ISO 8601, from what EXIF, XMP or careless programs write; None if it is not a date."""
    found = _WRITTEN.fullmatch(written.strip(" \0\n\r\t"))
    if not found:
        return None
    *numbers, zone = found.groups()
    year, month, day, hour, minute, second = (int(number) if number else None for number in numbers)
    try:
        if year is None or year < EARLIEST_YEAR:
            return None
        if not month:
            return f"{year:04}"
        if not day:
            return date(year, month, 1).isoformat()[:7]
        if hour is None or minute is None:
            return date(year, month, day).isoformat()
        said = datetime(year, month, day, hour, minute, second or 0).isoformat()
    except ValueError:
        return None
    return said + _with_colon("+00:00" if zone == "Z" else zone or "")


def _read_mail_date(written: str) -> str | None:
    """A date as in RFC 1123, which PNG recommends."""
    from email.utils import parsedate_to_datetime  # rare, and takes 7 ms to import

    try:
        return parsedate_to_datetime(written).isoformat(timespec="seconds")
    except (TypeError, ValueError, IndexError):
        return None


def _with_colon(zone: str) -> str:
    return f"{zone[:3]}:{zone[-2:]}" if zone else ""


def _has_time_alone(said: str) -> bool:
    return len(said) == len("2019-07-20T17:45:22")


def _text(value: object) -> str:
    value = value[0] if isinstance(value, tuple) and value else value
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip(" \0")
