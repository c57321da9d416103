"""Reads names that other programs wrote into photos and sidecars, as names of the library's faces.

The library remembers what each file said about a face. If the file changes, the library takes the new name, unless a
user decided about the face here in the meantime. A name that a user has undone returns only if the file changes again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from faceindex.exchange.xmp.names_in_photos import Said, names_in_photo
from faceindex.ingest.photo_reader import PhotoReader
from faceindex.ingest.workers.limits import IDLE_LIMIT
from faceindex.photos.packets import Sidecars
from faceindex.running.stop import Stop
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal.imports import NameInFile, import_names
from faceindex.store.people.sightings import PhotoFace, left_to_files, photo_faces, stored_photo
from faceindex.types import FailedPhoto, NamesRead, PhotoRecord


@dataclass(slots=True)
class _Tally:
    """changes: for each face the new name, or None to remove it. said: what files say now, where that is new."""

    photos: int = 0
    names: int = 0
    decided: int = 0
    without_face: int = 0
    changes: dict[int, str | None] = field(default_factory=dict)
    said: dict[int, NameInFile | None] = field(default_factory=dict)
    warnings: list[FailedPhoto] = field(default_factory=list)

    def warn(self, file: str, why: str) -> None:
        """Record one warning per file; copies of a photo share their sidecar."""
        if (warning := FailedPhoto(file, why)) not in self.warnings[-8:]:
            self.warnings.append(warning)


def read_names(
    folder: LibraryFolder,
    paths: Sequence[str],
    *,
    stop: Stop | None = None,
    idle_limit: float = IDLE_LIMIT,
) -> NamesRead:
    """Name the faces of the library's photos at or under `paths` (absolute) as their XMP says.

    A sidecar has priority over the photo's own XMP. A face that a user decided about stays as it is: a name that the
    user removed does not return. Broken XMP gives a warning. So does a file that sends no byte for `idle_limit`
    seconds; the names that it gave before stay. stop: set when the user stops the run. Raises: LibraryUnwritable;
    SilentDisk; MachineError.
    """
    tally = _Tally()
    said_of: dict[int, Said] = {}
    stop = stop or Stop()
    with PhotoReader(stop, idle_limit=idle_limit) as reader:
        for record in _records(folder.catalog, paths):
            if stop.is_set():
                break
            faces = photo_faces(folder.catalog, record.photo)
            said = _asked(record, stored_photo(folder.catalog, record.photo).size, faces, reader, tally)
            if said is None:
                continue
            _count(said, tally)
            if record.photo in said_of:
                said_of[record.photo].add(said)
            elif said.names or any(face.in_file for face in faces):
                said_of[record.photo] = said
    for photo, said in said_of.items():
        for face in photo_faces(folder.catalog, photo):
            _note_change(face, said.name_of(face), tally)
    changes = _write(folder, tally) if tally.changes or tally.said else {}
    return NamesRead(
        photos=tally.photos,
        names=tally.names,
        named=sum(name is not None for name in changes.values()),
        decided=tally.decided,
        without_face=tally.without_face,
        warnings=tuple(tally.warnings),
        removed=sum(name is None for name in changes.values()),
    )


def _asked(
    record: PhotoRecord, size: tuple[int, int], faces: Sequence[PhotoFace], reader: PhotoReader, tally: _Tally
) -> Said | None:
    """What the files of a photo say; None if they do not answer in time."""
    try:
        said, warnings = reader.ask(_names_said, record.path, size, faces)
    except TimeoutError as error:
        tally.warn(record.path, str(error))
        return None
    for file, why in warnings:
        tally.warn(file, why)
    return said


_sidecars = Sidecars()


def _names_said(path: str, size: tuple[int, int], faces: Sequence[PhotoFace]) -> tuple[Said, list[tuple[str, str]]]:
    """Runs in the reading process: what the files say, and (file, problem) for files with problems."""
    warnings: list[tuple[str, str]] = []
    said = names_in_photo(path, size, faces, _sidecars, lambda file, why: warnings.append((file, why)))
    return said, warnings


def _records(catalog: Catalog, paths: Sequence[str]) -> Iterator[PhotoRecord]:
    seen: set[str] = set()
    for under in paths:
        for record in catalog.photos(under):
            if record.path not in seen:
                seen.add(record.path)
                yield record


def _count(said: Said, tally: _Tally) -> None:
    found = len(said.names) + len(said.loose)
    tally.photos += found > 0
    tally.names += found
    tally.without_face += len(said.loose)


def _note_change(face: PhotoFace, now: NameInFile | None, tally: _Tally) -> None:
    """Note the change for a face for which files now say `now`."""
    if face.decided:
        tally.decided += now is not None
        return
    if now != face.in_file:
        tally.said[face.face] = now
    if (now and now.name) == (face.in_file and face.in_file.name):
        tally.decided += now is not None
    elif now is not None and now.name != face.person:
        tally.changes[face.face] = now.name
    elif now is None and face.follows_file:
        tally.changes[face.face] = None


def _write(folder: LibraryFolder, tally: _Tally) -> dict[int, str | None]:
    """Write the changes. A change is dropped where a user decided in the meantime. Returns the changes made."""
    with folder.decisions() as catalog, catalog.transaction() as transaction:
        free = left_to_files(catalog, tally.said)
        changes = {face: name for face, name in tally.changes.items() if face in free}
        import_names(transaction, changes, {face: said for face, said in tally.said.items() if face in free})
    return changes
