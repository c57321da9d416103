"""A new library's catalog, and the recipe that a library is made with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from faceindex.errors import LibraryDamaged, RecipeMismatch
from faceindex.faces.recipe import Recipe
from faceindex.faces.vectors_only import VectorsOnly, recipe_of
from faceindex.files.writing import new_file, put_in_place
from faceindex.store.journal.act_keys import new_library_id
from faceindex.store.layout import CATALOG, CATALOGS, NEW_CATALOG
from faceindex.store.migrations import migrate
from faceindex.store.opening import open_writer
from faceindex.store.settings import save_settings


def create_catalog(folder: Path, recipe: Recipe) -> None:
    """Make the catalog of a new library in `folder`, with schema and recipe. A catalog that exists is complete.

    (SQLite keeps a journal of a catalog that was half made, which only writers may roll back.) Raises: OSError;
    sqlite3.OperationalError.
    """
    new = folder / NEW_CATALOG
    for name in CATALOGS - {CATALOG}:
        (folder / name).unlink(missing_ok=True)
    try:
        _write_catalog(new, recipe)
    except BaseException:
        for name in CATALOGS - {CATALOG}:
            (folder / name).unlink(missing_ok=True)
        raise
    put_in_place(new, folder / CATALOG)


def recipe_of_library(folder: Path, settings: Mapping[str, str], wanted: Recipe | None) -> Recipe:
    """The recipe that the settings of the library in `folder` name.

    Raises: LibraryDamaged when they name none; RecipeMismatch when this faceindex has another version of it, or when it
    is not the recipe `wanted`, if one is given.
    """
    try:
        stored = recipe_of(dict(settings))
    except (KeyError, ValueError) as error:
        raise LibraryDamaged(
            f"{folder / CATALOG} is damaged (it does not say how its vectors were made); restore it from a backup"
        ) from error
    if stored.fingerprint != settings["fingerprint"]:
        raise RecipeMismatch(
            f"{folder} was made with another version of recipe {stored.title}; "
            "its vectors cannot be compared with new ones: ingest into a new library"
        )
    if wanted is not None and wanted.fingerprint != stored.fingerprint:
        raise RecipeMismatch(
            f"{folder} holds vectors of recipe {stored.title}, not {wanted.title}; "
            "give that recipe its own library with -L"
        )
    return stored


def _write_catalog(new: Path, recipe: Recipe) -> None:
    os.close(new_file(new))
    with closing(open_writer(new)) as catalog:
        migrate(catalog.connection)
        more: dict[str, object] = dict(recipe.settings) if isinstance(recipe, VectorsOnly) else {}
        more |= {"precision": recipe.precision} if recipe.precision != "f32" else {}
        with catalog.transaction() as transaction:
            save_settings(
                transaction,
                recipe=recipe.name,
                detector=recipe.detector,
                landmarks=recipe.landmarks,
                jitter=recipe.jitter,
                fingerprint=recipe.fingerprint,
                library_id=new_library_id(),
                **more,
            )
        catalog.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # fsyncs; closing would be silent of errors
