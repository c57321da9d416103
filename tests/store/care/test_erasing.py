"""Forgetting: nothing of it is left in any file, and it does not come back."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from made_albums import make_albums
from made_library import MadeLibrary

from faceindex.journal.acts import NAME, UNDO
from faceindex.search.index import load_or_build
from faceindex.store.care.erasing import erase, erase_all
from faceindex.store.hdf5.merging import compact_all
from faceindex.store.journal.names import decide
from faceindex.store.opening import open_reader
from faceindex.types import Box, Erased

A, B = Box(100, 100, 100, 100), Box(400, 100, 100, 100)


def erased(made: MadeLibrary, **what: Any) -> Erased:
    with made.folder.writer() as writer:
        return erase(writer, made.folder.index, **what)


def found_in(folder: Path, needle: bytes) -> list[str]:
    """Every file of the library that holds these bytes."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


@pytest.fixture
def full(made: MadeLibrary) -> MadeLibrary:
    """Photos secret (face 1 and 2), shared (3 and 4), other (5), all indexed, in an album, some named."""
    made.store("secret", [A, B], path="/photos/of/the-secret.jpg")
    made.store_all({"shared": [A, B], "other": [A]})
    with made.folder.decisions() as catalog, catalog.transaction() as transaction:
        decide(transaction, NAME, [1, 2, 3], "Ada Lovelace")
        decide(transaction, NAME, [5], "Grace")
    load_or_build(made.folder)
    return made


def test_erased_photo_is_in_no_file_of_the_library(full: MadeLibrary) -> None:
    vectors = [full.vectors[b"secret", box].tobytes() for box in (A, B)]
    needles = [*vectors, b"the-secret.jpg", b"secret"]
    for needle in needles:
        assert found_in(full.folder.path, needle)
    receipt = erased(full, photos=[1])
    for needle in needles:
        assert found_in(full.folder.path, needle) == []
    assert (receipt.photos, receipt.paths, receipt.faces, receipt.tombstones) == (1, 1, 2, 1)
    assert sorted(full.faces()) == [3, 4, 5]
    assert full.holds_what_was_stored()
    assert load_or_build(full.folder).main.ids.tolist() == [3, 4, 5]


def test_person_is_forgotten_and_others_in_the_same_photo_stay(full: MadeLibrary) -> None:
    gone = [full.vectors[b"secret", A], full.vectors[b"secret", B], full.vectors[b"shared", A]]
    receipt = erased(full, faces=full.folder.catalog.faces_of_person("Ada Lovelace"), people=["Ada Lovelace"])
    for needle in [b"Ada Lovelace", b"the-secret.jpg", *(vector.tobytes() for vector in gone)]:
        assert found_in(full.folder.path, needle) == []
    assert (receipt.photos, receipt.faces, receipt.tombstones) == (1, 3, 2)
    assert {face: (record.photo, record.person) for face, record in full.faces().items()} == {
        4: ("/shared.jpg", None),
        5: ("/other.jpg", "Grace"),
    }
    assert full.holds_what_was_stored()


def test_name_that_was_replaced_or_taken_back_goes_with_its_faces(full: MadeLibrary) -> None:
    with full.folder.decisions() as catalog, catalog.transaction() as transaction:
        undone = decide(transaction, NAME, [5], "Countess").act
        decide(transaction, UNDO, [], undoes=undone)
        decide(transaction, NAME, [1, 2, 3], "Ada King")
    erased(full, faces=full.folder.catalog.faces_of_person("Ada King"), people=["Ada King"])
    assert found_in(full.folder.path, b"Ada") == []
    assert [person.person for person in full.folder.catalog.people()] == ["Grace"]
    erased(full, people=["Countess"])
    assert found_in(full.folder.path, b"Countess") == []
    assert full.faces()[5].person == "Grace"


def test_person_is_forgotten_in_photos_that_were_removed_before(full: MadeLibrary) -> None:
    with full.folder.writer() as writer:
        writer.remove_paths(["/photos/of/the-secret.jpg", "/shared.jpg"])
    assert full.folder.catalog.faces_of_person("Ada Lovelace") == []
    receipt = erased(full, people=["Ada Lovelace"])
    assert (receipt.faces, receipt.decisions, receipt.tombstones) == (0, 3, 3)
    for needle in [b"Ada", b"secret", full.vectors[b"secret", A].tobytes()]:
        assert found_in(full.folder.path, needle) == []
    full.store("secret", [A, B], path="/photos/of/the-secret.jpg")
    full.store("shared", [A, B])
    assert [(record.photo, record.box) for record in full.faces().values() if record.face > 5] == [("/shared.jpg", B)]


def test_copies_that_a_killed_repair_or_build_left_are_erased(full: MadeLibrary) -> None:
    path = full.folder.path
    shutil.copy(path / "vectors" / "000001.h5", path / "vectors" / "000001.h5.found")
    erased(full, photos=[1])
    full.folder.index.mkdir()
    needle = full.vectors[b"secret", A].tobytes()
    (full.folder.index / "vectors.npy.0123.tmp").write_bytes(needle)  # of a search that read before, was killed after
    with full.folder.writer():
        pass
    assert found_in(path, needle) == []


