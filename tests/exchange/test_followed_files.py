"""A name that was read from a file is the file's: it changes and goes with it, unless people decided otherwise here."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest
from exported_photos import ExportedPhotos
from made_library import MadeLibrary
from PIL import Image
from xmp_samples import digikam

import faceindex
from faceindex.exchange.naming import name_faces
from faceindex.exchange.tally import Tally
from faceindex.exchange.xmp.named_regions import read_names
from faceindex.exchange.xmp.sidecars import write_sidecars
from faceindex.journal.acts import HIDE, REJECT
from faceindex.people import acting, undoing
from faceindex.people.history import past_acts
from faceindex.photos.metadata.areas import area_of
from faceindex.photos.metadata.xmp import Packet
from faceindex.store.care.erasing import erase
from faceindex.store.care.joining import take_decisions
from faceindex.store.care.transfer import transfer_decisions
from faceindex.store.journal.names import decide, replay_all
from faceindex.types import Box, NamesRead, SidecarReport

SIZE = (512, 512)
FACE, OTHER = Box(64, 96, 128, 96), Box(320, 96, 64, 96)
ON_FACE = (0.25, 0.28, 0.25, 0.25)


@pytest.fixture
def photos(made: MadeLibrary, tmp_path: Path) -> ExportedPhotos:
    return ExportedPhotos(made, tmp_path / "photos")


def add(photos: ExportedPhotos, name: str = "a.jpg", *, xmp: bytes | None = None, shade: int = 0) -> list[int]:
    """A photo of nothing, of which the library says that it has two faces. xmp: in it."""
    buffer = io.BytesIO()
    Image.new("RGB", SIZE, (shade, 0, 0)).save(buffer, "JPEG", xmp=xmp)
    return photos.add_boxes([name], [FACE, OTHER], buffer.getvalue(), SIZE)


def say(photos: ExportedPhotos, name: str | None, sidecar: str = "a.jpg.xmp", second: str | None = None) -> None:
    """Let a sidecar name the first face, and the second; None is no region."""
    packet = Packet.empty(1) if name is None else Packet(digikam(*ON_FACE).replace(b"Eileen Collins", name.encode()))
    if second:
        packet.add(second, area_of(OTHER, SIZE), SIZE)
    (photos.root / sidecar).write_bytes(packet.as_bytes())


def read(photos: ExportedPhotos, under: str = "") -> NamesRead:
    photos.made.folder.close()
    return read_names(photos.made.folder, [str(photos.root / under) if under else str(photos.root)])


def named(photos: ExportedPhotos) -> dict[int, str]:
    photos.made.folder.close()
    return {face.face: face.person for face in photos.made.faces().values() if face.person}


def write(photos: ExportedPhotos, to: Path | None = None) -> SidecarReport:
    photos.made.folder.close()
    return write_sidecars(photos.made.folder.catalog, [str(photos.root)], to=None if to is None else str(to))


def names_in(sidecar: Path) -> list[str]:
    return [name for name, _ in Packet(sidecar.read_bytes()).names()]


def undo(photos: ExportedPhotos, act: int | None = None) -> None:
    photos.made.folder.close()
    undoing.undo(photos.made.folder, act)


def test_a_corrected_name_is_followed(photos: ExportedPhotos) -> None:
    face, _ = add(photos)
    say(photos, "Ann")
    assert read(photos).named == 1
    say(photos, "Anna")
    done = read(photos)
    assert (done.named, done.removed, done.decided) == (1, 0, 0)
    assert named(photos) == {face: "Anna"}
    assert (read(photos).named, read(photos).decided) == (0, 1)


@pytest.mark.parametrize("now", [None, "Ignored"])
def test_the_name_of_a_removed_region_is_removed(photos: ExportedPhotos, now: str | None) -> None:
    face, other = add(photos)
    say(photos, "Ann", second="Bob")
    read(photos)
    say(photos, now, second="Bob")
    done = read(photos)
    assert (done.named, done.removed) == (0, 1)
    assert named(photos) == {other: "Bob"}
    say(photos, None)
    assert read(photos).removed == 1
    assert named(photos) == {}
    say(photos, "Ann")
    assert read(photos).named == 1
    assert named(photos) == {face: "Ann"}


def test_decisions_have_priority_over_the_file(photos: ExportedPhotos) -> None:
    face, other = add(photos)
    say(photos, "Ann", second="Bob")
    read(photos)
    photos.name("Cy", face)
    photos.unname(other)
    say(photos, "Anna", second="Bobby")
    assert (read(photos).named, read(photos).decided) == (0, 2)
    assert named(photos) == {face: "Cy"}
    say(photos, None)
    assert read(photos).removed == 0
    assert named(photos) == {face: "Cy"}
    undo(photos)
    undo(photos)  # nothing is decided any more: the file names neither face
    assert (read(photos).removed, named(photos)) == (2, {})


def test_to_hide_a_face_or_to_reject_another_decides_nothing_about_its_name(photos: ExportedPhotos) -> None:
    face, other = add(photos)
    with photos.made.folder.decisions() as catalog, catalog.transaction() as transaction:
        decide(transaction, HIDE, [], others=[[face]])
        decide(transaction, REJECT, [other], others=[[face]])
    say(photos, "Ann", second="Bob")
    assert read(photos).named == 1
    assert named(photos) == {face: "Ann"}


def test_names_that_came_as_rows_go_before_the_file_here_and_in_a_copy(photos: ExportedPhotos, tmp_path: Path) -> None:
    face, other = add(photos)
    name_faces(photos.made.folder, {face: "Cy", other: "Di"}, Tally())
    say(photos, "Ann", second="Bob")
    assert (read(photos).named, read(photos).decided) == (0, 2)
    copy = ExportedPhotos(MadeLibrary(tmp_path / "copy.faces"), photos.root)
    here = dict(zip((face, other), add(copy), strict=True))
    with copy.made.folder.writer() as writer, writer.catalog.transaction() as transaction:
        transfer_decisions(photos.made.folder.catalog.connection, transaction, here)
        replay_all(transaction)
    assert (read(copy).named, named(copy)) == (0, {here[face]: "Cy", here[other]: "Di"})
    undo(copy)
    assert named(copy) == {}
    assert read(copy).named == 2
    copy.made.folder.close()


def test_an_import_is_undone_as_a_whole_and_stays_so_until_the_file_changes(photos: ExportedPhotos) -> None:
    face, other = add(photos)
    say(photos, "Ann", second="Bob")
    read(photos)
    undo(photos)
    assert named(photos) == {}
    assert [person.person for person in photos.made.folder.catalog.people()] == []
    assert (read(photos).named, read(photos).decided) == (0, 2)
    say(photos, "Anna", second="Bob")
    assert read(photos).named == 1
    assert named(photos) == {face: "Anna"}
    undo(photos)
    assert named(photos) == {}
    assert other not in named(photos)


def test_an_undo_of_an_import_is_taken_back_as_a_whole(photos: ExportedPhotos) -> None:
    face, other = add(photos)
    say(photos, "Ann", second="Bob")
    read(photos)
    undo(photos)
    acts = past_acts(photos.made.folder.catalog)
    assert [(act.kind, act.imported, act.undone) for act in acts] == [
        ("name", 1, True),
        ("name", 1, True),
        ("undo", 3, False),
        ("undo", 3, False),
    ]
    undo(photos, 4)
    assert named(photos) == {face: "Ann", other: "Bob"}
    undo(photos, 1)
    assert named(photos) == {}


def test_an_outdated_name_is_never_written(photos: ExportedPhotos, tmp_path: Path) -> None:
    face, other = add(photos)
    sidecar = photos.root / "a.jpg.xmp"
    say(photos, "Ann", second="Bob")
    read(photos)
    say(photos, "Anna", second="Bob")
    before = sidecar.read_bytes()
    assert (write(photos).written, sidecar.read_bytes()) == (0, before)
    assert write(photos, tmp_path / "out").written == 1
    assert names_in(tmp_path / "out" / "a.jpg.xmp") == ["Anna", "Bob"]
    say(photos, None)
    assert (write(photos).written, names_in(sidecar)) == (0, [])
    photos.name("Eva", face)
    write(photos)
    assert names_in(sidecar) == ["Eva"]
    assert other in named(photos)


def test_a_person_who_is_renamed_here_is_so_in_files_too(photos: ExportedPhotos) -> None:
    face, other = add(photos)
    sidecar = photos.root / "a.jpg.xmp"
    say(photos, "Ann", second="Bob")
    tags = b"<digiKam:TagsList><rdf:Seq><rdf:li>People/Ann</rdf:li></rdf:Seq></digiKam:TagsList>"
    sidecar.write_bytes(re.sub(rb"(?s)<digiKam:TagsList>.*</digiKam:TagsList>", tags, sidecar.read_bytes()))
    read(photos)
    photos.made.folder.close()
    acting.rename(photos.made.folder, "Ann", "Anna")
    assert (read(photos).named, named(photos)) == (0, {face: "Anna", other: "Bob"})
    assert write(photos).written == 1
    assert names_in(sidecar) == ["Anna", "Bob"]
    assert b"People/Anna<" in sidecar.read_bytes()
    assert (read(photos).named, named(photos)) == (0, {face: "Anna", other: "Bob"})
    say(photos, "Eva", second="Bob")
    read(photos)
    assert named(photos) == {face: "Eva", other: "Bob"}


def test_an_outdated_name_is_not_written_beside_a_photo_that_has_another(photos: ExportedPhotos) -> None:
    face, _ = add(photos, xmp=digikam(*ON_FACE))
    read(photos)
    assert named(photos) == {face: "Eileen Collins"}
    assert write(photos).written == 1
    assert names_in(photos.root / "a.jpg.xmp") == ["Eileen Collins"]


def test_a_name_stays_when_the_sidecar_was_left_behind_or_has_moved_with_the_photo(photos: ExportedPhotos) -> None:
    face, _ = add(photos)
    say(photos, "Ann")
    read(photos)
    (photos.root / "a.jpg.xmp").unlink()
    assert read(photos).removed == 0
    assert named(photos) == {face: "Ann"}
    say(photos, "Ann", "a.xmp")
    read(photos)
    say(photos, "Anna", "a.xmp")
    assert read(photos).named == 1
    assert named(photos) == {face: "Anna"}


@pytest.mark.parametrize("broken", [b"<x:xmpmeta Regions", b"", None])
def test_a_name_stays_when_the_file_cannot_be_understood(photos: ExportedPhotos, broken: bytes | None) -> None:
    face, _ = add(photos)
    say(photos, "Ann")
    read(photos)
    sidecar = photos.root / "a.jpg.xmp"
    if broken is None:
        broken = digikam(0.75, 0.72, 0.25, 0.25).replace(b'stDim:h="512"', b'stDim:h="300"')
    sidecar.write_bytes(broken)
    done = read(photos)
    assert (done.removed, [warning.path for warning in done.warnings]) == (0, [str(sidecar)])
    assert named(photos) == {face: "Ann"}


def test_a_sidecar_has_priority_over_a_name_read_earlier_in_the_photo(photos: ExportedPhotos) -> None:
    face, _ = add(photos, xmp=digikam(*ON_FACE))
    read(photos)
    say(photos, "Ada")
    assert read(photos).named == 1
    assert named(photos) == {face: "Ada"}


def test_a_copy_of_the_photo_that_says_something_else_changes_nothing(photos: ExportedPhotos) -> None:
    face, _ = add(photos, "one/a.jpg")
    add(photos, "one/b.jpg", shade=9)
    data = (photos.root / "one" / "a.jpg").read_bytes()
    photos.add_boxes(["one/a.jpg", "two/a.jpg"], [FACE, OTHER], data, SIZE)
    say(photos, "Ann", "one/a.jpg.xmp")
    say(photos, "Bob", "two/a.jpg.xmp")
    assert read(photos).named == 1
    for under in ("two", "one", ""):
        assert read(photos, under).named == 0
        assert named(photos) == {face: "Ann"}
    say(photos, None, "one/a.jpg.xmp")
    assert read(photos, "one").removed == 1


def test_a_region_that_lies_on_no_face_any_more_keeps_its_name(photos: ExportedPhotos) -> None:
    face, _ = add(photos)
    say(photos, "Ann")
    read(photos)
    moved = digikam(0.5, 0.9, 0.1, 0.1).replace(b"Eileen Collins", b"Ann")
    (photos.root / "a.jpg.xmp").write_bytes(moved)
    assert read(photos).without_face == 1
    assert named(photos) == {face: "Ann"}


def test_what_files_said_is_forgotten_with_a_face_and_a_name(photos: ExportedPhotos) -> None:
    face, other = add(photos)
    say(photos, "Ann", second="Bob")
    read(photos)
    with photos.made.folder.writer() as writer:
        erase(writer, photos.made.folder.index, faces=[face], people=["Ann"])
        rows = writer.catalog.connection.execute("SELECT face, name FROM names_in_files").fetchall()
    assert rows == [(other, "Bob")]


def test_another_library_of_the_same_photos_still_reads_changes_of_files(
    photos: ExportedPhotos, tmp_path: Path
) -> None:
    face, _ = add(photos)
    say(photos, "Ann")
    read(photos)
    copy = ExportedPhotos(MadeLibrary(tmp_path / "copy.faces"), photos.root)
    (same, _) = add(copy)
    with copy.made.folder.writer() as writer, writer.catalog.transaction() as transaction:
        transfer_decisions(photos.made.folder.catalog.connection, transaction, {face: same})
    say(copy, "Anna")
    assert read(copy).named == 1
    undo(copy)
    assert named(copy) == {same: "Ann"}
    copy.made.folder.close()


def test_a_library_that_another_one_joins_still_reads_changes_of_files(photos: ExportedPhotos, tmp_path: Path) -> None:
    add(photos)
    say(photos, "Ann", second="Bob")
    read(photos)
    joined = ExportedPhotos(MadeLibrary(tmp_path / "joined.faces"), photos.root)
    same, other = add(joined)
    photos.made.folder.close()
    with (
        photos.made.folder.decisions() as source,
        joined.made.folder.writer() as writer,
        writer.catalog.transaction() as transaction,
    ):
        assert take_decisions(source, transaction) == 2
    assert named(joined) == {same: "Ann", other: "Bob"}
    say(joined, "Anna", second="Bob")
    assert (read(joined).named, named(joined)) == (1, {same: "Anna", other: "Bob"})
    joined.made.folder.close()


def test_an_import_is_undone_by_the_command(astronaut: faceindex.types.Pixels, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(astronaut).save(folder / "a.jpg", quality=95)
    area = area_of(Box(170, 40, 110, 150), SIZE)
    (folder / "a.jpg.xmp").write_bytes(digikam(area.x, area.y, area.width, area.height))
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.ingest([folder], workers=1, xmp=True)
        assert [person.person for person in library.people] == ["Eileen Collins"]
        library.cluster(rebuild=True)
        assert library.history.undo().person == "Eileen Collins"
        assert list(library.people) == []
        again = library.ingest([folder], workers=1, xmp=True).xmp
        assert again is not None
        assert (again.named, list(library.people)) == (0, [])
        os.utime(folder / "a.jpg.xmp")
        library.history.undo(list(library.history)[-1].act)
        assert [person.person for person in library.people] == ["Eileen Collins"]
