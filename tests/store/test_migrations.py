"""Schema steps are applied once, each whole or not at all; a newer schema is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import faceindex
from faceindex.errors import NewerSchema
from faceindex.store import migrations
from faceindex.store.migrations import MIGRATIONS, migrate, schema_version


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


def test_library_of_a_newer_faceindex_is_refused(tmp_path: Path) -> None:
    catalog = sqlite3.connect(tmp_path / "catalog.sqlite", isolation_level=None)
    migrate(catalog)
    catalog.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    catalog.close()
    with pytest.raises(NewerSchema, match="upgrade faceindex"):
        faceindex.Library(tmp_path)
