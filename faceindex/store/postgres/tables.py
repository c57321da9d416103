"""The tables in PostgreSQL.

::

    faces    id, photo, person, confirmed, album, hidden, x, y, width, height, score, quality, vector
    photos   id, content, path, paths, width, height, taken
    people   id, public_id, name, hidden
    library  name, value: what the copy is of

ids are the library's. `digest` of each row says whether it is up to date. The HNSW index is over the vectors in half
precision, which halves it; `vector` has them in full, to rank what the index finds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faceindex.errors import MachineError

if TYPE_CHECKING:
    import psycopg

OLDEST = (0, 7)
"""The first pgvector that has half precision."""


@dataclass(frozen=True, slots=True)
class Table:
    """columns: name and type of each; the first is the key. indexes: statements' ends, by name."""

    name: str
    columns: dict[str, str]
    indexes: dict[str, str]


def tables(dimension: int) -> tuple[Table, ...]:
    """The tables of a library's rows, each after those that it refers to. dimension: of its vectors."""
    whole = "DEFERRABLE INITIALLY DEFERRED"
    people = {"id": "bigint PRIMARY KEY", "public_id": "text", "name": "text NOT NULL", "hidden": "boolean NOT NULL"}
    photos = {
        **{"id": "bigint PRIMARY KEY", "content": "bytea NOT NULL", "path": "text", "paths": "text[] NOT NULL"},
        **{"width": "integer NOT NULL", "height": "integer NOT NULL", "taken": "text"},
    }
    faces = {
        **{"id": "bigint PRIMARY KEY", "photo": f"bigint NOT NULL REFERENCES photos {whole}"},
        **{"person": f"bigint REFERENCES people {whole}", "confirmed": "boolean NOT NULL", "album": "bigint"},
        **{"hidden": "boolean NOT NULL", "x": "integer NOT NULL", "y": "integer NOT NULL"},
        **{"width": "integer NOT NULL", "height": "integer NOT NULL", "score": "double precision NOT NULL"},
        **{"quality": "double precision", "vector": f"vector({dimension})"},
    }
    digest = {"digest": "bigint NOT NULL"}
    return (
        Table("people", people | digest, {"people_by_name": "(name)"}),
        Table("photos", photos | digest, {"photos_by_path": "(path)"}),
        Table(
            "faces",
            faces | digest,
            {
                "faces_by_photo": "(photo)",
                "faces_by_person": "(person)",
                "faces_by_vector": f"USING hnsw ((vector::halfvec({dimension})) halfvec_l2_ops)",
            },
        ),
    )


def prepare(connection: psycopg.Connection[Any], schema: str) -> None:
    """Make the schema and pgvector available to the statements of this transaction, and keep other exports out.

    Raises: MachineError without pgvector.
    """
    from psycopg import Error
    from psycopg.sql import SQL, Identifier

    row = connection.execute(
        "SELECT extversion, nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace "
        "WHERE extname = 'vector'"
    ).fetchone()
    if row is None:
        try:
            connection.execute("CREATE EXTENSION vector")
        except Error as error:
            why = " ".join(str(error).split())
            raise MachineError(
                f"the database has no pgvector, and this user cannot add it ({why}); "
                "its administrator runs CREATE EXTENSION vector"
            ) from None
        return prepare(connection, schema)
    version, namespace = row
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise MachineError(f"the database has pgvector {version}; half precision needs 0.7 or newer")
    there = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone()
    if there is None:
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
    connection.execute(SQL("SET LOCAL search_path TO {}, {}").format(Identifier(schema), Identifier(namespace)))
    connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"faceindex {schema}",))
    return None


def exist(connection: psycopg.Connection[Any], schema: str) -> bool:
    """Whether the tables are in the schema."""
    statement = "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = 'library'"
    return connection.execute(statement, (schema,)).fetchone() is not None


def create(connection: psycopg.Connection[Any], dimension: int) -> None:
    """Create the tables, without their indexes: those are faster made of full tables."""
    from psycopg.sql import SQL, Identifier

    connection.execute("CREATE TABLE library (name text PRIMARY KEY, value text NOT NULL)")
    for table in tables(dimension):
        columns = [SQL("{} {}").format(Identifier(name), _sql(kind)) for name, kind in table.columns.items()]
        connection.execute(SQL("CREATE TABLE {} ({})").format(Identifier(table.name), SQL(", ").join(columns)))


def create_indexes(connection: psycopg.Connection[Any], dimension: int) -> None:
    """Create the indexes of new tables."""
    from psycopg.sql import SQL, Identifier

    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no index is made while checks are to come
    for table in tables(dimension):
        for name, end in table.indexes.items():
            statement = SQL("CREATE INDEX {} ON {} {}").format(Identifier(name), Identifier(table.name), _sql(end))
            connection.execute(statement)


def _sql(text: str) -> Any:
    """A part of a statement that is written in this module."""
    from psycopg.sql import SQL

    return SQL(text)
