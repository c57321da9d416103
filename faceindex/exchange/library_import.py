"""A portable file of a library is read: into a new library as it was, into another one what that has not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from faceindex.errors import FaceindexError, MachineError, NewerSchema, RecipeMismatch, UsageError
from faceindex.exchange.library_file import BLOCK, FORMAT, NO_NUMBER
from faceindex.faces.recipe import Recipe, recipe
from faceindex.faces.vectors_only import vectors_only
from faceindex.files.regular import require_regular
from faceindex.files.unreadable import unreadable
from faceindex.running.stop import Stop
from faceindex.store.care.joining import ComingPhoto, photos_of, take_decisions
from faceindex.store.care.tables import Row, is_untouched, loaded, take_all
from faceindex.store.care.tombstones import WHOLE_PHOTO
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.merging import compact
from faceindex.store.hdf5.segments import Block, inside
from faceindex.store.hdf5.vectors import Faces
from faceindex.store.journal.acts import count_acts
from faceindex.store.writer import Batch, Writer
from faceindex.types import FaceIds, FailedPhoto, Vectors

if TYPE_CHECKING:
    import h5py

_PHOTOS = 1024  # of one batch, which one transaction makes true


@dataclass(slots=True)
class Taken:
    """What came of a file. photos, faces: new ones. known: faces that were here, or are to stay out. acts: of the
    journal. left: photos that could not be taken, and why."""

    photos: int = 0
    faces: int = 0
    known: int = 0
    acts: int = 0
    left: list[FailedPhoto] | None = None


def is_library_file(path: Path) -> bool:
    """Whether it is a file that `write_library` wrote. Raises: UsageError when it cannot be read."""
    with opened(path) as file:
        return str(file.attrs.get("format", "")).startswith("faceindex library")


def import_library(folder: LibraryFolder, path: Path, *, wait: bool = False, stop: Stop | None = None) -> Taken:
    """Take what the file at `path` has and the library has not; a library that is not there yet becomes what it was.

    Killed at any moment, the same call goes on. stop: looked at between batches. Raises: UsageError for a file that is
    damaged or none of ours; RecipeMismatch; NewerSchema; LibraryLocked; LibraryUnwritable.
    """
    with opened(path) as file:
        if file.attrs["format"] != FORMAT:
            raise UsageError(f"{path} is of a newer faceindex ({file.attrs['format']}); upgrade faceindex")
        folder.take_recipe(_recipe_of(file, path))
        ids: FaceIds = inside(file, "face_id")[:]
        if inside(file, "vector").shape != (len(ids), folder.recipe.dimension):
            raise UsageError(f"{path} holds vectors {file['vector'].shape} for {len(ids)} faces")
        with folder.guarded(), loaded(folder.path, int(file.attrs["schema"]), _tables(file)) as source:
            known = source.stored_faces()
            if len(np.setdiff1d(known.ids, ids)):
                raise UsageError(f"{path} lacks vectors of some of its faces")
            for _ in _living(file, ids, known):  # what is wrong with them is known before anything is changed
                pass
            with folder.writer(wait=wait) as writer:
                if is_untouched(writer.catalog):
                    return _take_all(writer, source, file, ids, known)
                return _join(writer, source, file, ids, stop or Stop())


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file. Raises: UsageError for whatever is wrong with it, also while it is read; MachineError."""
    import h5py

    try:
        require_regular(path)
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except (UsageError, MachineError, NewerSchema) as error:
        if str(path) in str(error):
            raise
        raise type(error)(f"{path}: {error}") from error
    except FaceindexError:
        raise
    except Exception as error:  # h5py has many words for a damaged file
        if type(error).__module__.startswith("sqlite3"):
            raise
        raise unreadable(path, error) from error


def _recipe_of(file: h5py.File, path: Path) -> Recipe:
    name, detector = str(file.attrs["recipe_name"]), str(file.attrs["detector"])
    if not detector:
        made: Recipe = vectors_only(name, int(file.attrs["dimension"]))
    else:
        made = recipe(name, detector=detector, landmarks=int(file.attrs["landmarks"]), jitter=int(file.attrs["jitter"]))
    if made.fingerprint != file.attrs["recipe"]:
        raise RecipeMismatch(f"{path} was made with another version of recipe {made.title} than this faceindex has")
    return made


def _tables(file: h5py.File) -> Iterator[tuple[str, Sequence[str], Iterator[Row]]]:
    own = inside(file, "library")
    for name in own:
        group = inside(own, name)
        columns = list(group)
        yield name, columns, _rows([inside(group, column) for column in columns])


