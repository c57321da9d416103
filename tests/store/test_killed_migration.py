"""A library of any earlier schema whose migration is killed at any statement is as it was, or as it is to be."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from faceindex.faces.recipe import recipe
from faceindex.store.care.check import check
from faceindex.store.derived import settle
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.segments import write_segment
from faceindex.store.journal.acts import read_acts
from faceindex.store.migrations import APPLICATION_ID, MIGRATIONS, migrate, schema_version
from faceindex.store.opening import open_reader, open_writer


def migrated(path: Path, statements: int) -> bool:
    """Migrate in another process that kills itself after so many statements; whether it came to the end."""
    child = os.fork()
    if child == 0:
        left = itertools.count(statements, -1)
        catalog = open_writer(path / "catalog.sqlite")
        catalog.connection.set_trace_callback(
            lambda _: os.kill(os.getpid(), signal.SIGKILL) if not next(left) else None
        )
        migrate(catalog.connection)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    return status == 0


def old_library(path: Path, version: int) -> None:
    """Two photos; face 2 is in album 1 with face 1, and, where names can be given, Ada's."""
    (path / "vectors").mkdir(parents=True, mode=0o700)
    path.chmod(0o700)
    made = recipe()
    vectors = np.arange(256, dtype=np.float32).reshape(2, 128)
    rows = [(np.array([1, 2]), vectors)]
    checksum, _ = write_segment(
        path / "vectors" / "000001.h5", rows, faces=2, dimension=128, fingerprint=made.fingerprint
    )
    catalog = sqlite3.connect(path / "catalog.sqlite", isolation_level=None)
    (path / "catalog.sqlite").chmod(0o600)
    catalog.execute("PRAGMA journal_mode = WAL")
    for step in MIGRATIONS[:version]:
        step(catalog)
    catalog.execute(f"PRAGMA user_version = {version}")
    catalog.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    settings = {
        "recipe": made.name,
        "detector": made.detector,
        "landmarks": made.landmarks,
        "jitter": made.jitter,
        "fingerprint": made.fingerprint,
    }
    catalog.executemany("INSERT INTO settings VALUES (?, ?)", [(name, str(v)) for name, v in settings.items()])
    catalog.execute("INSERT INTO segments (id, file, faces, checksum) VALUES (1, '000001.h5', 2, ?)", (checksum,))
    if version >= 3:
        catalog.execute("UPDATE segments SET first = 1, last = 1")
    for number in (1, 2):
        catalog.execute(
            "INSERT INTO photos (id, content, width, height, analysed) VALUES (?, ?, 100, 100, 'then')",
            (number, b"content %d" % number),
        )
        catalog.execute(
            "INSERT INTO paths (path, photo, size, mtime_ns) VALUES (?, ?, 1, 1)", (b"/%d.jpg" % number, number)
        )
        catalog.execute(
            """INSERT INTO faces (id, photo, segment, x, y, width, height, score, landmarks)
            VALUES (?1, ?1, 1, 1, 2, 30, 40, 1.5, x'')""",
            (number,),
        )
    catalog.execute("INSERT INTO albums (id) VALUES (1)")
    catalog.execute("INSERT INTO album_faces VALUES (1, 1), (2, 1)")
    if version >= 3:
        catalog.execute("INSERT INTO people (id, name) VALUES (1, 'Ada')")
        catalog.execute("INSERT INTO person_faces VALUES (2, 1)")
    if 3 <= version < 6:
        catalog.execute(
            """INSERT INTO decisions (made, kind, person, face, content, x, y, width, height)
            VALUES ('then', 'name', 'Ada', 2, ?, 1, 2, 30, 40)""",
            (b"content 2",),
        )
    if version >= 6:
        catalog.execute("INSERT INTO acts (id, made, kind, person) VALUES (1, 'then', 'name', 'Ada')")
        catalog.execute(
            """INSERT INTO decisions (act, side, face, content, x, y, width, height)
            VALUES (1, 0, 2, ?, 1, 2, 30, 40)""",
            (b"content 2",),
        )
    if version >= 11:
        settle(catalog)  # as each transaction ends since then
    catalog.close()


def seen(path: Path) -> list[tuple[object, ...]]:
    """What a reader sees, of whatever schema the file is."""
    catalog = open_reader(path / "catalog.sqlite")
    faces = [(face.face, face.photo, face.box, face.album, face.person) for face in catalog.faces()]
    acts = [(act.kind, act.person, act.sides) for act in read_acts(catalog.connection)]
    catalog.close()
    return [*faces, *acts]


_EVERY = range(1, len(MIGRATIONS))
_TRIED = (1, *_EVERY[-2:])
"""From the first schema on, every migration is run; those after the last two are the newest code."""


@pytest.mark.parametrize(
    "version", [pytest.param(each, marks=() if each in _TRIED else pytest.mark.long) for each in _EVERY]
)
def test_migration_killed_at_any_statement_is_finished_by_the_next_writer(tmp_path: Path, version: int) -> None:
    template = tmp_path / "old.faces"
    old_library(template, version)
    expected = seen(template)
    assert len(expected) == (2 if version < 3 else 3)
    reached = set()
    for statements in itertools.count(0, 3):
        path = tmp_path / f"{statements}.faces"
        shutil.copytree(template, path)
        if migrated(path, statements):
            break
        assert seen(path) == expected
        with sqlite3.connect(path / "catalog.sqlite") as catalog:
            reached.add(schema_version(catalog))
        catalog.close()
        with LibraryFolder(path).writer() as writer:
            assert schema_version(writer.catalog.connection) == len(MIGRATIONS)
        assert seen(path) == expected
    assert reached >= set(range(version, len(MIGRATIONS)))
    assert not any(part.damage for part in check(LibraryFolder(path), deep=True))