def test_albums_go_with_their_last_face(full: MadeLibrary) -> None:
    full.store_all({"new": [A, B]})
    make_albums(full.folder, {1: [1, 2, 3], 2: [4, 5], 3: [6, 7]})
    erased(full, photos=[1])
    assert [(album.album, album.faces) for album in full.folder.catalog.albums()] == [(2, 2), (3, 2), (1, 1)]
    erased(full, faces=[3])
    assert [album.album for album in full.folder.catalog.albums()] == [2, 3]
    with full.folder.writer() as writer:
        writer.remove_paths(["/new.jpg"])
    assert full.folder.catalog.counts()["albums"] == 1


def test_forgotten_faces_do_not_come_back_with_their_photo(full: MadeLibrary) -> None:
    erased(full, faces=[3])
    with full.folder.writer() as writer:
        writer.remove_paths(["/shared.jpg"])
    assert full.store("shared", [Box(104, 100, 100, 100), B]) == 1
    assert [record.box for record in full.faces().values() if record.photo == "/shared.jpg"] == [B]


def test_vectors_of_faces_that_were_removed_earlier_are_erased_as_well(full: MadeLibrary) -> None:
    with full.folder.writer() as writer:
        writer.remove_paths(["/photos/of/the-secret.jpg"])
    assert found_in(full.folder.path, full.vectors[b"secret", A].tobytes())
    erased(full, photos=[3])
    assert found_in(full.folder.path, full.vectors[b"secret", A].tobytes()) == []


def test_former_vector_of_an_edited_photo_is_erased_with_its_face(full: MadeLibrary) -> None:
    full.store("other", [A], path="/other.jpg", people=[0])
    full.store("edited", [A], path="/other.jpg", people=[0])
    former, now = full.vectors[b"other", A].tobytes(), full.vectors[b"edited", A].tobytes()
    with full.folder.writer() as writer:
        compact_all(writer)
    erased(full, faces=[5])
    assert found_in(full.folder.path, former) == found_in(full.folder.path, now) == []


def test_face_that_an_edit_took_away_is_erased_with_its_person(made: MadeLibrary) -> None:
    made.store("before", [A, B], path="/a.jpg", people=[0, 1])
    with made.folder.decisions() as catalog, catalog.transaction() as transaction:
        decide(transaction, NAME, [1], "Ada Lovelace")
    made.store("after", [B], path="/a.jpg", people=[1])
    with made.folder.writer() as writer:
        compact_all(writer)
    needle = made.vectors[b"before", A].tobytes()
    assert found_in(made.folder.path, needle)  # it waits to be known again
    erased(made, people=["Ada Lovelace"])
    assert found_in(made.folder.path, needle) == []
    made.store("before", [A], path="/a.jpg", people=[0])
    assert {record.person for record in made.faces().values()} <= {None}


def test_tombstones_cannot_be_recognised_without_the_library(full: MadeLibrary) -> None:
    erased(full, photos=[1])
    ((stored, *_),) = full.folder.catalog.connection.execute("SELECT * FROM tombstones")
    assert stored not in (b"secret", hashlib.blake2b(b"secret", digest_size=32).digest())
    assert len(full.folder.catalog.tombstones().of(b"secret")) == 1
    assert full.folder.catalog.tombstones().of(b"other") == []


def test_emptied_library_holds_nothing_and_goes_on(full: MadeLibrary) -> None:
    erased(full, faces=[3])
    with full.folder.writer() as writer:
        receipt = erase_all(writer, full.folder.index)
    assert (receipt.photos, receipt.faces) == (3, 4)
    for needle in [b"Grace", b"the-secret.jpg", *(vector.tobytes() for vector in full.vectors.values())]:
        assert found_in(full.folder.path, needle) == []
    assert set(full.folder.catalog.counts().values()) == {0}
    full.store("shared", [A])
    assert list(full.faces()) == [6]  # ids are never given twice
    assert full.holds_what_was_stored()


_DIE = """
import os, signal, sys
from pathlib import Path
from faceindex.store.care import erasing
from faceindex.store.folder import LibraryFolder

def die(*_): os.kill(os.getpid(), signal.SIGKILL)
folder = LibraryFolder(Path(sys.argv[1]))
with folder.writer() as writer:
    setattr(erasing, sys.argv[2], die)
    erasing.erase(writer, folder.index, photos=[1])
"""


@pytest.mark.parametrize(
    ("step", "begun"), [("_boxes", False), ("unlink", True), ("finish_erasing", True), ("_truncate_log", True)]
)
def test_erasure_killed_at_any_step_is_whole_or_finished_by_the_next_writer(
    full: MadeLibrary, step: str, begun: bool
) -> None:
    done = subprocess.run([sys.executable, "-c", _DIE, full.folder.path, step], check=False)
    assert done.returncode == -signal.SIGKILL
    with full.folder.writer():
        pass
    needle = full.vectors[b"secret", A].tobytes()
    assert bool(found_in(full.folder.path / "vectors", needle)) is not begun
    assert bool(found_in(full.folder.path, b"the-secret.jpg")) is not begun
    assert (1 in full.faces()) is not begun
    assert full.holds_what_was_stored()


def test_reader_that_keeps_the_old_state_is_named_and_the_erasure_is_finished_later(
    full: MadeLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faceindex.errors import LibraryLocked
    from faceindex.store import opening

    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.1)
    reader = open_reader(full.folder.path / "catalog.sqlite")
    with reader.snapshot():
        list(reader.faces())
        with pytest.raises(LibraryLocked, match="faceindex compact"):
            erased(full, photos=[1])
    reader.close()
    with full.folder.writer():
        pass
    assert found_in(full.folder.path, b"the-secret.jpg") == []
