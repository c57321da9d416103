"""Schema steps are applied once, each whole or not at all; a newer schema is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

import faceindex
from faceindex.errors import NewerSchema
from faceindex.store import migrations
from faceindex.store.journal.acts import read_acts
from faceindex.store.migrations import MIGRATIONS, migrate, schema_version
from faceindex.store.opening import open_reader
from faceindex.store.schema import m001_first_schema, m006_acts, m007_sources_of_dates


def test_empty_file_becomes_the_newest_schema_and_stays_it() -> None:
    catalog = sqlite3.connect(":memory:", isolation_level=None)
    migrate(catalog)
    assert schema_version(catalog) == len(MIGRATIONS)
    tables = catalog.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
    migrate(catalog)
    assert catalog.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall() == tables


def test_step_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def half_a_step(catalog: sqlite3.Connection) -> None:
        catalog.execute("CREATE TABLE half (x)")
        raise sqlite3.OperationalError("disk full")

    catalog = sqlite3.connect(":memory:", isolation_level=None)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, half_a_step))
    with pytest.raises(sqlite3.OperationalError):
        migrate(catalog)
    assert schema_version(catalog) == len(MIGRATIONS)
    assert not catalog.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchone()


def test_a_library_of_the_first_schema_is_read_as_it_is_and_migrated_by_the_next_writer(tmp_path: Path) -> None:
    file = tmp_path / "catalog.sqlite"
    catalog = sqlite3.connect(file, isolation_level=None)
    catalog.execute("PRAGMA journal_mode = WAL")
    m001_first_schema.apply(catalog)
    catalog.execute("PRAGMA user_version = 1")
    catalog.execute("INSERT INTO segments VALUES (1, 'a', 2, x'')")
    catalog.execute("INSERT INTO photos VALUES (1, x'aa', 100, 100, 'now')")
    catalog.execute("INSERT INTO paths VALUES (CAST('/a.jpg' AS BLOB), 1, 1, 1)")
    catalog.execute("INSERT INTO faces VALUES (1, 1, 1, 0, 0, 10, 10, 1.5, x'')")
    catalog.execute("INSERT INTO faces VALUES (2, 1, 1, 40, 40, 20, 20, 1.0, x'')")
    catalog.execute("INSERT INTO albums VALUES (1)")
    catalog.execute("INSERT INTO album_faces VALUES (1, 1), (2, 1)")
    catalog.execute("INSERT INTO faces VALUES (9, 1, 1, 60, 60, 20, 20, 1.0, x'')")
    catalog.execute("DELETE FROM faces WHERE id = 9")
    reader = open_reader(file)
    assert schema_version(catalog) == 1  # a reader does not write
    migrate(catalog)
    for opened in (reader, open_reader(file)):
        assert [(face.face, face.score, face.quality) for face in opened.faces()] == [(1, 1.5, None), (2, 1.0, None)]
        assert np.isnan(opened.face_qualities()).all()
        assert opened.albums()[0].cover == 1
        assert [(face.face, face.quality) for face in opened.central_faces()] == [(2, None)]
        assert [(s.first, s.last, s.size) for s in opened.segments()] == [(1, 1, None)]
        assert [photo.taken for photo in opened.photos()] == [None]
        assert [(photo, file.path) for photo, file in opened.unread_dates()] == [(1, "/a.jpg")]
        opened.close()
    catalog.execute(
        "INSERT INTO faces (photo, segment, x, y, width, height, score, landmarks) VALUES (1,1,1,1,1,1,1,x'')"
    )
    assert catalog.execute("SELECT MAX(id) FROM faces").fetchone() == (10,)  # 9 was given before
    catalog.execute("PRAGMA foreign_keys = ON")
    catalog.execute("DELETE FROM photos")
    assert catalog.execute("SELECT COUNT(*) FROM album_faces").fetchone() == (0,)


def test_what_was_said_before_there_were_acts_becomes_acts(tmp_path: Path) -> None:
    catalog = sqlite3.connect(tmp_path / "catalog.sqlite", isolation_level=None)
    for step in MIGRATIONS[: MIGRATIONS.index(m006_acts.apply)]:
        step(catalog)
    said = [("name", "Ada", 1), ("name", "Ada", 2), ("name", "Grace", 2), ("follow", None, 1), ("name", "Ada", 2)]
    catalog.executemany(
        """INSERT INTO decisions (made, kind, person, face, content, x, y, width, height)
        VALUES ('now', ?, ?, ?, x'aa', 0, 0, 10, 10)""",
        said,
    )
    m006_acts.apply(catalog)
    catalog.execute(f"PRAGMA user_version = {MIGRATIONS.index(m006_acts.apply) + 1}")
    migrate(catalog)
    assert [(act.kind, act.person, act.sides) for act in read_acts(catalog)] == [
        ("name", "Ada", ((1, 2),)),
        ("name", "Grace", ((2,),)),
        ("name", "Ada", ((2,),)),
    ]
    assert catalog.execute("SELECT COUNT(*) FROM decisions WHERE act IS NULL").fetchone() == (1,)


def test_library_of_a_newer_faceindex_is_refused(tmp_path: Path) -> None:
    catalog = sqlite3.connect(tmp_path / "catalog.sqlite", isolation_level=None)
    migrate(catalog)
    catalog.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    catalog.close()
    with pytest.raises(NewerSchema, match="upgrade faceindex"):
        faceindex.Library(tmp_path)


def test_photos_without_a_date_and_failures_are_looked_at_again_once_more_can_be_read(tmp_path: Path) -> None:
    catalog = sqlite3.connect(tmp_path / "catalog.sqlite", isolation_level=None)
    for step in MIGRATIONS[: MIGRATIONS.index(m007_sources_of_dates.apply)]:
        step(catalog)
    for number, date in ((1, "2019-07-20T17:45:22"), (2, None)):
        catalog.execute(
            """INSERT INTO photos (id, content, width, height, analysed, taken)
            VALUES (?1, CAST(?1 AS BLOB), 9, 9, 'now', ?2)""",
            (number, date),
        )
    catalog.execute("INSERT INTO failures VALUES (CAST('/a.heic' AS BLOB), 9, 123, 'image file is truncated', 'now')")
    m007_sources_of_dates.apply(catalog)
    dated = catalog.execute("SELECT id, taken_from FROM photos ORDER BY id").fetchall()
    assert dated == [(1, "EXIF DateTimeOriginal"), (2, None)]
    assert catalog.execute("SELECT photo FROM unread_dates").fetchall() == [(2,)]
    assert catalog.execute("SELECT size, mtime_ns FROM failures").fetchall() == [(9, -1)]
