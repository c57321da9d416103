"""Repair: whatever was damaged is whole again, with the same faces, names and albums; killed, the next one goes on."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

import faceindex
from faceindex.errors import LibraryDamaged, UsageError
from faceindex.store.hdf5.segments import file_checksum
from faceindex.types import Vectors

Faces = dict[int, tuple[str, list[int], int | None, str | None]]


@pytest.fixture(scope="module")
def three(many_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos, and a library of them with an album, of which two faces have names."""
    folder = tmp_path_factory.mktemp("three")
    (folder / "photos").mkdir()
    for name in ("00.jpg", "01.jpg", "02.jpg"):
        shutil.copy(many_photos / name, folder / "photos")
    with faceindex.Library(folder / "x.faces") as library:
        library.ingest([folder / "photos"], workers=1)
        library.care.compact()  # on a busy machine the photos come in several batches
        library.cluster()
        library.people.name("Eileen", face=1)
        library.people.name("Somebody", face=3)
    return folder


@pytest.fixture
def path(three: Path, tmp_path: Path) -> Path:
    """A copy of the library that may be damaged."""
    copy = tmp_path / "x.faces"
    shutil.copytree(three / "x.faces", copy)
    return copy


def state(path: Path) -> tuple[Faces, Vectors]:
    with faceindex.Library(path, create=False) as library:
        faces = {face.face: (face.photo, face.box.as_list(), face.album, face.person) for face in library.faces}
        vectors = [vector for _, vector in library.faces.with_vectors() if vector is not None]
    return faces, np.array(vectors)


def assert_as_before(path: Path, three: Path) -> None:
    faces, vectors = state(path)
    before, vectors_before = state(three / "x.faces")
    assert faces == before
    assert np.allclose(vectors, vectors_before, atol=1e-6)
    with faceindex.Library(path, create=False) as library:
        report = library.care.check(deep=True)
        assert report.damage == ()
        assert [note for part in report.parts for note in part.notes] == []


def segment(path: Path) -> Path:
    (file,) = (path / "vectors").iterdir()
    return file


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) - 600] ^= 0xFF
    file.write_bytes(data)


def execute(path: Path, statement: str) -> None:
    with sqlite3.connect(path / "catalog.sqlite") as connection:
        connection.execute(statement)
    connection.close()


def spoil_a_vector(path: Path) -> None:
    """One vector is not of numbers, and the checksums say that it was written so."""
    with h5py.File(segment(path), "r+") as file:
        file["vector"][1, 5] = np.nan
    execute(path, f"UPDATE segments SET checksum = x'{file_checksum(segment(path)).hex()}'")


NAMES = {1: "Eileen", 3: "Somebody"}

