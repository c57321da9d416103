"""Mending: what can be read of damaged files is kept, what cannot is marked, and no wrong vector ever gets in."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from made_albums import make_albums
from made_library import MadeLibrary

import faceindex
from faceindex.journal.acts import NAME
from faceindex.store.care.mending import mend_rows, mend_segments, put_back
from faceindex.store.hdf5.salvage import good_blocks, salvaged
from faceindex.store.hdf5.segments import CHUNK
from faceindex.store.journal.names import decide
from faceindex.types import Box

ONE, TWO = Box(10, 10, 50, 50), Box(200, 10, 50, 50)
CROWD = [Box(10 * number, 10, 9, 9) for number in range(3 * CHUNK)]


def segment_file(made: MadeLibrary, number: int = 1) -> Path:
    return made.folder.path / "vectors" / f"{number:06d}.h5"


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(data)


def mend(made: MadeLibrary) -> int:
    with made.folder.writer() as writer:
        mend_rows(writer)
        return mend_segments(writer)


def waiting(made: MadeLibrary) -> list[int]:
    return [row[0] for row in made.folder.catalog.connection.execute("SELECT id FROM faces WHERE segment = 0")]


def damage(made: MadeLibrary) -> list[str]:
    with faceindex.Library(made.folder.path, create=False) as library:
        return [damage.problem for damage in library.care.check(deep=True).damage]


def holds_right_vectors(made: MadeLibrary) -> bool:
    """Whether every face that has a vector has its own."""
    ids, vectors = made.folder.vectors()
    faces = made.faces()
    photos = dict(
        made.folder.catalog.connection.execute("SELECT faces.id, content FROM faces JOIN photos ON photos.id = photo")
    )
    return all(
        np.array_equal(vector, made.vectors[photos[face], faces[face].box])
        for face, vector in zip(ids.tolist(), vectors, strict=True)
    )


def test_undamaged_chunks_of_a_segment_are_saved_and_the_other_faces_wait(made: MadeLibrary) -> None:
    made.store_all({"crowd": CROWD, "a": [ONE]})
    path = segment_file(made)
    flip(path, path.stat().st_size - 1000)
    saved = mend(made)
    lost = waiting(made)
    assert 0 < len(lost) <= CHUNK
    assert saved + len(lost) == len(CROWD) + 1
    assert damage(made) == []
    assert holds_right_vectors(made)
    assert not path.exists()


def test_part_of_a_truncated_segment_is_saved(made: MadeLibrary) -> None:
    made.store("crowd", CROWD)
    path = segment_file(made)
    os.truncate(path, path.stat().st_size * 2 // 3)
    assert CHUNK <= mend(made) < len(CROWD)
    assert damage(made) == []
    assert holds_right_vectors(made)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_header_never_lets_a_wrong_vector_in(made: MadeLibrary, tmp_path: Path, seed: int) -> None:
    """HDF5 reads other rows than were written, without an error, after one flipped bit in its B-trees."""
    made.store("crowd", CROWD)
    (segment,) = made.folder.catalog.segments()
    faces = made.folder.catalog.stored_faces()
    ids, vectors = made.folder.vectors()
    whole = bytearray(segment_file(made).read_bytes())
    (tmp_path / "vectors").mkdir()
    chosen = random.Random(seed)
    for _ in range(3):
        data = bytearray(whole)
        data[chosen.randrange(10_000)] ^= 1 << chosen.randrange(8)  # the headers come first
        (tmp_path / "vectors" / segment.file).write_bytes(data)
        with salvaged(tmp_path / "vectors", segment, made.folder.recipe) as (path, rows):
            for found, theirs in good_blocks(path, rows, faces, made.folder.recipe) if rows else ():
                assert np.array_equal(theirs, vectors[np.searchsorted(ids, found)])


def test_missing_segment_leaves_faces_names_and_albums_and_its_photos_will_be_opened_again(made: MadeLibrary) -> None:
    made.store("a", [ONE, TWO])
    made.store("b", [ONE])
    make_albums(made.folder, {1: [1, 3]})
    with made.folder.writer() as writer, writer.catalog.transaction() as transaction:
        decide(transaction, NAME, [1], "Anna")
    before = made.faces()
    segment_file(made).unlink()
    assert mend(made) == 0
    assert waiting(made) == [1, 2]
    assert {face: (record.person, record.album) for face, record in made.faces().items()} == {
        face: (record.person, record.album) for face, record in before.items()
    }
    times = dict(made.folder.catalog.connection.execute("SELECT path, mtime_ns FROM paths"))
    assert times == {b"/a.jpg": -1, b"/b.jpg": 1}
    assert damage(made) == []
    assert holds_right_vectors(made)


def test_face_that_no_row_of_a_whole_segment_belongs_to_waits(made: MadeLibrary) -> None:
    made.store("a", [ONE, TWO])
    made.folder.close()
    with sqlite3.connect(made.folder.path / "catalog.sqlite") as connection:
        connection.execute("UPDATE faces SET segment = 7 WHERE id = 2")
    connection.close()
    mend(made)
    assert waiting(made) == [2]
    assert damage(made) == []


@pytest.mark.parametrize("where", ["changed places", "renamed", "killed in between"])
def test_whole_files_under_wrong_names_are_put_back(made: MadeLibrary, where: str) -> None:
    made.store("a", [ONE])
    made.store("b", [ONE, TWO])
    one, two = segment_file(made, 1), segment_file(made, 2)
    if where == "changed places":
        one.rename(made.folder.path / "x")
        two.rename(one)
        (made.folder.path / "x").rename(two)
    elif where == "renamed":
        one.rename(one.with_name("copy of 1.h5"))
        two.rename(two.with_suffix(".bak"))
    else:
        shutil.copy(two, one.with_name("000002.h5.found"))
        one.rename(one.with_name("000001.h5.found"))
        two.write_bytes(one.with_name("000001.h5.found").read_bytes())
    segments = made.folder.catalog.segments()
    assert put_back(one.parent, segments, segments) == 2
    assert made.holds_what_was_stored()
    assert not list(one.parent.glob("*.found"))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM paths WHERE path = x'2F622E6A7067'",  # /b.jpg
        "DELETE FROM person_faces",
        "DELETE FROM people",
        "INSERT INTO person_faces SELECT 2, id FROM people",
        "INSERT INTO album_faces VALUES (77, 1)",
        "INSERT INTO album_faces VALUES (2, 9)",
        "INSERT INTO paths VALUES (x'2F78', 99, 1, 1, 1)",
        "UPDATE faces SET photo = 99 WHERE id = 3",
        "UPDATE sqlite_sequence SET seq = 1",
        "DELETE FROM sqlite_sequence",
    ],
)
def test_rows_fit_together_again_and_names_are_as_they_were_said(made: MadeLibrary, statement: str) -> None:
    made.store("a", [ONE, TWO])
    made.store("b", [ONE])
    with made.folder.writer() as writer, writer.catalog.transaction() as transaction:
        decide(transaction, NAME, [1, 3], "Anna")
    make_albums(made.folder, {1: [1, 3]})
    made.folder.close()
    with sqlite3.connect(made.folder.path / "catalog.sqlite") as connection:
        connection.execute(statement)
    connection.close()
    assert damage(made) != []
    mend(made)
    assert damage(made) == []
    assert [face for face, record in made.faces().items() if record.person == "Anna"] in ([1, 3], [1])
    made.store("b", [ONE])  # where its rows were lost, the photo comes back with its name
    assert [face for face, record in made.faces().items() if record.person == "Anna"] == [1, 3]
    assert made.faces()[1].album == 1
    made.store("c", [ONE])
    assert max(made.faces()) == 4
    assert damage(made) == []
