"""The photos of a source, with their faces, come into a library that lacks some of them."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from faceindex.journal.acts import DRAW
from faceindex.photos.finding.entries import FoundFile
from faceindex.running.meter import Meter
from faceindex.store.care.joining import ComingPhoto, photos_of
from faceindex.store.care.tombstones import WHOLE_PHOTO, Tombstones, forgotten
from faceindex.store.catalog import Catalog
from faceindex.store.hdf5.merging import compact
from faceindex.store.journal.acts import LISTED, listed
from faceindex.store.merging.paths import PathHere, blocks, make_room, paths_here, placed
from faceindex.store.merging.source import Source
from faceindex.store.photos import writing
from faceindex.store.photos.matching_by_box import FormerFace, match_by_box, same_shape
from faceindex.store.writer import Batch, Writer
from faceindex.types import Box, Face, FailedPhoto

_PHOTOS = 1024  # in one batch, which is one transaction

_Rank = tuple[bool, tuple[str, ...], float, list[int]]
"""Which of two rows of one face stands: what a detector found, then the box that was drawn last."""


@dataclass(slots=True)
class MergedPhotos:
    """known: photos that were here. forgotten: photos that are not stored, because of a tombstone. renamed: path, and
    name in its place, of photos at whose path another one is. left: photos that could not be stored, and why."""

    known: int = 0
    forgotten: int = 0
    renamed: list[tuple[str, str]] = field(default_factory=list)
    left: list[FailedPhoto] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Here:
    """A photo that is here. date: and where it is from. faces: id, box, origin and score of each."""

    photo: int
    size: tuple[int, int]
    date: tuple[str | None, str | None]
    faces: list[tuple[int, Box, str | None, float]]


def merge_photos(
    writer: Writer,
    source: Source,
    sources: Sequence[Source],
    done: MergedPhotos,
    meter: Meter,
    *,
    compacting: bool,
) -> None:
    """Store what `source` has, a block of photos at a time; done again, it goes on. sources: all that are merged.
    compacting: segments are merged when there are many.

    Raises: JobCancelled; LibraryDamaged; SegmentMissing when the source's vectors were compacted meanwhile.
    """
    for photos in photos_of(source.catalog, _PHOTOS):
        meter.stop.check()
        _merge_block(writer, source, sources, photos, done)
        if compacting:
            compact(writer, meter.stop)
        meter.advance(len(photos))


def _merge_block(
    writer: Writer, source: Source, sources: Sequence[Source], photos: Sequence[ComingPhoto], done: MergedPhotos
) -> None:
    here = _photos_here(writer.catalog.connection, [photo.content for photo in photos])
    paths = paths_here(writer.catalog.connection, (file.path for photo in photos for file in photo.files))
    tombstones = writer.catalog.tombstones()
    batch, owners, further, dates = Batch(library=source.library), [], [], {}
    for photo in photos:
        known = here.get(photo.content)
        if known is None and WHOLE_PHOTO in tombstones.of(photo.content):
            done.forgotten += 1
            continue
        if known is None and not photo.complete:
            where = photo.files[0].path if photo.files else "a photo without a path"
            done.left.append(FailedPhoto(where, f"{source.name} lacks the vector of a face; ingest the photo"))
            continue
        files = []
        for file in photo.files:
            there = paths.get(file.path)
            place = placed(file, photo.content, there, source.library)
            if place is file and there is not None and there.content not in (None, photo.content):
                if there.library != source.library:
                    owners.append((file, there))
            elif place is not None and place is not file:
                done.renamed.append((file.path, place.path))
            files += [] if place is None else [place]
        if known is None:
            batch.photos[photo.content] = (photo.photo, files)
            continue
        done.known += 1
        batch.names += [(known.photo, file) for file in files]
        further += _further_faces(writer.catalog, sources, photo, known, tombstones)
        if (date := _date(photo, known)) is not None:
            dates[known.photo] = date
    _commit(writer, source, photos, batch, owners, done)
    if further or dates:
        _store_further(writer, source, further, dates)


def _commit(
    writer: Writer,
    source: Source,
    photos: Sequence[ComingPhoto],
    batch: Batch,
    owners: list[tuple[FoundFile, PathHere]],
    done: MergedPhotos,
) -> None:
    """owners: paths that other photos have to give up."""
    if owners:
        with writer.catalog.transaction() as transaction:
            done.renamed += make_room(transaction, owners)
    new = [photo for photo in photos if photo.content in batch.photos]
    vectors = source.folder.vectors_among(source.catalog, (face for photo in new for face in photo.faces))
    for photo in new:
        analysed = photo.with_vectors(np.array([vectors[face] for face in photo.faces]))
        batch.photos[photo.content] = (analysed, batch.photos[photo.content][1])
    unchanged = _repeated(writer.catalog, batch)
    batch.names = [name for name in batch.names if name not in unchanged]
    if len(batch):
        writer.commit(batch)


def _repeated(catalog: Catalog, batch: Batch) -> list[tuple[int, FoundFile]]:
    """Names in place of paths that their photos have already."""
    return [
        (photo, file)
        for photo, file in batch.names
        if (known := catalog.known_path(file.path)) is not None
        and (known.photo, known.size, known.mtime_ns) == (photo, file.size, file.mtime_ns)
        and known.ctime_ns == file.ctime_ns
    ]


def _photos_here(connection: sqlite3.Connection, contents: Sequence[bytes]) -> dict[bytes, _Here]:
    found = {}
    for some in blocks(contents):
        marks = ", ".join("?" * len(some))
        rows = connection.execute(
            f"SELECT content, id, width, height, taken, taken_from FROM photos WHERE content IN ({marks})", some
        ).fetchall()
        faces = defaultdict(list)
        for photo, face, *box, origin, score in connection.execute(
            f"SELECT photo, id, x, y, width, height, origin, score FROM every_face WHERE photo IN {LISTED} ORDER BY id",
            (listed(row[1] for row in rows),),
        ):
            faces[photo].append((face, Box(*box), origin, score))
        for content, photo, width, height, *date in rows:
            found[content] = _Here(photo, (width, height), (date[0], date[1]), faces[photo])
    return found


_Further = tuple[int, int | None, int, Face]
"""A face that goes into a photo that is here: the photo's id, the face's id here, its id in the source, itself."""


def _further_faces(
    catalog: Catalog, sources: Sequence[Source], photo: ComingPhoto, known: _Here, tombstones: Tombstones
) -> list[_Further]:
    """The faces of `photo` that are not here, as drawn ones may be, and those whose rows here do not stand.

    sources: all that are merged.
    """
    coming = photo.photo.faces
    if [(face.box, face.origin, face.score) for face in coming] == [face[1:] for face in known.faces]:
        return []
    if not photo.complete or not same_shape(known.size, (photo.photo.width, photo.photo.height)):
        return []
    graves = tombstones.of(photo.content)
    former = [FormerFace(face, box) for face, box, *_ in known.faces]
    same = match_by_box([face.box for face in coming], former)
    lost = match_by_box([face.box for face in coming], catalog.decided_faces(photo.content))
    here = {face: (box, origin, score) for face, box, origin, score in known.faces}
    journals = (catalog.connection, *(other.connection for other in sources))
    found: list[_Further] = []
    for number, face, own, waiting in zip(photo.faces, coming, same, lost, strict=True):
        if forgotten(face.box, graves):
            continue
        if own is None:
            found.append((known.photo, waiting, number, face))
        elif (now := (face.box, face.origin, face.score)) != here[own] and (
            _rank(journals, photo.content, *now) > _rank(journals, photo.content, *here[own])
        ):
            found.append((known.photo, own, number, face))
    return found


def _rank(journals: Sequence[sqlite3.Connection], content: bytes, box: Box, origin: str | None, score: float) -> _Rank:
    """journals: of all libraries, of which some may not have been merged yet."""
    drawn = [
        tuple(key)
        for connection in journals
        for key in connection.execute(
            """SELECT at, library, uid FROM decisions CROSS JOIN acts ON acts.id = act
            WHERE kind = ? AND content = ? AND (x, y, width, height) = (?, ?, ?, ?)""",
            (DRAW, content, *box.as_list()),
        )
    ]
    return origin is None, max(drawn, default=()), score, box.as_list()


def _date(photo: ComingPhoto, known: _Here) -> tuple[str, str] | None:
    """The date that the photo gets: one library may have read it from a sidecar that the other does not have."""
    date = (photo.photo.taken, photo.photo.taken_from)
    if date[0] is None or (
        known.date[0] is not None and (known.date[0], known.date[1] or "") <= (date[0], date[1] or "")
    ):
        return None
    return date[0], date[1] or ""


def _store_further(
    writer: Writer, source: Source, further: Iterable[_Further], dates: Mapping[int, tuple[str, str] | None]
) -> None:
    coming = list(further)
    vectors = source.folder.vectors_among(source.catalog, (number for _, _, number, _ in coming))
    with writer.catalog.transaction() as transaction:
        writing.store_dates(transaction, dates)
        photo_of, faces = {}, {}
        following = writing.next_face_id(transaction)
        for photo, own, number, face in coming:
            chosen, following = (following, following + 1) if own is None else (own, following)
            photo_of[chosen], faces[chosen] = photo, replace(face, vector=vectors[number])
        if faces:
            writer.add_faces(photo_of, faces)