DAMAGES: dict[str, Callable[[Path], object]] = {
    "a segment is gone": lambda path: segment(path).unlink(),
    "a segment has a flipped byte": lambda path: flip(segment(path)),
    "a vector is not of numbers": spoil_a_vector,
    "a face has no row": lambda path: execute(path, "UPDATE faces SET segment = 99 WHERE id = 3"),
    "names are gone": lambda path: execute(path, "DELETE FROM person_faces"),
    "the index is damaged": lambda path: flip(path / "index" / "faces.faiss"),
    "files are open to all": lambda path: segment(path).chmod(0o666),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_library_is_as_it_was_before(three: Path, path: Path, damage: str) -> None:
    DAMAGES[damage](path)
    with faceindex.Library(path, create=False) as library:
        assert library.care.check(deep=True).damage != ()
        report = library.care.repair(workers=1)
    assert report.whole
    assert report.found != ()
    assert (report.left, report.failed) == ((), ())
    assert_as_before(path, three)


def test_whole_library_stays_as_it_is_but_for_files_of_unfinished_writes(three: Path, path: Path) -> None:
    file = segment(path)
    before = file.read_bytes()
    file.with_name("000007.h5").write_bytes(b"never committed")
    file.with_name("000007.h5").chmod(0o600)
    with faceindex.Library(path, create=False) as library:
        report = library.care.repair(workers=1)
    assert (report.found, report.left, report.saved, report.analysed) == ((), (), 0, 0)
    assert list((path / "vectors").iterdir()) == [file]
    assert file.read_bytes() == before
    assert_as_before(path, three)


def test_photos_that_are_away_wait_with_names_and_albums_for_the_next_ingest(three: Path, path: Path) -> None:
    segment(path).unlink()
    with faceindex.Library(path, create=False) as library:
        away = (three / "photos").rename(three / "unplugged")
        try:
            report = library.care.repair(workers=1)
        finally:
            away.rename(three / "photos")
        assert (report.whole, report.left, report.analysed, report.waiting) == (False, (), 0, 3)
        assert {face.face: face.person for face in library.faces if face.confirmed} == NAMES
        (note,) = [note for part in library.care.check(deep=True).parts for note in part.notes]
        assert note.startswith("3 faces")
        ingested = library.ingest([three / "photos"], workers=1)
        assert (ingested.new, ingested.new_faces, ingested.total_faces) == (3, 0, 3)
        assert library.ingest([three / "photos"]).unchanged == 3
    assert_as_before(path, three)


def test_photos_that_moved_are_found_where_the_user_says(three: Path, path: Path, tmp_path: Path) -> None:
    away = shutil.move(three / "photos", tmp_path / "moved")
    segment(path).unlink()
    try:
        with faceindex.Library(path, create=False) as library:
            with pytest.raises(UsageError, match="no such file or folder"):
                library.care.repair([tmp_path / "nowhere"])
            report = library.care.repair([tmp_path / "moved"], workers=1)
            assert (report.whole, report.analysed) == (True, 3)
            assert {face.face: face.person for face in library.faces if face.confirmed} == NAMES
            assert library.care.check(deep=True).damage == ()
    finally:
        shutil.move(away, three / "photos")


def test_photo_with_other_content_is_not_taken_for_the_lost_one(three: Path, path: Path) -> None:
    photo = three / "photos" / "00.jpg"
    original = photo.read_bytes()
    photo.write_bytes((three / "photos" / "01.jpg").read_bytes())
    segment(path).unlink()
    try:
        with faceindex.Library(path, create=False) as library:
            report = library.care.repair(workers=1)
            assert (report.analysed, report.waiting) == (2, 1)
            assert library.faces.get(1).person == "Eileen"
    finally:
        photo.write_bytes(original)


def test_face_with_a_name_that_is_not_found_again_stays(three: Path, path: Path) -> None:
    execute(path, "UPDATE faces SET x = x + 1000, segment = 99 WHERE id = 1")
    with faceindex.Library(path, create=False) as library:
        report = library.care.repair(workers=1)
        assert (report.whole, report.waiting, report.analysed) == (False, 1, 0)
        assert [Path(failure.path).name for failure in report.failed] == ["00.jpg"]
        assert library.ingest([three / "photos"]).unchanged == 3
        assert library.faces.get(1).person == "Eileen"


def test_damaged_catalog_is_refused_and_nothing_is_changed(path: Path) -> None:
    execute(path, "DROP TABLE tombstones")
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    with (
        faceindex.Library(path, create=False) as library,
        pytest.raises(LibraryDamaged, match="restore the library from its last backup"),
    ):
        library.care.repair()
    assert {file: file.read_bytes() for file in before} == before


_DIE = """
import os, signal, sys
from pathlib import Path
import faceindex
from faceindex.ingest import repair
from faceindex.store.photos import writing
from faceindex.store.care import mending

def die(*arguments, **options): os.kill(os.getpid(), signal.SIGKILL)
moment = sys.argv[2]
if moment == "rows mended":
    repair.mend_segments = die
elif moment == "a segment swapped":
    mending.unlink = die
elif moment == "lost faces marked":
    repair.local_executor = die
elif moment == "before the commit":
    repair.Writer.commit = die
elif moment == "photos committed":
    real = repair.Writer.commit
    repair.Writer.commit = lambda self, batch: (real(self, batch), die())
with faceindex.Library(sys.argv[1], create=False) as library:
    library.care.repair(workers=1)
"""


@pytest.mark.parametrize(
    "moment", ["rows mended", "a segment swapped", "lost faces marked", "before the commit", "photos committed"]
)
def test_killed_repair_is_finished_by_the_next(three: Path, path: Path, moment: str) -> None:
    flip(segment(path))
    execute(path, "DELETE FROM person_faces")
    arguments = [sys.executable, "-c", _DIE, str(path), moment]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
    with faceindex.Library(path, create=False) as library:
        assert library.care.repair(workers=1).whole
    assert_as_before(path, three)
