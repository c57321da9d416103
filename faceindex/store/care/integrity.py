"""Is the catalog whole: its file, its schema, and what its rows say of each other."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from faceindex.store.catalog import Catalog
from faceindex.store.derived import wrong_figures
from faceindex.store.journal.names import unsaid
from faceindex.store.migrations import APPLICATION_ID, migrate

_FEW = 10

_COUNTS = {
    "photos without a path": "SELECT (SELECT COUNT(*) FROM photos) - (SELECT COUNT(DISTINCT photo) FROM paths)",
    "of faces, photos and segments would give a number twice": """SELECT COUNT(DISTINCT kind) FROM (
        SELECT 'faces' AS kind, MAX(id) AS highest FROM faces UNION ALL SELECT 'photos', MAX(id) FROM photos
        UNION ALL SELECT 'segments', MAX(id) FROM segments UNION ALL SELECT 'segments', MAX(last) FROM segments)
        WHERE highest > COALESCE((SELECT seq FROM sqlite_sequence WHERE name = kind), 0)""",
}
"""What should not be, and how many there are of it."""


def catalog_problems(catalog: Catalog, *, deep: bool) -> list[str]:
    """What is wrong with the SQLite file, at most a few lines of it. deep: indexes are compared with their tables."""
    connection = catalog.connection
    pragma = "integrity_check" if deep else "quick_check"
    try:
        said = [str(row[0]) for row in connection.execute(f"PRAGMA {pragma}({_FEW})")]
    except sqlite3.OperationalError:
        raise
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        return [str(error)]
    problems = [line for line in said if line != "ok"]
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        problems.append("is no faceindex catalog: its application_id is another one")
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        migrate(model)
        if _schema(connection) != _schema(model):
            problems.append("its tables are not those of its version")
    return problems


def reference_problems(catalog: Catalog) -> list[str]:
    """Rows that speak of others that are not there, and what was derived and does not follow."""
    connection = catalog.connection
    dangling = connection.execute('SELECT "table", parent, COUNT(*) FROM pragma_foreign_key_check GROUP BY 1, 2')
    problems = [
        f"{number:,} rows of {table} speak of {parent} that are not there" for table, parent, number in dangling
    ]
    for what, statement in _COUNTS.items():
        (number,) = connection.execute(statement).fetchone()
        if number:
            problems.append(f"{number:,} {what}")
    faces, people = unsaid(connection)
    problems += [f"{faces:,} faces whose name is not what was said"] if faces else []
    problems += [f"{people:,} people who are there and were not named, or the other way round"] if people else []
    if problems:  # figures are of what is wrong
        return problems
    albums, people = wrong_figures(connection)
    problems += [f"{albums:,} albums of which other figures are kept than they have"] if albums else []
    problems += [f"{people:,} people of whom other figures are kept than they have"] if people else []
    return problems


def _schema(connection: sqlite3.Connection) -> set[tuple[object, ...]]:
    """Tables with their columns, and indexes; not their SQL, which versions of SQLite write differently."""
    columns = """SELECT master.type, master.name, COALESCE(info.name, ''), COALESCE(info.type, '')
        FROM sqlite_master AS master LEFT JOIN pragma_table_info(master.name) AS info
        WHERE master.name NOT LIKE 'sqlite!_stat%' ESCAPE '!'"""
    return set(connection.execute(columns))
