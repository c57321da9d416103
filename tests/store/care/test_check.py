"""`check` finds whatever is damaged, promises nothing else, and changes nothing."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from made_albums import make_albums
from made_library import MadeLibrary

import faceindex
from faceindex.errors import FaceindexError
from faceindex.journal.acts import NAME
from faceindex.search.building import save
from faceindex.search.coverage import Coverage, index_config
from faceindex.search.index import load_or_build
from faceindex.store.care.check import check
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.segments import file_checksum
from faceindex.store.journal.names import decide
from faceindex.types import Box
from faceindex.vectors.building import blocks_of

ONE, TWO = Box(10, 10, 50, 50), Box(200, 10, 50, 50)


@pytest.fixture
def library(made: MadeLibrary) -> Iterator[faceindex.Library]:
    """Two segments with five faces of three photos, an album, a name, dead rows, and a current index."""
    made.store_all({"a": [ONE, TWO], "b": [ONE], "edited": [ONE]})
    made.store_all({"c": [ONE, TWO]})
    made.store("edited again", [ONE], path="/edited.jpg")
    make_albums(made.folder, {1: [1, 2, 3]})
    with made.folder.writer() as writer, writer.catalog.transaction() as transaction:
        decide(transaction, NAME, [1, 5], "Anna")
    load_or_build(made.folder)
    made.folder.close()
    with faceindex.Library(made.folder.path, create=False) as opened:
        yield opened


def damaged(library: faceindex.Library, *, deep: bool = False) -> dict[str, list[str]]:
    """Problems by part; the parts that are whole are left out."""
    return {
        part.part: [damage.problem for damage in part.damage]
        for part in library.care.check(deep=deep).parts
        if part.damage
    }


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(data)


def execute(library: faceindex.Library, statement: str) -> None:
    """Change rows behind the library's back."""
    with sqlite3.connect(library.path / "catalog.sqlite") as connection:
        connection.execute(statement)
    connection.close()


def state_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mode, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


@pytest.mark.parametrize("deep", [False, True])
def test_whole_library_is_whole_and_stays_as_it_is(library: faceindex.Library, deep: bool) -> None:
    before = state_of(library.path)
    report = library.care.check(deep=deep)
    assert report.damage == ()
    assert [part.notes for part in report.parts if part.notes] == []
    assert [part.part for part in report.parts] == [
        *("catalog", "segments", "vectors", "photos and names", "other files", "permissions", "index"),
    ]
    assert state_of(library.path) == before


def test_missing_segment_is_found(library: faceindex.Library) -> None:
    (library.path / "vectors" / "000001.h5").unlink()
    assert damaged(library) == {"segments": ["missing"]}


def test_truncated_segment_is_found(library: faceindex.Library) -> None:
    path = library.path / "vectors" / "000002.h5"
    os.truncate(path, path.stat().st_size // 2)
    (problem,) = damaged(library)["segments"]
    assert "bytes instead of" in problem


def test_flipped_byte_of_a_vector_is_found_by_a_deep_check(library: faceindex.Library) -> None:
    path = library.path / "vectors" / "000001.h5"
    flip(path, path.stat().st_size - 700)
    (problem,) = damaged(library, deep=True)["segments"]
    assert "checksum" in problem


def test_segments_that_changed_places_are_found(library: faceindex.Library) -> None:
    one, two = (library.path / "vectors" / f"00000{number}.h5" for number in (1, 2))
    one.rename(one.with_suffix(".x"))
    two.rename(one)
    one.with_suffix(".x").rename(two)
    assert len(damaged(library)["segments"]) == 2
    assert len(damaged(library, deep=True)["segments"]) == 2


def test_segment_of_another_recipe_is_found(library: faceindex.Library) -> None:
    with h5py.File(library.path / "vectors" / "000001.h5", "r+") as file:
        file.attrs["recipe"] = "f" * 64
    execute(library, "UPDATE segments SET bytes = NULL")
    (problem,) = damaged(library)["segments"]
    assert "another recipe" in problem


def test_vector_of_no_number_is_found_even_where_the_checksum_was_made_to_fit(library: faceindex.Library) -> None:
    path = library.path / "vectors" / "000001.h5"
    with h5py.File(path, "r+") as file:
        file["vector"][0, 7] = np.nan
    assert set(damaged(library, deep=True)) == {"segments"}
    digest = file_checksum(path).hex()
    execute(library, f"UPDATE segments SET checksum = x'{digest}' WHERE id = 1")
    shutil.rmtree(library.path / "index")
    assert damaged(library, deep=True) == {"vectors": ["1 face without a vector, or with several"]}


def test_face_without_a_vector_is_found(library: faceindex.Library) -> None:
    execute(library, "UPDATE faces SET segment = 3 WHERE id = 1")
    assert damaged(library) == {"vectors": ["1 face without a vector, or with several"]}


def test_faces_that_wait_for_a_new_vector_are_a_note(library: faceindex.Library) -> None:
    execute(library, "UPDATE faces SET segment = 0 WHERE id < 3")
    report = library.care.check()
    assert report.damage == ()
    (note,) = [note for part in report.parts for note in part.notes]
    assert note.startswith("2 faces without a vector until")


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM paths WHERE path = x'2F612E6A7067'", "1 photo without a path"),  # /a.jpg
        ("DELETE FROM person_faces WHERE face = 5", "1 face with another name than the journal gives"),
        ("INSERT INTO person_faces SELECT 2, id FROM people", "1 face with another name than the journal gives"),
        ("DELETE FROM person_faces", "2 faces with another name than the journal gives"),
        ("INSERT INTO album_faces VALUES (77, 1)", "1 row of album_faces with missing faces"),
        ("UPDATE faces SET photo = 99 WHERE id = 1", "1 row of faces with missing photos"),
        (
            "UPDATE sqlite_sequence SET seq = 1 WHERE name = 'faces'",
            "the next id of faces was given before",
        ),
    ],
)
def test_rows_that_do_not_fit_together_are_found(library: faceindex.Library, statement: str, problem: str) -> None:
    execute(library, statement)
    assert damaged(library) == {"photos and names": [problem]}


