"""Imports vectors of another program as faces, with their photos and names."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from faceindex.errors import UnreadablePhoto
from faceindex.exchange.foreign_vectors.foreign import ForeignRow, ForeignVectors
from faceindex.exchange.naming import name_faces
from faceindex.exchange.rows.row_faces import names_of_rows
from faceindex.exchange.tally import Tally
from faceindex.photos.decode import open_photo
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.read import identify
from faceindex.running.stop import Stop
from faceindex.store.care.tombstones import WHOLE_PHOTO
from faceindex.store.catalog import Catalog
from faceindex.store.catalog.photos import NO_FILE
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.merging import compact
from faceindex.store.people.sightings import photo_faces
from faceindex.store.writer import Batch, Writer
from faceindex.types import AnalysedPhoto, Box, Face

_PHOTOS = 1024  # photos in one batch, which is one transaction
SAME = 1e-3
"""Two vectors nearer than this (as a share of the vector's length) are the same one, written with fewer digits."""

Resolve = Callable[[str], str]
"""Turns a photo's path as written in the file into an absolute path."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows of one photo. file: the photo's, or a made-up one for a row without a photo. seen: whether the photo exists.

    photo: its id, when the library has it.
    """

    rows: list[ForeignRow]
    file: FoundFile
    content: bytes
    size: tuple[int, int]
    photo: int | None


def import_vectors(
    folder: LibraryFolder,
    foreign: ForeignVectors,
    tally: Tally,
    *,
    resolve: Resolve,
    wait: bool = False,
    stop: Stop | None = None,
) -> None:
    """Store the rows that are not in the library, and name their faces. The library must have the vectors' recipe.

    A row without a photo becomes a photo of its own, with the path file/row 12. If it is killed at any moment, the same
    call goes on; a second call adds nothing. Raises: LibraryLocked; LibraryUnwritable.
    """
    for row, why in foreign.bad:
        tally.bad_row(foreign.path, row, why)
    tally.rows += len({row for row, _ in foreign.bad}.union(foreign.rows)) if foreign.bad else len(foreign.rows)
    people: dict[int, str] = {}
    with folder.writer(wait=wait) as writer:
        batches = _batches(foreign, resolve)
        while not (stop is not None and stop.is_set()) and (places := list(islice(batches, _PHOTOS))):
            groups = [_group(rows, foreign, writer.catalog, resolve) for rows in _read(foreign, places, tally) if rows]
            people.update(_store(writer, folder, groups, foreign.path, tally))
            compact(writer, stop)
    name_faces(folder, people, tally)


def _batches(foreign: ForeignVectors, resolve: Resolve) -> Iterator[list[int]]:
    """The rows of each photo, as positions, in the order of each photo's first row."""
    rows_of: dict[str, list[int]] = defaultdict(list)
    for place, photo in enumerate(foreign.photos):
        if photo is not None:
            rows_of[resolve(photo)].append(place)
    for place, photo in enumerate(foreign.photos):
        if photo is None:
            yield [place]
        elif (places := rows_of.pop(resolve(photo), None)) is not None:
            yield places


def _read(foreign: ForeignVectors, groups: Sequence[Sequence[int]], tally: Tally) -> Iterator[list[ForeignRow]]:
    """The rows at these positions with their vectors; rows with NaN or infinity are reported as bad."""
    places = np.unique(np.concatenate([np.asarray(group, dtype=np.int64) for group in groups]))
    if len(places) == places[-1] - places[0] + 1:
        vectors = np.asarray(foreign.vectors[int(places[0]) : int(places[-1]) + 1], dtype=np.float32)
    else:
        vectors = np.asarray(foreign.vectors[places], dtype=np.float32)
    fine = np.isfinite(vectors.sum(axis=1))
    for group in groups:
        rows = []
        for place, at in zip(group, np.searchsorted(places, group), strict=True):
            number = foreign.rows[place]
            if fine[at]:
                rows.append(
                    ForeignRow(number, vectors[at], foreign.people[place], foreign.photos[place], foreign.boxes[place])
                )
            else:
                tally.bad_row(foreign.path, number, "its vector contains NaN or infinity")
        yield rows


def _group(rows: list[ForeignRow], foreign: ForeignVectors, catalog: Catalog, resolve: Resolve) -> _Group:
    first = rows[0]
    if first.photo is None:
        assert first.vector is not None
        path = str(foreign.path / f"row {first.row}")
        content = _hash(os.fsencode(foreign.path.name), str(first.row).encode(), first.vector.tobytes())
        return _Group(rows, FoundFile(path, NO_FILE, 0, False), content, (0, 0), catalog.photo_with(content))
    path = resolve(first.photo)
    try:
        identity = identify(path, named=True)
        assert identity is not None
        photo = catalog.photo_with(identity.content)
        shown = None if photo is not None else open_photo(path)
    except UnreadablePhoto:
        known = catalog.known_path(path)
        content = _hash(b"a photo that nobody has seen", os.fsencode(path))
        photo = known.photo if known is not None else catalog.photo_with(content)
        return _Group(rows, FoundFile(path, NO_FILE, 0, False), content, (0, 0), photo)
    file = FoundFile(path, identity.size, identity.mtime_ns, False, identity.ctime_ns)
    return _Group(rows, file, identity.content, (shown.width, shown.height) if shown else (0, 0), photo)


def _hash(*parts: bytes) -> bytes:
    digest = hashlib.blake2b(b"faceindex: no photo\0", digest_size=32)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.digest()


def _store(writer: Writer, folder: LibraryFolder, groups: Sequence[_Group], path: Path, tally: Tally) -> dict[int, str]:
    """Commit the new photos and faces. Returns the names for the faces, by id."""
    batch, people = Batch(), dict[int, str]()
    new: dict[bytes, _Group] = {}
    there: list[_Group] = []
    for group in groups:
        if group.photo is not None:
            there.append(group)
            if group.file.size != NO_FILE and writer.catalog.known_path(group.file.path) is None:
                batch.names.append((group.photo, group.file))
        elif group.content in new:  # a copy of the same photo
            there.append(group)
            batch.photos[group.content][1].append(group.file)
        elif not _is_forgotten(writer.catalog, group, tally):
            new[group.content] = group
            faces = [_face(row, place) for place, row in enumerate(group.rows)]
            batch.photos[group.content] = (AnalysedPhoto(*group.size, tuple(faces)), [group.file])
    if len(batch):
        tally.faces += writer.commit(batch)
        tally.photos += len(batch.photos)
    for group in new.values():
        stored = _stored_places(writer.catalog, group)
        people |= {stored[place]: row.person for place, row in enumerate(group.rows) if row.person and place in stored}
    people.update(_meet(writer.catalog, folder, there, path, tally))
    return people


def _is_forgotten(catalog: Catalog, group: _Group, tally: Tally) -> bool:
    if WHOLE_PHOTO not in catalog.tombstones().of(group.content):
        return False
    tally.known += len(group.rows)
    return True


def _face(row: ForeignRow, place: int) -> Face:
    assert row.vector is not None
    nothing = np.empty((0, 2), dtype=np.float32)
    return Face(_box(row, place), 0.0, nothing, row.vector, np.nan)


def _box(row: ForeignRow, place: int) -> Box:
    """The row's box. A face without a known place gets an empty box that no other face of the photo has."""
    return row.box or Box(-1 - place, -1, 0, 0)


def _stored_places(catalog: Catalog, group: _Group) -> dict[int, int]:
    """The ids of a group's faces by position, read after they were stored."""
    photo = catalog.photo_with(group.content)
    by_box: dict[Box, list[int]] = defaultdict(list)
    for face in photo_faces(catalog, photo) if photo is not None else ():
        by_box[face.box].append(face.face)
    boxes = [(place, by_box.get(_box(row, place), [])) for place, row in enumerate(group.rows)]
    return {place: ids.pop(0) for place, ids in boxes if ids}


def _meet(
    catalog: Catalog, folder: LibraryFolder, groups: Iterable[_Group], path: Path, tally: Tally
) -> dict[int, str]:
    """The names for faces that the library has already; the faces are found by vector and box."""
    people: dict[int, str] = {}
    photos = {id(group): group.photo or catalog.photo_with(group.content) or 0 for group in groups}
    faces = {key: photo_faces(catalog, photo) for key, photo in photos.items()}
    vectors = folder.vectors_among(catalog, [face.face for own in faces.values() for face in own])
    for group in groups:
        own = faces[id(group)]
        lengths = [float(np.linalg.norm(row.vector)) for row in group.rows if row.vector is not None]
        lost: list[ForeignRow] = []
        people |= names_of_rows(group.rows, own, vectors, SAME * max(lengths, default=0.0), tally, lost)
        for row in lost:
            tally.no_face(path, row.row, f"{group.file.path} is in the library but has no such face")
    return people
