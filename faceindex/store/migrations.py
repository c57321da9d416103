"""The catalog is brought to the newest schema, step by step: each once, in a transaction of its own."""

from __future__ import annotations

import sqlite3

from faceindex.errors import NewerSchema
from faceindex.store.schema import (
    m001_first_schema,
    m002_quality,
    m003_change,
    m004_faces_by_segment,
    m005_dates,
    m006_acts,
    m007_sources_of_dates,
    m008_ctimes,
    m009_imports,
    m010_names,
    m011_derived,
    m012_person_ids,
    m013_turned,
    m014_imported_decisions,
    m015_more_decisions,
    m016_merging,
    m017_origins_of_imports,
    m018_unsure_names,
)

APPLICATION_ID = 0x46414345
"""'FACE': marks a SQLite file as a faceindex catalog."""

MIGRATIONS = (
    m001_first_schema.apply,
    m002_quality.apply,
    m003_change.apply,
    m004_faces_by_segment.apply,
    m005_dates.apply,
    m006_acts.apply,
    m007_sources_of_dates.apply,
    m008_ctimes.apply,
    m009_imports.apply,
    m010_names.apply,
    m011_derived.apply,
    m012_person_ids.apply,
    m013_turned.apply,
    m014_imported_decisions.apply,
    m015_more_decisions.apply,
    m016_merging.apply,
    m017_origins_of_imports.apply,
    m018_unsure_names.apply,
)


def schema_version(catalog: sqlite3.Connection) -> int:
    """Number of migrations applied; 0 for an empty file."""
    return int(catalog.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(catalog: sqlite3.Connection, path: object) -> None:
    """Raises: NewerSchema when the catalog was written by a newer faceindex."""
    version = schema_version(catalog)
    if version > len(MIGRATIONS):
        raise NewerSchema(f"{path} has schema {version}, this faceindex knows {len(MIGRATIONS)}; upgrade faceindex")


def migrate(catalog: sqlite3.Connection) -> None:
    """Bring the catalog to the newest schema. The connection must be in autocommit mode."""
    catalog.execute("PRAGMA foreign_keys = OFF")  # a table is made anew by dropping it; it cannot be set inside BEGIN
    for number, step in enumerate(MIGRATIONS, start=1):
        if schema_version(catalog) >= number:
            continue
        catalog.execute("BEGIN IMMEDIATE")
        try:
            step(catalog)
            catalog.execute(f"PRAGMA user_version = {number}")
            catalog.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            catalog.execute("COMMIT")
        except BaseException:
            if catalog.in_transaction:  # on a full disk SQLite has rolled back itself
                catalog.execute("ROLLBACK")
            raise
    catalog.execute("PRAGMA foreign_keys = ON")
