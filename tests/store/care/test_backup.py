"""A backup is a whole library of one moment, or it is not there."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_library import MadeLibrary

import faceindex
from faceindex.errors import LibraryDamaged, LibraryLocked, UsageError
from faceindex.journal.acts import NAME
from faceindex.store.care.backup import backup
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.merging import compact_all
from faceindex.store.journal.names import decide
from faceindex.store.lock import WriterLock
from faceindex.types import Box

ONE, TWO = Box(10, 10, 50, 50), Box(200, 10, 50, 50)


def assert_whole(path: Path) -> None:
    with faceindex.Library(path, create=False) as copy:
        assert copy.care.check(deep=True).damage == ()
        assert [part.notes for part in copy.care.check().parts if part.notes] == []


def test_backup_holds_the_same_and_ingest_goes_on_with_it(made: MadeLibrary, tmp_path: Path) -> None:
    made.store_all({"a": [ONE, TWO], "b": [ONE]})
    made.store("c", [TWO])
    with made.folder.decisions() as catalog, catalog.transaction() as transaction:
        decide(transaction, NAME, [2], "Anna")
    backup(made.folder, tmp_path / "copy")
    assert_whole(tmp_path / "copy")
    assert not (tmp_path / "copy.partial").exists()
    copy = LibraryFolder(tmp_path / "copy", create=False)
    (ids, vectors), (their_ids, their_vectors) = made.folder.vectors(), copy.vectors()
    assert np.array_equal(ids, their_ids)
    assert np.array_equal(vectors, their_vectors)
    assert [face.person for face in copy.catalog.faces()] == [None, "Anna", None, None]
    made.folder.close()
    made.folder = copy
    made.store("d", [ONE])
    assert len(copy.vectors()[0]) == 5
    assert_whole(tmp_path / "copy")


def test_backup_is_for_its_owner_only_and_has_no_index(made: MadeLibrary, tmp_path: Path) -> None:
    made.store("a", [ONE])
    former = os.umask(0)
    try:
        backup(made.folder, tmp_path / "copy")
    finally:
        os.umask(former)
    copy = tmp_path / "copy"
    assert {path.relative_to(copy).as_posix(): path.stat().st_mode & 0o777 for path in copy.rglob("*")} == {
        "catalog.sqlite": 0o600,
        "lock": 0o600,
        "vectors": 0o700,
        "vectors/000001.h5": 0o600,
    }
    assert copy.stat().st_mode & 0o777 == 0o700


def test_backup_never_goes_where_something_is(made: MadeLibrary, tmp_path: Path) -> None:
    made.store("a", [ONE])
    (tmp_path / "there").mkdir()
    with pytest.raises(UsageError, match="there is there already"):
        backup(made.folder, tmp_path / "there")
    with pytest.raises(UsageError, match="no folder"):
        backup(made.folder, tmp_path / "unplugged" / "copy")
    with pytest.raises(UsageError, match="library itself"):
        backup(made.folder, made.folder.path / "copy")
    (tmp_path / "copy.partial").mkdir()
    (tmp_path / "copy.partial" / "thesis.txt").write_text("do not touch")
    with pytest.raises(UsageError, match="other things"):
        backup(made.folder, tmp_path / "copy")
    assert (tmp_path / "copy.partial" / "thesis.txt").exists()


def test_damaged_library_is_not_backed_up_and_nothing_is_left(made: MadeLibrary, tmp_path: Path) -> None:
    made.store("a", [ONE])
    segment = made.folder.path / "vectors" / "000001.h5"
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-1] + b"x")
    with pytest.raises(LibraryDamaged, match=r"000001\.h5 is not what was written"):
        backup(made.folder, tmp_path / "copy")
    segment.unlink()
    with pytest.raises(LibraryDamaged, match=r"000001\.h5 is missing"):
        backup(made.folder, tmp_path / "copy")
    segment.write_bytes(whole)
    made.folder.close()
    with sqlite3.connect(made.folder.path / "catalog.sqlite") as connection:
        connection.execute("DROP TABLE tombstones")
    connection.close()
    with pytest.raises(LibraryDamaged, match=r"catalog\.sqlite is damaged"):
        backup(made.folder, tmp_path / "copy")
    assert not list(tmp_path.glob("copy*"))


def test_two_backups_do_not_meet(made: MadeLibrary, tmp_path: Path) -> None:
    made.store("a", [ONE])
    (tmp_path / "copy.partial").mkdir()
    lock = WriterLock(tmp_path / "copy.partial" / "lock")
    with pytest.raises(LibraryLocked):
        backup(made.folder, tmp_path / "copy")
    assert (tmp_path / "copy.partial" / "lock").exists()
    lock.release()
    backup(made.folder, tmp_path / "copy")
    assert_whole(tmp_path / "copy")


def test_backup_beside_a_writer_that_commits_and_compacts_is_of_one_moment(made: MadeLibrary, tmp_path: Path) -> None:
    for number in range(5):
        made.store(f"first {number}", [ONE])
    with made.busy_writer([ONE, TWO]):
        reader = LibraryFolder(made.folder.path, create=False)
        for number in range(20):
            backup(reader, tmp_path / f"copy{number}")
        reader.close()
    for number in range(20):
        assert_whole(tmp_path / f"copy{number}")
        copy = LibraryFolder(tmp_path / f"copy{number}", create=False)
        assert len(copy.vectors()[0]) == copy.catalog.counts()["faces"] >= 5
        copy.close()


_DIE = """
import os, signal, sys
from pathlib import Path
from faceindex.store.care import backup
from faceindex.store.folder import LibraryFolder

def die(*arguments): os.kill(os.getpid(), signal.SIGKILL)
moment = sys.argv[3]
if moment == "after the catalog":
    backup._copy_segment = die
elif moment == "inside a segment":
    real = backup.segment_bytes
    def read(path):
        if path.name == "000002.h5":
            yield path.read_bytes()[:999]
            die()
        yield from real(path)
    backup.segment_bytes = read
elif moment == "before the rename":
    Path.rename = die
backup.backup(LibraryFolder(Path(sys.argv[1]), create=False), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("moment", ["after the catalog", "inside a segment", "before the rename"])
def test_killed_backup_is_not_there_and_the_next_one_finishes_it(
    made: MadeLibrary, tmp_path: Path, moment: str
) -> None:
    for name in "abc":
        made.store(name, [ONE])
    arguments = [sys.executable, "-c", _DIE, str(made.folder.path), str(tmp_path / "copy"), moment]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy.partial"]
    with made.folder.writer() as writer:
        compact_all(writer)
    backup(made.folder, tmp_path / "copy")
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy"]
    assert_whole(tmp_path / "copy")
