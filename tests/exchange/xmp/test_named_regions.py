"""Names in XMP become names of faces, and never overrule what somebody decided."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

import pytest
from exported_photos import ExportedPhotos
from made_library import MadeLibrary
from PIL import Image
from xmp_samples import digikam, extended, lightroom, with_segments

import faceindex
from faceindex.exchange.xmp.named_regions import read_names
from faceindex.faces.recipe import recipe
from faceindex.photos.metadata.areas import Area
from faceindex.photos.metadata.xmp import Packet
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


def test_a_sidecar_has_priority_over_the_photo_unless_it_names_nobody(photos: ExportedPhotos) -> None:
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


def test_decisions_stay(photos: ExportedPhotos) -> None:
    face, other = add(photos, xmp=digikam(*ON_FACE))
    photos.name("Somebody else", face)
    assert read(photos) == NamesRead(photos=1, names=1, named=0, decided=1, without_face=0)
    assert named(photos) == {face: "Somebody else"}
    photos.unname(face)
    assert read(photos).named == 0
    assert named(photos) == {}
    assert other not in named(photos)


def test_reading_again_changes_nothing(photos: ExportedPhotos) -> None:
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


def test_a_missing_photo_is_a_warning(photos: ExportedPhotos) -> None:
    add(photos)
    (photos.root / "a.jpg").unlink()
    assert [warning.path for warning in read(photos).warnings] == [str(photos.root / "a.jpg")]


PLACEHOLDERS = ["Ignored", "Unbekannt", "Неподтверждённые", "_UNKNOWN_", "ffffffffffffffff", "  "]


@pytest.mark.parametrize("said", PLACEHOLDERS)
def test_a_placeholder_names_nobody(photos: ExportedPhotos, said: str) -> None:
    add(photos, xmp=digikam(*ON_FACE).replace(b"Eileen Collins", said.encode()))
    assert read(photos) == NamesRead(photos=0, names=0, named=0, decided=0, without_face=0)
    assert named(photos) == {}


def test_a_sidecar_without_regions_hides_no_other(photos: ExportedPhotos) -> None:
    face, _ = add(photos)
    (photos.root / "a.jpg.xmp").write_bytes(Packet.empty(1).as_bytes())
    (photos.root / "a.xmp").write_bytes(digikam(*ON_FACE))
    assert read(photos).named == 1
    assert named(photos) == {face: "Eileen Collins"}


def test_faces_that_only_one_form_names_are_all_named(photos: ExportedPhotos) -> None:
    face, other = add(photos)
    left, top, width, height = (value / 512 for value in OTHER.as_list())
    microsoft = f'PersonDisplayName="Bob"\n       MPReg:Rectangle="{left}, {top}, {width}, {height}"'
    pattern = r'PersonDisplayName="[^"]*"\s*MPReg:Rectangle="[^"]*"'
    data = re.sub(pattern, microsoft, digikam(*ON_FACE).decode())
    (photos.root / "a.jpg.xmp").write_text(data)
    assert read(photos) == NamesRead(photos=1, names=2, named=2, decided=0, without_face=0)
    assert named(photos) == {face: "Eileen Collins", other: "Bob"}


def test_regions_of_another_state_of_the_photo_are_a_warning(photos: ExportedPhotos) -> None:
    add(photos, xmp=digikam(*ON_FACE).replace(b'stDim:h="512"', b'stDim:h="300"'))
    done = read(photos)
    assert (done.names, named(photos)) == (0, {})
    assert [(warning.path, "512 x 300" in warning.error) for warning in done.warnings] == [
        (str(photos.root / "a.jpg"), True)
    ]


@pytest.fixture(scope="module")
def copied_cases(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases")
    for name in ("stale", "two-sidecars"):
        if not (shared_data / "cases" / name).is_dir():
            pytest.skip(f"no {name} in {shared_data / 'cases'}")
        shutil.copytree(shared_data / "cases" / name, folder / name)
    return folder


def test_photos_that_were_turned_after_they_were_named(copied_cases: Path, tmp_path: Path) -> None:
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("sface")) as library:
        report = library.ingest([copied_cases / "stale"], workers=1, xmp=True)
        assert report.xmp is not None
        assert {Path(warning.path).name for warning in report.xmp.warnings} == {"rot3.jpg", "rot6x.jpg"}
        assert list(library.people) == []


def test_the_second_sidecar_is_read_where_the_first_has_no_regions(copied_cases: Path, tmp_path: Path) -> None:
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("sface")) as library:
        library.ingest([copied_cases / "two-sidecars"], workers=1, xmp=True)
        ordered = sorted((face.box.x, face.person) for face in library.faces)
    assert [person for _, person in ordered] == ["AnnA", "BobA", "CidA", "DeeA", "EveA"]
