"""Imports rows that name faces, as decisions; photos that the library does not have are analysed first."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

from faceindex.exchange.foreign_vectors.foreign import ForeignRow, of_rows
from faceindex.exchange.foreign_vectors.foreign_import import Resolve, import_vectors
from faceindex.exchange.naming import name_faces
from faceindex.exchange.rows.row_faces import names_of_rows
from faceindex.exchange.rows.text_rows import text_rows
from faceindex.exchange.tally import Tally
from faceindex.faces.vectors_only import VectorsOnly
from faceindex.running.stop import Stop
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.people.sightings import photo_faces
from faceindex.types import IngestReport

_ROWS = 4096  # in memory at once

Analyse = Callable[[list[str]], IngestReport]
"""Ingests photos, given by absolute paths."""


def import_rows(
    folder: LibraryFolder, path: Path, tally: Tally, *, resolve: Resolve, analyse: Analyse, stop: Stop | None = None
) -> None:
    """Name faces as in a file of JSON lines or CSV. First analyse its photos that the library does not have.

    A library of another program's vectors cannot analyse photos; it imports the vectors in the rows instead.
    Raises: UsageError if the file cannot be read; anything that the analysis raises.
    """
    if isinstance(folder.recipe, VectorsOnly):
        import_vectors(folder, of_rows(path, _with_vectors(path)), tally, resolve=resolve, stop=stop)
        return
    new = _not_known(folder, path, resolve)
    if new:
        report = analyse(new)
        tally.analysed += report.new
        tally.photos += report.new
        tally.faces += report.new_faces
        tally.failures += [*report.failures, *report.missed]
        tally.interrupted = report.interrupted
        if report.interrupted:
            return
    people: dict[int, str] = {}
    for rows in _blocks(_good(path, tally)):
        if stop is not None and stop.is_set():
            break
        people.update(_found(folder.catalog, folder, rows, path, tally, resolve))
    name_faces(folder, people, tally)


def _with_vectors(path: Path) -> Iterator[ForeignRow | tuple[int, str]]:
    for row in text_rows(path):
        yield row if isinstance(row, tuple) or row.vector is not None else (row.row, "has no vector")


def _not_known(folder: LibraryFolder, path: Path, resolve: Resolve) -> list[str]:
    """Photos in the rows that exist and that the library does not have."""
    seen: dict[str, bool] = {}
    for row in text_rows(path):
        if isinstance(row, tuple) or row.photo is None:
            continue
        photo = resolve(row.photo)
        if photo not in seen:
            known = folder.exists and (it := folder.catalog.known_path(photo)) is not None and it.error is None
            seen[photo] = not known and os.path.isfile(photo)  # noqa: PTH113  (speed)
    return [photo for photo, is_new in seen.items() if is_new]


def _good(path: Path, tally: Tally) -> Iterator[ForeignRow]:
    for row in text_rows(path):
        tally.rows += 1
        if isinstance(row, tuple):
            tally.bad_row(path, *row, word="line")
        else:
            yield row


def _blocks(rows: Iterable[ForeignRow]) -> Iterator[list[ForeignRow]]:
    """Rows in blocks of some thousand; consecutive rows of one photo stay in one block."""
    block: list[ForeignRow] = []
    for _, own in groupby(rows, key=lambda row: row.photo):
        block += own
        if len(block) >= _ROWS:
            yield block
            block = []
    if block:
        yield block


def _found(
    catalog: Catalog, folder: LibraryFolder, rows: list[ForeignRow], path: Path, tally: Tally, resolve: Resolve
) -> dict[int, str]:
    by_photo: dict[str, list[ForeignRow]] = {}
    for row in rows:
        by_photo.setdefault(resolve(row.photo or ""), []).append(row)
    known = {photo: it.photo for photo in by_photo if (it := catalog.known_path(photo)) and it.photo is not None}
    faces = {photo: photo_faces(catalog, known[photo]) if photo in known else [] for photo in by_photo}
    compared = [
        f.face for photo, own in faces.items() if any(r.vector is not None for r in by_photo[photo]) for f in own
    ]
    vectors = folder.vectors_among(catalog, compared) if compared else {}
    people: dict[int, str] = {}
    for photo, own_rows in by_photo.items():
        own = faces[photo]
        lost: list[ForeignRow] = []
        people |= names_of_rows(own_rows, own, vectors, folder.recipe.match_threshold / 2, tally, lost)
        for row in lost:
            tally.no_face(path, row.row, _why(photo, photo in known, len(own), row), word="line")
    return people


def _why(photo: str, known: bool, faces: int, row: ForeignRow) -> str:
    if not known:
        return f"{photo} is not in the library and cannot be read"
    if not faces:
        return f"no face was found in {photo}"
    if row.box is None and row.vector is None:
        return f"it does not say which face in {photo} it means; there are {faces:,}"
    return f"{photo} has no face at this place"
