"""A library goes into one portable file and comes out of it as it was."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from made_library import MadeLibrary

import faceindex
from faceindex.errors import NewerSchema, RecipeMismatch, UsageError
from faceindex.exchange import library_import
from faceindex.exchange.library_import import import_library
from faceindex.faces.recipe import recipe
from faceindex.faces.vectors_only import vectors_only
from faceindex.store.care import tables
from faceindex.store.folder import LibraryFolder
from faceindex.store.migrations import MIGRATIONS
from faceindex.types import Box

BOXES = [Box(10, 10, 50, 50), Box(200, 10, 60, 60)]
NO_UTF8 = os.fsdecode(b"/caf\xe9.jpg")


@pytest.fixture
def library(made: MadeLibrary) -> Iterator[faceindex.Library]:
    """Forty photos of two faces, some changed since, with albums, names and other decisions."""
    for start in range(0, 40, 10):
        made.store_all({f"photo {number}": BOXES for number in range(start, start + 10)})
    made.store("edited", BOXES[:1], path="/photo 3.jpg")
    made.store("wrong name", BOXES, path=NO_UTF8)
    with faceindex.Library(made.folder.path) as opened:
        opened.cluster(threshold=20, method="dbscan")
        opened.people.name("Ann", face=2)
        opened.people.name("Zoë", face=9)
        opened.faces.hide(12)
        opened.history.undo(opened.people.name("Wrong", face=20).faces and None)
        opened.photos.remove(["/photo 7.jpg"])
        opened.photos.forget(["/photo 8.jpg"])
        yield opened


def everything(library: faceindex.Library) -> dict[str, Any]:
    connection = library._opened.folder.catalog.connection
    names = [table.name for table in tables.tables(library._opened.folder.catalog)]
    rows = {
        name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
        for name in names
        if name not in ("settings", "faces", "unread_dates")
    }
    ids, vectors = library._opened.folder.vectors()
    rows["faces"] = connection.execute("SELECT id, photo, x, y, width, height, score, landmarks FROM faces").fetchall()
    rows["vectors"] = [(ids.tolist(), vectors.tobytes())]
    return rows


def test_a_new_library_is_a_copy_of_the_exported_one(library: faceindex.Library, tmp_path: Path) -> None:
    assert library.export(tmp_path / "x.h5", form="hdf5") == len(list(library.faces))
    with faceindex.Library(tmp_path / "new.faces") as new:
        report = new.import_([tmp_path / "x.h5"])
        assert (report.faces, report.known, report.total_faces) == (report.rows, 0, report.rows)
        assert everything(new) == everything(library)
        assert list(new.albums.list(hidden=True, limit=None)) == list(library.albums.list(hidden=True, limit=None))
        assert list(new.people.list(hidden=True, limit=None)) == list(library.people.list(hidden=True, limit=None))
        assert list(new.history) == list(library.history)
        assert list(new.photos) == list(library.photos)
        assert not new.care.check(deep=True).damage
        again = new.import_([tmp_path / "x.h5"])
        assert (again.faces, again.acts, again.known) == (0, 0, report.rows)
        assert everything(new) == everything(library)


def test_ids_go_on_where_they_were(library: faceindex.Library, tmp_path: Path) -> None:
    library.export(tmp_path / "x.h5", form="hdf5")
    with faceindex.Library(tmp_path / "new.faces") as new:
        new.import_([tmp_path / "x.h5"])
    given = "SELECT seq FROM sqlite_sequence WHERE name = 'faces'"
    (last,) = library._opened.folder.catalog.connection.execute(given).fetchone()
    other = MadeLibrary(tmp_path / "new.faces")
    other.store("one more", BOXES)
    assert sorted(other.faces())[-2:] == [last + 1, last + 2]
    other.folder.close()


def test_ingest_of_the_same_photos_analyses_none(
    small_library: faceindex.Library, many_photos: Path, tmp_path: Path
) -> None:
    small_library.export(tmp_path / "x.h5", form="hdf5")
    with faceindex.Library(tmp_path / "new.faces") as new:
        new.import_([tmp_path / "x.h5"])
        report = new.ingest([many_photos], workers=1)
        assert (report.seen, report.unchanged, report.failed) == (23, 22, 1)
        assert new.search(many_photos / "03.jpg")[0].matches == small_library.search(many_photos / "03.jpg")[0].matches


def test_the_columns_can_be_read_as_arrays(library: faceindex.Library, tmp_path: Path) -> None:
    library.export(tmp_path / "x.h5", form="hdf5")
    faces = list(library.faces)
    ids, vectors = library._opened.folder.vectors()
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["face_id"][:].tolist() == [face.face for face in faces] == ids.tolist()
        assert file["vector"][:].tobytes() == vectors.tobytes()
        assert [os.fsdecode(path) for path in file["photo"][:]] == [face.photo for face in faces]
        assert [name.decode() or None for name in file["person"][:]] == [face.person for face in faces]
        assert file["box"][:].tolist() == [face.box.as_list() for face in faces]
        assert file["album"][:].tolist() == [-1 if face.album is None else face.album for face in faces]
        assert file["photo_width"][0] == 1000
        assert file.attrs["recipe"] == library.recipe.fingerprint
        assert len(file["library/paths/path"]) == len(list(library.photos))
    assert (tmp_path / "x.h5").stat().st_mode & 0o777 == 0o600
    assert len(list(library.search_many(tmp_path / "x.h5", k=1))) == len(faces)


def test_another_library_gets_what_it_lacks_and_keeps_what_it_has(library: faceindex.Library, tmp_path: Path) -> None:
    library.export(tmp_path / "x.h5", form="hdf5")
    other = MadeLibrary(tmp_path / "other.faces")
    other.store("own", BOXES)
    other.store("photo 0", BOXES)  # has faces 1 and 2 there, 3 and 4 here
    other.store("else", BOXES, path="/photo 5.jpg")
    other.folder.close()
    with faceindex.Library(tmp_path / "other.faces") as joined:
        joined.people.name("Anna", face=4)
        first = joined.import_([tmp_path / "x.h5"])
        before = everything(joined)
        photos = {photo.path for photo in library.photos}
        assert {photo.path for photo in joined.photos} == photos | {"/own.jpg", "/photo 5.jpg"}
        assert [wrong.path for wrong in first.without_face] == ["/photo 5.jpg"]
        assert joined.faces.get(4).person == "Anna"
        assert [person.person for person in joined.people] == ["Anna", "Zoë"]
        assert not joined.care.check(deep=True).damage
        again = joined.import_([tmp_path / "x.h5"])
        assert (again.faces, again.acts) == (0, 0)
        assert everything(joined) == before


def test_a_name_waits_for_a_photo_that_was_removed(library: faceindex.Library, tmp_path: Path) -> None:
    library.people.name("Grace", face=25)
    library.photos.remove([library.faces.get(25).photo])
    library.export(tmp_path / "x.h5", form="hdf5")
    other = MadeLibrary(tmp_path / "other.faces")
    other.store("own", BOXES)
    with faceindex.Library(tmp_path / "other.faces") as joined:
        joined.import_([tmp_path / "x.h5"])
        joined.import_([tmp_path / "x.h5"])
    other.store("photo 12", BOXES)
    assert [face.person for face in other.faces().values() if face.photo == "/photo 12.jpg"] == ["Grace", None]
    other.folder.close()


def test_erased_photos_are_not_imported(library: faceindex.Library, tmp_path: Path) -> None:
    library.export(tmp_path / "x.h5", form="hdf5")
    other = MadeLibrary(tmp_path / "other.faces")
    other.store("photo 1", BOXES)
    other.folder.close()
    with faceindex.Library(tmp_path / "other.faces") as joined:
        joined.photos.forget(["/photo 1.jpg"])
        joined.import_([tmp_path / "x.h5"])
        assert "/photo 1.jpg" not in {photo.path for photo in joined.photos}


def test_an_import_that_was_stopped_anywhere_goes_on(
    library: faceindex.Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.export(tmp_path / "x.h5", form="hdf5")
    other = MadeLibrary(tmp_path / "other.faces")
    other.store("own", BOXES)
    monkeypatch.setattr(library_import, "_PHOTOS", 7)
    calls = 0

    def killed(*_: object) -> int:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return 0

    monkeypatch.setattr(library_import, "compact", killed)
    with pytest.raises(KeyboardInterrupt):
        import_library(other.folder, tmp_path / "x.h5")
    assert len(other.faces()) == 2 + 2 * 21
    taken = import_library(other.folder, tmp_path / "x.h5")
    assert (taken.known, len(other.faces())) == (42, 2 + len(list(library.faces)))
    other.folder.close()


def test_a_new_library_that_was_killed_while_it_was_made_is_made_by_the_next_import(
    library: faceindex.Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.export(tmp_path / "x.h5", form="hdf5")
    with monkeypatch.context() as patched:
        patched.setattr(library_import, "take_all", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with faceindex.Library(tmp_path / "new.faces") as new, pytest.raises(KeyboardInterrupt):
            new.import_([tmp_path / "x.h5"])
    with faceindex.Library(tmp_path / "new.faces") as new:
        new.import_([tmp_path / "x.h5"])
        assert everything(new) == everything(library)
        assert [path.name for path in (tmp_path / "new.faces" / "vectors").iterdir()] == ["000001.h5"]


def test_a_face_that_lost_its_vector_still_waits_for_it(library: faceindex.Library, tmp_path: Path) -> None:
    with library._opened.folder.writer() as writer, writer.catalog.transaction() as transaction:
        transaction.execute("UPDATE faces SET segment = 0 WHERE id = 30")
    library.export(tmp_path / "x.h5", form="hdf5")
    library.export(tmp_path / "x.npz", form="npz")
    with h5py.File(tmp_path / "x.h5") as file, np.load(tmp_path / "x.npz") as arrays:
        row = file["face_id"][:].tolist().index(30)
        assert np.isnan(file["vector"][row]).all()
        assert np.isnan(arrays["vector"][row]).all()
        assert not np.isnan(file["vector"][row - 1]).any()
    with faceindex.Library(tmp_path / "new.faces") as new:
        new.import_([tmp_path / "x.h5"])
        assert new._opened.folder.catalog.waiting_faces() == 1
        assert not new.care.check(deep=True).damage


def test_a_file_of_an_earlier_schema_is_migrated(library: faceindex.Library, tmp_path: Path) -> None:
    library.export(tmp_path / "x.h5", form="hdf5")
    schema = sqlite3.connect(":memory:")
    for step in MIGRATIONS[:7]:
        step(schema)
    with h5py.File(tmp_path / "x.h5", "r+") as file:
        for table in list(file["library"]):
            known = {name for _, name, *_ in schema.execute(f"PRAGMA table_info({table})")}
            for column in set(file[f"library/{table}"]) - known:
                del file[f"library/{table}/{column}"]
            if not known:
                del file[f"library/{table}"]
        file.attrs["schema"] = 7
    with faceindex.Library(tmp_path / "new.faces") as new:
        new.import_([tmp_path / "x.h5"])
        assert list(new.photos) == list(library.photos)


def test_a_wrong_file_is_an_error_and_creates_no_library(library: faceindex.Library, tmp_path: Path) -> None:
    library.export(tmp_path / "x.h5", form="hdf5")
    whole = (tmp_path / "x.h5").read_bytes()

    def said(change: Any, error: type[Exception] = UsageError) -> str:
        shutil.copy(tmp_path / "x.h5", tmp_path / "y.h5")
        with h5py.File(tmp_path / "y.h5", "r+") as file:
            change(file)
        with faceindex.Library(tmp_path / "new.faces") as new, pytest.raises(error) as caught:
            new.import_([tmp_path / "y.h5"])
        assert "y.h5" in str(caught.value)
        assert not (tmp_path / "new.faces").exists()
        return str(caught.value)

    assert "newer" in said(lambda file: file.attrs.__setitem__("format", "faceindex library 2"))
    assert "upgrade" in said(lambda file: file.attrs.__setitem__("schema", len(MIGRATIONS) + 1), NewerSchema)
    assert "another recipe" in said(lambda file: file.attrs.__setitem__("recipe", "0" * 64), RecipeMismatch)
    assert "lacks the vectors" in said(lambda file: file["face_id"].__setitem__(0, 999))
    assert "NaN" in said(lambda file: file["vector"].__setitem__(0, np.nan))
    assert "missing rows" in said(lambda file: file["library/faces/photo"].__setitem__(0, 999))
    assert "no table" in said(lambda file: file.create_group("library/x; DROP TABLE faces"))
    assert "no table" in said(lambda file: file.move("library/faces/x", 'library/faces/x" , "y'))

    def elsewhere(file: h5py.File) -> None:
        del file["vector"]
        file["vector"] = h5py.ExternalLink("/dev/stdin", "vector")

    def raw(file: h5py.File) -> None:
        shape = file["face_id"].shape
        del file["face_id"]
        file.create_dataset("face_id", shape, np.int64, external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])

    assert "in another file" in said(elsewhere)
    assert "in another file" in said(raw)
    for size in (0, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.h5").write_bytes(whole[:size])
        with faceindex.Library(tmp_path / "new.faces") as new, pytest.raises(UsageError, match=r"cut\.h5"):
            new.import_([tmp_path / "cut.h5"])
    for place in range(2000, len(whole), len(whole) // 12):
        (tmp_path / "flipped.h5").write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with faceindex.Library(tmp_path / f"{place}.faces") as new:
            try:
                new.import_([tmp_path / "flipped.h5"])
            except UsageError as error:
                assert "flipped.h5" in str(error)
            else:
                assert everything(new) == everything(library)


def test_a_library_of_another_recipe_is_refused(library: faceindex.Library, tmp_path: Path) -> None:
    library.export(tmp_path / "x.h5", form="hdf5")
    with faceindex.Library(tmp_path / "raw.faces", recipe=recipe("dlib-raw")) as other:
        with pytest.raises(RecipeMismatch, match="recipe dlib, not dlib-raw"):
            other.import_([tmp_path / "x.h5"])
        with other._opened.folder.writer():
            pass
        with pytest.raises(RecipeMismatch, match="recipe dlib-raw, not dlib"):
            other.import_([tmp_path / "x.h5"])


def test_vectors_of_another_program_come_back_as_such(tmp_path: Path) -> None:
    with faceindex.Library(tmp_path / "a.faces") as first:
        np.save(tmp_path / "v.npy", np.random.default_rng(0).normal(size=(20, 64)).astype(np.float32))
        first.import_([tmp_path / "v.npy"], recipe="mine")
        first.export(tmp_path / "x.h5", form="hdf5")
        with faceindex.Library(tmp_path / "b.faces") as other:
            other.import_([tmp_path / "x.h5"])
            assert everything(other) == everything(first)
    assert LibraryFolder(tmp_path / "b.faces").recipe == vectors_only("mine", 64)


def test_an_empty_library_is_exported_and_imported(tmp_path: Path) -> None:
    made = MadeLibrary(tmp_path / "a.faces")
    with made.folder.writer():
        pass
    made.folder.close()
    with faceindex.Library(tmp_path / "a.faces") as library, faceindex.Library(tmp_path / "b.faces") as other:
        for form in ("hdf5", "npz", "faiss"):
            assert library.export(tmp_path / f"x.{form}", form=form) == 0
        (tmp_path / "x.hdf5").rename(tmp_path / "x.h5")
        assert other.import_([tmp_path / "x.h5"]).total_faces == 0
