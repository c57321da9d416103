"""Whether the catalog is whole: its file, its schema, and how its rows refer to each other."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from faceindex.plurals import plural
from faceindex.store.catalog import Catalog
from faceindex.store.derived import wrong_figures
from faceindex.store.journal.names import unsaid
from faceindex.store.migrations import APPLICATION_ID, migrate

_FEW = 10

_WITHOUT_PATH = "SELECT (SELECT COUNT(*) FROM photos) - (SELECT COUNT(DISTINCT photo) FROM paths)"

_IDS_AGAIN = """SELECT DISTINCT kind FROM (
    SELECT 'faces' AS kind, MAX(id) AS highest FROM faces UNION ALL SELECT 'photos', MAX(id) FROM photos
    UNION ALL SELECT 'segments', MAX(id) FROM segments UNION ALL SELECT 'segments', MAX(last) FROM segments)
    WHERE highest > COALESCE((SELECT seq FROM sqlite_sequence WHERE name = kind), 0) ORDER BY kind"""
"""Tables that would give an id twice: ids of removed rows must not come back."""


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
        problems.append("is not a faceindex catalog: it has another application_id")
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        migrate(model)
        if _schema(connection) != _schema(model):
            problems.append("its tables are not those of its version")
    return problems


def reference_problems(catalog: Catalog) -> list[str]:
    """Rows that refer to missing rows, and derived tables that are out of date."""
    connection = catalog.connection
    dangling = connection.execute('SELECT "table", parent, COUNT(*) FROM pragma_foreign_key_check GROUP BY 1, 2')
    problems = [f"{plural(number, 'row')} of {table} with missing {parent}" for table, parent, number in dangling]
    (photos,) = connection.execute(_WITHOUT_PATH).fetchone()
    problems += [f"{plural(photos, 'photo')} without a path"] if photos else []
    tables = connection.execute(_IDS_AGAIN).fetchall()
    problems += [f"the next id of {table} was given before" for (table,) in tables]
    faces, people = unsaid(connection)
    problems += [f"{plural(faces, 'face')} with another name than the journal gives"] if faces else []
    problems += [f"{plural(people, 'person', 'people')} missing, or without a name in the journal"] if people else []
    if problems:  # figures are of what is wrong
        return problems
    albums, people = wrong_figures(connection)
    problems += [f"{plural(albums, 'album')} with wrong figures"] if albums else []
    problems += [f"{plural(people, 'person', 'people')} with wrong figures"] if people else []
    return problems


def _schema(connection: sqlite3.Connection) -> set[tuple[object, ...]]:
    """Tables with their columns, and indexes; not their SQL, which versions of SQLite write differently."""
    columns = """SELECT master.type, master.name, COALESCE(info.name, ''), COALESCE(info.type, '')
        FROM sqlite_master AS master LEFT JOIN pragma_table_info(master.name) AS info
        WHERE master.name NOT LIKE 'sqlite!_stat%' ESCAPE '!'"""
    return set(connection.execute(columns))
