"""Imports a portable library file: into a new library unchanged, into another one as far as that lacks it."""

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
from faceindex.files.reading import require_regular
from faceindex.files.unreadable import unreadable
from faceindex.plurals import plural
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

_Parts = list[tuple[FaceIds, "h5py.Dataset"]]
"""Ids, int64 [n], rising, and vectors, float32 [n, d]: of faces, and of what is no face."""

_PHOTOS = 1024  # photos in one batch, which is one transaction


@dataclass(slots=True)
class Imported:
    """The result. photos, faces: new ones. known: faces that the library had, or that were erased from it. acts: of the
    journal. left: photos that could not be imported, and why."""

    photos: int = 0
    faces: int = 0
    known: int = 0
    acts: int = 0
    left: list[FailedPhoto] | None = None


def is_library_file(path: Path) -> bool:
    """Whether `write_library` wrote the file. Raises: UsageError if it cannot be read."""
    with opened(path) as file:
        return str(file.attrs.get("format", "")).startswith("faceindex library")


def import_library(folder: LibraryFolder, path: Path, *, wait: bool = False, stop: Stop | None = None) -> Imported:
    """Import what the library lacks from the file at `path`; a new library becomes a copy of the exported one.

    If it is killed at any moment, the same call goes on. stop: checked between batches. Raises: UsageError if the file
    is damaged or of another program; RecipeMismatch; NewerSchema; LibraryLocked; LibraryUnwritable.
    """
    with opened(path) as file:
        if file.attrs["format"] != FORMAT:
            raise UsageError(f"{path} was written by a newer faceindex ({file.attrs['format']}); upgrade faceindex")
        folder.take_recipe(_recipe_of(file, path))
        ids: FaceIds = inside(file, "face_id")[:]
        if inside(file, "vector").shape != (len(ids), folder.recipe.dimension):
            raise UsageError(f"{path} holds vectors {file['vector'].shape} for {plural(len(ids), 'face')}")
        with folder.guarded(), loaded(folder.path, int(file.attrs["schema"]), _tables(file)) as source:
            known, parts = source.stored_with_others(), _parts(file, ids)
            if len(np.setdiff1d(known.ids, np.concatenate([own for own, _ in parts]))):
                raise UsageError(f"{path} lacks the vectors of some faces")
            for _ in _living(parts, known):  # finds errors before anything is changed
                pass
            with folder.writer(wait=wait) as writer:
                if is_untouched(writer.catalog):
                    return _import_all(writer, source, parts, known)
                return _join(writer, source, parts, stop or Stop())


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file. Raises: UsageError for any error, also while it is read; MachineError."""
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
    except Exception as error:  # h5py raises many kinds of errors for a damaged file
        if type(error).__module__.startswith("sqlite3"):
            raise
        raise unreadable(path, error) from error


def _recipe_of(file: h5py.File, path: Path) -> Recipe:
    name, detector = str(file.attrs["recipe_name"]), str(file.attrs["detector"])
    if not detector:
        made: Recipe = vectors_only(name, int(file.attrs["dimension"]))
    else:
        landmarks, jitter = int(file.attrs["landmarks"]), int(file.attrs["jitter"])
        precision = str(file.attrs.get("precision", "f32"))  # which earlier files do not say
        made = recipe(name, detector=detector, landmarks=landmarks, jitter=jitter, precision=precision)
    if made.fingerprint != file.attrs["recipe"]:
        raise RecipeMismatch(
            f"{path} was made with another recipe {made.title}; import it with the faceindex that wrote it"
        )
    return made


def _tables(file: h5py.File) -> Iterator[tuple[str, Sequence[str], Iterator[Row]]]:
    """Raises: UsageError; MachineError. An OSError would be blamed on the library's disk."""
    try:
        own = inside(file, "library")
        tables = {name: {column: inside(inside(own, name), column) for column in inside(own, name)} for name in own}
    except FaceindexError:
        raise
    except Exception as error:
        raise unreadable("its list of tables", error) from error
    for name, columns in tables.items():
        yield name, list(columns), _rows(list(columns.values()))


def _rows(columns: Sequence[h5py.Dataset]) -> Iterator[Row]:
    length = len(columns[0]) if columns else 0
    for start in range(0, length, BLOCK):
        yield from zip(*(_values(column, start) for column in columns), strict=True)