def test_missing_table_is_found(library: faceindex.Library) -> None:
    execute(library, "DROP TABLE tombstones")
    assert damaged(library) == {"catalog": ["its tables are not those of its version"]}


def test_damaged_index_is_found(library: faceindex.Library) -> None:
    path = library.path / "index" / "faces.faiss"
    flip(path, path.stat().st_size // 2)
    (problem,) = damaged(library)["index"]
    assert "not what was written" in problem
    path.unlink()
    (problem,) = damaged(library)["index"]
    assert "faces.faiss" in problem


def test_index_whose_stamp_is_damaged_counts_as_absent(library: faceindex.Library) -> None:
    (library.path / "index" / "stamp.json").write_bytes(b"\xff{")
    assert damaged(library) == {}
    assert [part.found for part in library.care.check().parts if part.part == "index"] == ["absent"]


def test_index_with_other_vectors_than_the_segments_is_found_by_a_deep_check(
    library: faceindex.Library, made: MadeLibrary
) -> None:
    ids, vectors = made.folder.vectors()
    vectors[2, 5] += 1
    save(made.folder, blocks_of(ids, vectors), Coverage.of(made.folder), index_config(made.folder))
    assert damaged(library) == {}
    assert damaged(library, deep=True) == {"index": ["1 vector differs from the segments"]}


def test_absent_and_stale_index_is_no_damage(library: faceindex.Library, made: MadeLibrary) -> None:
    made.store("new", [ONE])
    assert damaged(library, deep=True) == {}
    shutil.rmtree(library.path / "index")
    assert damaged(library, deep=True) == {}


def test_files_of_unfinished_writes_are_a_note(library: faceindex.Library) -> None:
    (library.path / "vectors" / "000009.h5.tmp").write_bytes(b"half")
    (library.path / "thesis.txt").write_bytes(b"mine")
    for path in (library.path / "vectors" / "000009.h5.tmp", library.path / "thesis.txt"):
        path.chmod(0o600)
    report = library.care.check()
    assert report.damage == ()
    notes = [note for part in report.parts for note in part.notes]
    assert len(notes) == 2
    assert notes[0].startswith("vectors/000009.h5.tmp: of a write")
    assert notes[1] == "thesis.txt: not of the library"


def test_files_that_others_may_read_are_found(library: faceindex.Library) -> None:
    (library.path / "vectors" / "000001.h5").chmod(0o644)
    assert damaged(library) == {"permissions": ["other users may read or change it"]}


def test_catalog_with_a_flipped_byte_is_whole_or_damaged_or_refused_and_never_a_traceback(
    library: faceindex.Library, tmp_path: Path
) -> None:
    library.close()
    whole = (library.path / "catalog.sqlite").read_bytes()
    found = 0
    for place in random.Random(1).sample(range(len(whole)), 40):
        copy = tmp_path / "copy.faces"
        shutil.copytree(library.path, copy)
        flip(copy / "catalog.sqlite", place)
        try:
            with faceindex.Library(copy, create=False) as opened:
                found += bool(opened.care.check(deep=True).damage)
        except FaceindexError:
            found += 1
        except sqlite3.OperationalError:  # one line on the screen, too
            found += 1
        shutil.rmtree(copy)
    assert found


def test_page_of_zeros_in_the_catalog_is_found_by_the_quick_check(library: faceindex.Library) -> None:
    library.close()
    path = library.path / "catalog.sqlite"
    with sqlite3.connect(path) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'faces'").fetchone()
    connection.close()
    data = bytearray(path.read_bytes())
    data[(page - 1) * 4096 : page * 4096] = bytes(4096)
    path.write_bytes(data)
    with faceindex.Library(library.path, create=False) as opened:
        (damage,) = opened.care.check().damage
    assert damage.file == str(path)
    assert "backup" in damage.remedy


def test_index_of_the_catalog_that_lost_a_row_is_found_by_a_deep_check(library: faceindex.Library) -> None:
    with sqlite3.connect(library.path / "catalog.sqlite") as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("CREATE TABLE other (photo INTEGER NOT NULL)")
        connection.execute(
            """UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = 'other')
            WHERE name = 'faces_by_photo'"""
        )
        connection.execute("DELETE FROM sqlite_master WHERE name = 'other'")
    connection.close()
    with faceindex.Library(library.path, create=False) as opened:
        assert opened.care.check(deep=True).damage[0].file.endswith("catalog.sqlite")


def test_segments_replaced_by_a_writer_meanwhile_are_no_damage(made: MadeLibrary) -> None:
    for number in range(4):
        made.store(f"first {number}", [ONE])
    with made.busy_writer([ONE, TWO]):
        reader = LibraryFolder(made.folder.path, create=False)
        for deep in (False, True) * 15:
            parts = check(reader, deep=deep)
            assert [damage for part in parts for damage in part.damage] == []
        reader.close()
