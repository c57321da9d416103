"""Brings the tables in PostgreSQL up to date with the library: only what changed is sent, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING, Any

from faceindex.errors import UsageError
from faceindex.running.meter import Meter
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.segments import SegmentMissing
from faceindex.store.journal.act_keys import library_id
from faceindex.store.postgres import rows
from faceindex.store.postgres.connection import connected
from faceindex.store.postgres.rows import Row
from faceindex.store.postgres.tables import Table, create, create_indexes, exist, prepare, tables
from faceindex.types import TableChanges

if TYPE_CHECKING:
    import psycopg

SCHEMA = "faceindex"
"""The schema's name, unless another one is given."""

_FORMAT = "1"
_ATTEMPTS = 5

_Vectors = Callable[[Sequence[Row]], Sequence[Any]]
"""The vector of each face of these rows; None for a lost one."""


def copy_library(folder: LibraryFolder, address: str, schema: str, meter: Meter) -> dict[str, TableChanges]:
    """Make `schema` in the database a copy of the library. Returns what changed, by table.

    Whoever reads the tables sees them as they were before, or as they are afterwards. Raises: UsageError when the
    schema holds another library, or something else; MachineError; JobCancelled; LibraryDamaged.
    """
    for attempt in count(1):
        with closing(folder.open_catalog()) as catalog, catalog.snapshot():
            try:
                with connected(address) as connection:
                    return _copy(folder, catalog, connection, schema, meter)
            except SegmentMissing:
                if attempt == _ATTEMPTS:
                    raise
    raise AssertionError("count() has no end")


def _copy(
    folder: LibraryFolder, catalog: Catalog, connection: psycopg.Connection[Any], schema: str, meter: Meter
) -> dict[str, TableChanges]:
    from pgvector.psycopg import register_vector

    prepare(connection, schema)
    new, dimension = not exist(connection, schema), folder.recipe.dimension
    if new:
        _refuse_other_tables(connection, schema, dimension)
        create(connection, dimension)
    else:
        _refuse_another_library(connection, folder, catalog, schema)
    register_vector(connection)
    counts = catalog.counts()
    meter.stage("exporting", counts["people"] + counts["photos"] + counts["faces"])

    def vectors_of(faces: Sequence[Row]) -> Sequence[Any]:
        found = folder.vectors_among(catalog, [face[0] for face in faces])
        return [found.get(face[0]) for face in faces]

    blocks = {"people": rows.people(catalog), "photos": rows.photos(catalog), "faces": rows.faces(catalog)}
    found = {}
    for table in tables(dimension):
        vectors = vectors_of if "vector" in table.columns else None
        found[table.name] = _update(connection, table, blocks[table.name], vectors, meter, new=new)
    if new:
        meter.stage("indexing")
        create_indexes(connection, dimension)
    _describe(connection, folder, catalog)
    return found


def _refuse_other_tables(connection: psycopg.Connection[Any], schema: str, dimension: int) -> None:
    names = [table.name for table in tables(dimension)]
    statement = "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename = ANY(%s)"
    if row := connection.execute(statement, (schema, names)).fetchone():
        raise UsageError(f"the schema {schema} has another program's table {row[0]}; choose another --schema")


def _refuse_another_library(
    connection: psycopg.Connection[Any], folder: LibraryFolder, catalog: Catalog, schema: str
) -> None:
    said = dict(connection.execute("SELECT name, value FROM library").fetchall())
    if said.get("format") != _FORMAT:
        raise UsageError(f"the schema {schema} was written by another version of faceindex; choose another --schema")
    if said.get("library") != library_id(catalog.connection) or said.get("fingerprint") != folder.recipe.fingerprint:
        raise UsageError(f"the schema {schema} holds another library ({said.get('path')}); choose another --schema")


def _describe(connection: psycopg.Connection[Any], folder: LibraryFolder, catalog: Catalog) -> None:
    said = {
        **{"format": _FORMAT, "library": library_id(catalog.connection), "path": str(folder.path)},
        **{"recipe": folder.recipe.title, "fingerprint": folder.recipe.fingerprint},
        **{"dimension": str(folder.recipe.dimension), "match_threshold": str(folder.recipe.match_threshold)},
    }
    for name, value in said.items():
        connection.execute(
            "INSERT INTO library VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, rows.plain_text(value)),
        )
    connection.execute(
        "INSERT INTO library VALUES ('exported', now()::text) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    )


def _update(
    connection: psycopg.Connection[Any],
    table: Table,
    blocks: Iterable[list[Row]],
    vectors: _Vectors | None,
    meter: Meter,
    *,
    new: bool,
) -> TableChanges:
    known = _known(connection, table, new=new)
    following = next(known, None)
    added = changed = 0
    deleted: list[int] = []
    for block in blocks:
        coming = []
        for row in block:
            while following is not None and following[0] < row[0]:
                deleted.append(following[0])
                following = next(known, None)
            if following is None or following[0] != row[0]:
                added += 1
                coming.append(row)
                continue
            if following[1] != row[-1]:
                changed += 1
                coming.append(row)
            following = next(known, None)
        if coming:
            _send(connection, table, coming, vectors, new=new)
        meter.advance(len(block))
    while following is not None:
        deleted.append(following[0])
        following = next(known, None)
    _delete(connection, table, deleted)
    return TableChanges(added, changed, len(deleted))


def _known(connection: psycopg.Connection[Any], table: Table, *, new: bool) -> Iterator[tuple[int, int]]:
    """id and digest of the rows that are there, by rising id."""
    from psycopg.sql import SQL, Identifier

    if new:
        return
    with connection.cursor(name=f"known_{table.name}") as cursor:
        cursor.itersize = rows.BLOCK
        cursor.execute(SQL("SELECT id, digest FROM {} ORDER BY id").format(Identifier(table.name)))
        yield from cursor


def _send(
    connection: psycopg.Connection[Any], table: Table, coming: Sequence[Row], vectors: _Vectors | None, *, new: bool
) -> None:
    from psycopg.sql import SQL, Identifier

    own = Identifier(table.name)
    target = own if new else Identifier(f"coming_{table.name}")
    if not new:
        connection.execute(SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} (LIKE {}) ON COMMIT DROP").format(target, own))
    found = [None] * len(coming) if vectors is None else vectors(coming)
    types = [kind.split()[0].split("(")[0] for kind in table.columns.values()]
    with connection.cursor() as cursor, cursor.copy(SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(target)) as copy:
        copy.set_types([_TYPES.get(kind, kind) for kind in types])
        for row, vector in zip(coming, found, strict=True):
            copy.write_row(row if vectors is None else (*row[:-1], vector, row[-1]))
    if new:
        return
    columns = [Identifier(name) for name in table.columns]
    assigned = SQL(", ").join(SQL("{0} = excluded.{0}").format(column) for column in columns[1:])
    connection.execute(
        SQL("INSERT INTO {} SELECT * FROM {} ON CONFLICT (id) DO UPDATE SET {}").format(own, target, assigned)
    )
    connection.execute(SQL("TRUNCATE {}").format(target))


_TYPES = {"bigint": "int8", "integer": "int4", "boolean": "bool", "double": "float8"}
"""PostgreSQL's own names of types."""


def _delete(connection: psycopg.Connection[Any], table: Table, ids: Sequence[int]) -> None:
    from psycopg.sql import SQL, Identifier

    if ids:
        connection.execute(SQL("DELETE FROM {} WHERE id = ANY(%s)").format(Identifier(table.name)), (list(ids),))