def _values(column: h5py.Dataset, start: int) -> list[Any]:
    kind, optional = str(_attribute(column, "kind")), bool(_attribute(column, "optional"))
    block = _read(column, start, start + BLOCK)
    if kind == "INTEGER":
        return [None if value == NO_NUMBER else value for value in block.tolist()]
    if kind == "REAL":
        return [None if optional and value != value else value for value in block.tolist()]
    data = [row.tobytes() if isinstance(row, np.ndarray) else bytes(row) for row in block]
    if optional:
        data = [one or None for one in data]  # type: ignore[misc]
    return [one.decode() if one is not None else None for one in data] if kind == "TEXT" else data


def _parts(file: h5py.File, ids: FaceIds) -> _Parts:
    """ids: int64 [n], of the faces. A file of an earlier version has no others."""
    parts = [(ids, inside(file, "vector"))]
    if "not_faces" in file:
        others = inside(file, "not_faces")
        parts.append((inside(others, "face_id")[:], inside(others, "vector")))
    return parts


def _import_all(writer: Writer, source: Catalog, parts: _Parts, known: Faces) -> Imported:
    segment = writer.write_segment(_living(parts, known), len(known.ids)) if len(known.ids) else None
    take_all(writer, source, segment)
    counts = writer.catalog.counts()
    return Imported(counts["photos"], counts["faces"], 0, count_acts(writer.catalog.connection))


def _living(parts: _Parts, known: Faces) -> Iterator[Block]:
    for ids, vectors in parts:
        for start in range(0, len(ids), BLOCK):
            here = ids[start : start + BLOCK]
            _, there = known.places(here)
            yield here[there], _checked(_read(vectors, start, start + BLOCK)[there])


def _join(writer: Writer, source: Catalog, parts: _Parts, stop: Stop) -> Imported:
    done = Imported(left=[])
    for photos in photos_of(source, _PHOTOS):
        if stop.is_set():
            return done
        batch = Batch()
        for photo in photos:
            _add(batch, photo, writer.catalog, done)
        wanted = [face for photo in photos if photo.content in batch.photos for face in photo.faces]
        vector_of = _vectors(parts, wanted)
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


def _add(batch: Batch, photo: ComingPhoto, catalog: Catalog, done: Imported) -> None:
    """Add a photo. A photo that the library has gets the file's further paths, unless another photo here has them."""
    files = [file for file in photo.files if catalog.known_path(file.path) is None]
    here = catalog.photo_with(photo.content)
    assert done.left is not None
    if here is not None:
        done.known += len(photo.faces)
        batch.names += [(here, file) for file in files]
    elif WHOLE_PHOTO in catalog.tombstones().of(photo.content):
        done.known += len(photo.faces)
    elif not files:
        why = "here another photo, or an unreadable one, has this path; ingest the path to find out which is right"
        done.left.append(FailedPhoto(photo.files[0].path if photo.files else "a photo without a path", why))
    elif not photo.complete:
        done.left.append(FailedPhoto(files[0].path, "the export lacks the vector of a face; ingest the photo"))
    else:
        batch.photos[photo.content] = (photo.photo, files)


def _vectors(parts: _Parts, wanted: Sequence[int]) -> dict[int, Vectors]:
    found: dict[int, Vectors] = {}
    for ids, vectors in parts:
        chosen = np.intersect1d(ids, np.array(wanted, dtype=np.int64))
        places = np.searchsorted(ids, chosen)
        for run in np.split(np.arange(len(places)), np.flatnonzero(np.diff(places) != 1) + 1):
            if len(run):
                rows = _checked(_read(vectors, places[run[0]], places[run[-1]] + 1))
                found |= dict(zip(chosen[run].tolist(), rows, strict=True))
    return found


def _read(dataset: h5py.Dataset, start: int, stop: int) -> Any:
    """Raises: UsageError; MachineError. An OSError would be blamed on the library's disk."""
    try:
        return dataset[start:stop]
    except Exception as error:
        raise unreadable(f"its {dataset.name}", error) from error


def _attribute(dataset: h5py.Dataset, name: str) -> Any:
    """Raises: as `_read`."""
    try:
        return dataset.attrs[name]
    except Exception as error:
        raise unreadable(f"its {dataset.name}", error) from error


def _checked(vectors: Vectors) -> Vectors:
    if not np.isfinite(vectors).all():
        raise UsageError("a vector in it contains NaN or infinity")
    return vectors
