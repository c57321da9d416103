"""Names in XMP become names of faces, and never overrule what somebody decided."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from exported_photos import ExportedPhotos
from made_library import MadeLibrary
from PIL import Image
from xmp_samples import digikam, extended, lightroom, with_segments

from faceindex.exchange.named_regions import read_names
from faceindex.photos.areas import Area
from faceindex.photos.xmp import Packet
from faceindex.types import Box, NamesRead

SIZE = (512, 512)
FACE, OTHER = Box(64, 96, 128, 96), Box(320, 96, 64, 96)
ON_FACE = (0.25, 0.28, 0.25, 0.25)
ON_NOTHING = (0.5, 0.875, 0.1, 0.1)


@pytest.fixture
def photos(made: MadeLibrary, tmp_path: Path) -> ExportedPhotos:
    return ExportedPhotos(made, tmp_path / "photos")


def add(photos: ExportedPhotos, name: str = "a.jpg", *, xmp: bytes = b"", shade: int = 0) -> list[int]:
    """A photo of nothing, of which the library says that it has two faces; xmp: in it."""
    return photos.add_boxes([name], [FACE, OTHER], photo_bytes(xmp=xmp, shade=shade), SIZE)


def photo_bytes(*, xmp: bytes, shade: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", SIZE, (shade, 0, 0)).save(buffer, "JPEG", xmp=xmp or None)
    return buffer.getvalue()


def read(photos: ExportedPhotos) -> NamesRead:
    photos.made.folder.close()
    return read_names(photos.made.folder, [str(photos.root)])


def named(photos: ExportedPhotos) -> dict[int, str]:
    photos.made.folder.close()
    return {face.face: face.person for face in photos.made.faces().values() if face.person}


@pytest.mark.parametrize("write", [digikam, lightroom])
@pytest.mark.parametrize("place", ["a.jpg.xmp", "a.xmp", "in the photo"])
def test_a_face_gets_the_name_of_its_region(photos: ExportedPhotos, write: object, place: str) -> None:
    assert callable(write)
    inside = place == "in the photo"
    face, _ = add(photos, xmp=write(*ON_FACE) if inside else b"")
    if not inside:
        (photos.root / place).write_bytes(write(*ON_FACE))
    assert read(photos) == NamesRead(photos=1, names=1, named=1, decided=0, without_face=0)
    assert named(photos) == {face: "Eileen Collins"}


def test_a_sidecar_goes_before_the_photo_unless_it_names_nobody(photos: ExportedPhotos) -> None:
    face, _ = add(photos, xmp=digikam(*ON_FACE))
    sidecar = photos.root / "a.jpg.xmp"
    sidecar.write_bytes(digikam(*ON_FACE).replace(b"Eileen Collins", b"Ada"))
    read(photos)
    assert named(photos) == {face: "Ada"}
    second, _ = add(photos, "b.jpg", xmp=digikam(*ON_FACE), shade=9)
    (photos.root / "b.jpg.xmp").write_bytes(Packet.empty(1).as_bytes())
    read(photos)
    assert named(photos)[second] == "Eileen Collins"


def test_names_in_the_extended_part_of_a_jpeg_are_read(photos: ExportedPhotos) -> None:
    standard, segments = extended(digikam(*ON_FACE).replace(b"</rdf:RDF>", b"<!--" + b"x" * 99_000 + b"--></rdf:RDF>"))
    data = with_segments(photo_bytes(xmp=standard), segments)
    (photos.root / "a.jpg").parent.mkdir()
    face, _ = photos.add_boxes(["a.jpg"], [FACE, OTHER], data, SIZE)
    assert read(photos) == NamesRead(photos=1, names=1, named=1, decided=0, without_face=0)
    assert named(photos) == {face: "Eileen Collins"}
    damaged = with_segments(photo_bytes(xmp=standard, shade=9), segments[:1])
    photos.add_boxes(["b.jpg"], [FACE, OTHER], damaged, SIZE)
    (warning,) = read(photos).warnings
    assert (warning.path, "extended part are missing" in warning.error) == (str(photos.root / "b.jpg"), True)


def test_what_people_decided_stays(photos: ExportedPhotos) -> None:
    face, other = add(photos, xmp=digikam(*ON_FACE))
    photos.name("Somebody else", face)
    assert read(photos) == NamesRead(photos=1, names=1, named=0, decided=1, without_face=0)
    assert named(photos) == {face: "Somebody else"}
    photos.unname(face)
    assert read(photos).named == 0
    assert named(photos) == {}
    assert other not in named(photos)


def test_reading_again_names_nobody_anew(photos: ExportedPhotos) -> None:
    add(photos, xmp=digikam(*ON_FACE))
    assert (read(photos).named, read(photos).named) == (1, 0)


def test_regions_without_a_face_are_counted(photos: ExportedPhotos) -> None:
    packet = Packet(digikam(*ON_FACE))
    packet.add("Bob", Area(*ON_NOTHING), SIZE)
    packet.add(None, Area(*ON_NOTHING), SIZE)
    add(photos, xmp=packet.as_bytes())
    assert read(photos) == NamesRead(photos=1, names=2, named=1, decided=0, without_face=1)


@pytest.mark.parametrize("broken", [b"<x:xmpmeta Regions", b"<!DOCTYPE a><a>Regions</a>", b"\xff\xfeRegions\x00"])
def test_broken_xmp_is_a_warning_and_the_photos_own_is_read(photos: ExportedPhotos, broken: bytes) -> None:
    face, _ = add(photos, xmp=digikam(*ON_FACE))
    (photos.root / "a.jpg.xmp").write_bytes(broken)
    done = read(photos)
    assert [warning.path for warning in done.warnings] == [str(photos.root / "a.jpg.xmp")]
    assert named(photos) == {face: "Eileen Collins"}


def test_a_photo_that_is_gone_is_a_warning(photos: ExportedPhotos) -> None:
    add(photos)
    (photos.root / "a.jpg").unlink()
    assert [warning.path for warning in read(photos).warnings] == [str(photos.root / "a.jpg")]
