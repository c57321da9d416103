"""SQLite's temporary files, which may hold names and paths, never lie where all programs have theirs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import traced

from faceindex.store.opening import open_reader, open_writer

PROGRAM = """
import sys
from pathlib import Path
from faceindex.store.opening import open_writer
from faceindex.store.care.erasing import _vacuum
library = Path(sys.argv[1])
connection = open_writer(library / "catalog.sqlite").connection
connection.execute("PRAGMA cache_size = 10")
connection.execute("CREATE TABLE names (name TEXT)")
numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) SELECT {} FROM n"
connection.execute("INSERT INTO names " + numbers.format("hex(randomblob(60))"))
assert len(connection.execute("SELECT name FROM names ORDER BY name").fetchall()) == 50000
_vacuum(connection, library)
"""


def test_what_is_sorted_stays_in_memory_and_a_vacuum_in_the_library(tmp_path: Path) -> None:
    traced.skip_unless_traced()
    library, shared = tmp_path / "x.faces", tmp_path / "shared"
    library.mkdir()
    shared.mkdir()
    environment = os.environ | {"TMPDIR": str(shared)}
    environment.pop("SQLITE_TMPDIR", None)  # which SQLite prefers
    command = [sys.executable, "-c", PROGRAM, str(library)]
    assert traced.start(command, tmp_path / "trace", environment).wait(timeout=120) == 0
    made = traced.read(tmp_path / "trace").made(outside=[Path("/dev"), Path("/proc")])
    assert str(library / "catalog.sqlite") in made
    assert [path for path in made if not Path(path).is_relative_to(library)] == []
    assert (library / "catalog.sqlite").stat().st_size > 1 << 20


def test_readers_and_writers_sort_in_memory(tmp_path: Path) -> None:
    for catalog in (open_writer(tmp_path / "catalog.sqlite"), open_reader(tmp_path / "catalog.sqlite")):
        assert catalog.connection.execute("PRAGMA temp_store").fetchone() == (2,)
        catalog.close()
