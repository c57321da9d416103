"""Derived tables are derived again, and faces that lost their vectors are marked to be analysed again."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from faceindex.files.reading import open_regular
from faceindex.files.writing import creating, sync_folder
from faceindex.store.care.examine import Examiner, faces_without_vector
from faceindex.store.catalog import Catalog
from faceindex.store.hdf5.merging import unlink
from faceindex.store.hdf5.salvage import good_blocks, salvaged
from faceindex.store.hdf5.segments import FOUND, Block, Segment, file_checksum
from faceindex.store.journal.names import replay_all
from faceindex.store.photos import writing
from faceindex.store.writer import Writer
from faceindex.types import FaceIds

_MANY = 100_000  # ids in one statement

# Each loses nothing that people said: the journal of decisions knows photos by content and faces by their boxes.
_MENDS = (
    """UPDATE faces SET photo = (
            SELECT photos.id FROM decisions JOIN photos USING (content)
            WHERE face = faces.id ORDER BY decisions.id DESC LIMIT 1)
        WHERE photo NOT IN (SELECT id FROM photos)
            AND id IN (SELECT face FROM decisions JOIN photos USING (content))""",
    "DELETE FROM paths WHERE photo NOT IN (SELECT id FROM photos)",
    "DELETE FROM photos WHERE id NOT IN (SELECT photo FROM paths)",
    "DELETE FROM faces WHERE photo NOT IN (SELECT id FROM photos)",
    "DELETE FROM album_faces WHERE face NOT IN (SELECT id FROM faces)",
    "INSERT OR IGNORE INTO albums (id) SELECT DISTINCT album FROM album_faces",
    "DELETE FROM clusters WHERE face NOT IN (SELECT id FROM faces)",
    "DELETE FROM album_seeds WHERE face NOT IN (SELECT id FROM faces)",
    "DELETE FROM hidden_faces WHERE face NOT IN (SELECT id FROM faces)",
    "DELETE FROM not_faces WHERE photo NOT IN (SELECT id FROM photos) OR face IN (SELECT id FROM faces)",
    "DELETE FROM covers WHERE face NOT IN (SELECT id FROM faces)",
    "DELETE FROM unknown_faces WHERE face NOT IN (SELECT id FROM faces)",
    "DELETE FROM lost_faces WHERE photo NOT IN (SELECT id FROM photos) OR face IN (SELECT id FROM faces)",
    "DELETE FROM unsure_names WHERE face NOT IN (SELECT id FROM every_face)",
    "UPDATE albums SET person = NULL WHERE person NOT IN (SELECT id FROM people)",
    "DELETE FROM decisions WHERE act NOT IN (SELECT id FROM acts)",
    "DELETE FROM person_faces WHERE face NOT IN (SELECT id FROM faces) OR person NOT IN (SELECT id FROM people)",
)
_HIGHEST = {
    "photos": "SELECT MAX(id) FROM photos",
    "faces": "SELECT MAX(id) FROM (SELECT MAX(id) AS id FROM faces UNION ALL SELECT MAX(face) FROM decisions)",
    "segments": "SELECT MAX(id) FROM (SELECT MAX(id) AS id FROM segments UNION ALL SELECT MAX(last) FROM segments)",
}


def put_back(vectors: Path, segments: Sequence[Segment], damaged: Sequence[Segment]) -> int:
    """Copy segments back to their names where whole copies lie under other names. Returns their number.

    The caller holds the lock. Killed in between, the next call continues: copies come first, then the names.
    """
    whole = {segment.file for segment in segments} - {segment.file for segment in damaged}
    others = [path for path in sorted(vectors.iterdir()) if path.name not in whole]
    wanted = {segment.checksum: segment.file for segment in damaged}
    found: dict[str, Path] = {}
    for path in others:
        with suppress(OSError):
            name = wanted.get(file_checksum(path))
            if name and name not in found:
                found[name] = _copied(path, vectors / (name + FOUND))
    for name, path in found.items():
        path.replace(vectors / name)
    sync_folder(vectors)
    for path in vectors.glob("*" + FOUND):
        path.unlink()
    return len(found)


def mend_rows(writer: Writer) -> None:
    """Remove rows that refer to missing ones, name faces as the journal says, and never give a number twice."""
    with writer.catalog.transaction() as transaction:
        changed = [transaction.execute(statement).rowcount for statement in _MENDS]
        replay_all(transaction)
        for table, highest in _HIGHEST.items():
            _raise_sequence(transaction, table, transaction.execute(highest).fetchone()[0] or 0)
        if any(changed):
            writing.note_change_of_faces(transaction)


def mend_segments(writer: Writer) -> int:
    """Replace damaged segments by what can be read of them, and mark faces without a vector. Returns the vectors saved.

    A file that this process may not read is left as it is. Marked faces have segment 0, and their photos are opened
    again by the next ingest.
    """
    examiner = Examiner(writer.vectors, writer.recipe, deep=True)
    damaged = [segment for segment in writer.catalog.segments() if examiner.examine(segment).problem]
    saved = sum(_save(writer, segment) for segment in damaged if not _forbidden(writer.vectors / segment.file))
    segments = writer.catalog.segments()
    examined = [examiner.examine(segment) for segment in segments]
    lost = faces_without_vector(writer.catalog.stored_with_others(), segments, examined)
    for segment, one in zip(segments, examined, strict=True):
        if one.problem:
            lost = lost.without(lost.in_segment(segment).ids)
    _mark_lost(writer.catalog, lost.ids)
    return saved


def _save(writer: Writer, segment: Segment) -> int:
    faces = writer.catalog.stored_with_others().in_segment(segment)
    with salvaged(writer.vectors, segment, writer.recipe) as (path, good):

        def blocks() -> Iterator[Block]:
            return good_blocks(path, good, faces, writer.recipe)

        saved = sum(len(ids) for ids, _ in blocks()) if good else 0
        new = writer.write_segment(blocks(), saved, (segment.first, segment.last)) if saved else None
    with writer.catalog.transaction() as transaction:
        writing.swap_segments(transaction, [segment], new)
    unlink(writer, [segment])
    return saved


def _mark_lost(catalog: Catalog, faces: FaceIds) -> None:
    for start in range(0, len(faces), _MANY):
        chosen = json.dumps(faces[start : start + _MANY].tolist())
        with catalog.transaction() as transaction:
            transaction.execute(
                """UPDATE paths SET mtime_ns = -1 WHERE photo IN (
                    SELECT photo FROM faces WHERE id IN (SELECT value FROM json_each(?)))""",
                (chosen,),
            )
            for table, face in (("faces", "id"), ("not_faces", "face")):
                among = f"{face} IN (SELECT value FROM json_each(?))"
                transaction.execute(f"UPDATE {table} SET segment = 0 WHERE {among}", (chosen,))
            writing.note_change_of_faces(transaction)


def _raise_sequence(transaction: sqlite3.Connection, table: str, highest: int) -> None:
    if not transaction.execute("SELECT 1 FROM sqlite_sequence WHERE name = ?", (table,)).fetchone():
        transaction.execute("INSERT INTO sqlite_sequence VALUES (?, 0)", (table,))
    transaction.execute("UPDATE sqlite_sequence SET seq = MAX(seq, ?) WHERE name = ?", (highest, table))


def _copied(path: Path, copy: Path) -> Path:
    if path != copy:
        with creating(copy) as file, open_regular(path) as source:
            shutil.copyfileobj(source, file, 1 << 20)
    return copy


def _forbidden(path: Path) -> bool:
    return path.exists() and not os.access(path, os.R_OK)