def _rows(columns: Sequence[h5py.Dataset]) -> Iterator[Row]:
    length = len(columns[0]) if columns else 0
    for start in range(0, length, BLOCK):
        yield from zip(*(_values(column, start) for column in columns), strict=True)


def _values(column: h5py.Dataset, start: int) -> list[Any]:
    kind, optional = str(column.attrs["kind"]), bool(column.attrs["optional"])
    block = _read(column, start, start + BLOCK)
    if kind == "INTEGER":
        return [None if value == NO_NUMBER else value for value in block.tolist()]
    if kind == "REAL":
        return [None if optional and value != value else value for value in block.tolist()]
    data = [row.tobytes() if isinstance(row, np.ndarray) else bytes(row) for row in block]
    if optional:
        data = [one or None for one in data]  # type: ignore[misc]
    return [one.decode() if one is not None else None for one in data] if kind == "TEXT" else data


def _take_all(writer: Writer, source: Catalog, file: h5py.File, ids: FaceIds, known: Faces) -> Taken:
    segment = writer.write_segment(_living(file, ids, known), len(known.ids)) if len(known.ids) else None
    take_all(writer, source, segment)
    counts = writer.catalog.counts()
    return Taken(counts["photos"], counts["faces"], 0, count_acts(writer.catalog.connection))


def _living(file: h5py.File, ids: FaceIds, known: Faces) -> Iterator[Block]:
    for start in range(0, len(ids), BLOCK):
        here = ids[start : start + BLOCK]
        _, there = known.places(here)
        yield here[there], _checked(_read(file["vector"], start, start + BLOCK)[there])


def _join(writer: Writer, source: Catalog, file: h5py.File, ids: FaceIds, stop: Stop) -> Taken:
    done = Taken(left=[])
    for photos in photos_of(source, _PHOTOS):
        if stop.is_set():
            return done
        batch = Batch()
        for photo in photos:
            _add(batch, photo, writer.catalog, done)
        wanted = [face for photo in photos if photo.content in batch.photos for face in photo.faces]
        vector_of = _vectors(file, ids, wanted)
        for photo in photos:
            if photo.content in batch.photos:
                vectors = [vector_of[face] for face in photo.faces]
                batch.photos[photo.content] = (photo.with_vectors(np.array(vectors)), batch.photos[photo.content][1])
        if len(batch):
            done.photos += len(batch.photos)
            new = writer.commit(batch)
            done.faces += new
            compact(writer, stop)
    with writer.catalog.transaction() as transaction:
        done.acts = take_decisions(source, transaction)
    return done


def _add(batch: Batch, photo: ComingPhoto, catalog: Catalog, done: Taken) -> None:
    """A photo that is here already gets the paths that it has there and that nothing has here."""
    files = [file for file in photo.files if catalog.known_path(file.path) is None]
    here = catalog.photo_with(photo.content)
    assert done.left is not None
    if here is not None:
        done.known += len(photo.faces)
        batch.names += [(here, file) for file in files]
    elif WHOLE_PHOTO in catalog.tombstones().of(photo.content):
        done.known += len(photo.faces)
    elif not files:
        why = "another photo, or one that cannot be read, has its path here; ingest it to see which is right"
        done.left.append(FailedPhoto(photo.files[0].path if photo.files else "a photo without a path", why))
    elif not photo.complete:
        done.left.append(FailedPhoto(files[0].path, "a face of it had lost its vector; ingest the photo"))
    else:
        batch.photos[photo.content] = (photo.photo, files)


def _vectors(file: h5py.File, ids: FaceIds, wanted: Sequence[int]) -> dict[int, Vectors]:
    if not wanted:
        return {}
    chosen = np.sort(np.array(wanted, dtype=np.int64))
    places = np.searchsorted(ids, chosen)
    vectors = np.concatenate(
        [
            _read(file["vector"], places[run[0]], places[run[-1]] + 1)
            for run in np.split(np.arange(len(places)), np.flatnonzero(np.diff(places) != 1) + 1)
        ]
    )
    return dict(zip(chosen.tolist(), _checked(vectors), strict=True))


def _read(dataset: h5py.Dataset, start: int, stop: int) -> Any:
    """Raises: UsageError; MachineError; an OSError would be taken for one of the library's disk."""
    try:
        return dataset[start:stop]
    except Exception as error:
        raise unreadable(f"its {dataset.name}", error) from error


def _checked(vectors: Vectors) -> Vectors:
    if not np.isfinite(vectors).all():
        raise UsageError("a vector in it contains NaN or infinity")
    return vectors
