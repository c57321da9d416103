"""Writes a whole library to one portable HDF5 file.

The top level has one column for each property of a face, in order of face id, for programs that want arrays; `import`
reads only `face_id` and `vector` of them. Missing numbers are NaN, or -1 for albums; missing texts are empty.

::

    face_id int64 [n]        vector float32 [n, d]      photo, person: UTF-8 (file names: bytes)
    photo_id int64 [n]       box int32 [n, 4]           x, y, width, height in pixels of the upright photo
    score, quality float64   landmarks float32 [n, p, 2]
    album int64 [n]          photo_width, photo_height int32 [n]
    confirmed bool [n]       a user confirmed the person

    not_faces/face_id, not_faces/vector   of what users say is no face, which the columns above leave out

    library/TABLE/COLUMN     every table of the catalog: photos by content (blake2b-256), all their paths with size and
                             times, the journal, albums and their numbers, what is hidden, tombstones with their salt,
                             settings. A missing integer is the smallest int64.

Attributes of the file: format, schema (of the tables), recipe (the fingerprint, as in segments), recipe_name,
detector, landmarks, jitter, dimension, precision.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from faceindex.exchange.outputs import binary_output
from faceindex.faces.recipe import Recipe
from faceindex.running.meter import Meter
from faceindex.running.stop import Stop
from faceindex.store.care.tables import Column, Table, rows_of, tables
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.deferred_error_file import DeferredErrorFile
from faceindex.store.hdf5.segments import CHUNK, SegmentMissing
from faceindex.store.hdf5.vectors import StoredVectors
from faceindex.store.migrations import schema_version
from faceindex.store.reading import READING_ATTEMPTS
from faceindex.types import FaceRecord

if TYPE_CHECKING:
    import h5py

FORMAT = "faceindex library 1"
BLOCK = 8192
"""Rows in memory at once."""

NO_NUMBER = np.iinfo(np.int64).min

Item = TypeVar("Item")


def write_library(folder: LibraryFolder, out: Path, meter: Meter | None = None) -> int:
    """Write one consistent state of the library to the file `out`. Returns the number of faces.

    meter: counts each face twice. Raises: JobCancelled; UsageError if it cannot be written; LibraryDamaged; OSError if
    the disk is full.
    """
    meter = meter or Meter()
    for attempt in count(1):
        with closing(folder.open_catalog()) as catalog, catalog.snapshot():
            stored, others = folder.stored_vectors(catalog), folder.stored_not_faces(catalog)
            try:
                with binary_output(out) as file:
                    return _write(file.fileno(), catalog, (stored, others), folder.recipe, meter)
            except SegmentMissing:
                missing = attempt
        with closing(folder.open_catalog()) as newer:
            if missing == READING_ATTEMPTS or newer.segments() == stored.segments:
                raise SegmentMissing(f"{folder.path} lacks vectors; `faceindex check` shows the damage")
    raise AssertionError("count() has no end")


def blocks_of(items: Iterable[Item], size: int = BLOCK) -> Iterator[list[Item]]:
    """`items` in lists of `size`; the last may be shorter."""
    source = iter(items)
    while block := list(islice(source, size)):
        yield block


def face_columns(faces: list[FaceRecord], landmarks: int) -> dict[str, np.ndarray]:
    """Columns of some faces, without `vector`, `photo`, `person` and `photo_id`. landmarks: points per face."""
    points = np.full((len(faces), landmarks, 2), np.nan, dtype=np.float32)
    for row, face in zip(points, faces, strict=True):
        row[: len(face.landmarks)] = face.landmarks[:landmarks]
    return {
        "face_id": np.array([face.face for face in faces], dtype=np.int64),
        "box": np.array([face.box.as_list() for face in faces], dtype=np.int32).reshape(-1, 4),
        "landmarks": points,
        "score": np.array([face.score for face in faces], dtype=np.float64),
        "quality": np.array([np.nan if face.quality is None else face.quality for face in faces], dtype=np.float64),
        "album": np.array([-1 if face.album is None else face.album for face in faces], dtype=np.int64),
        "confirmed": np.array([face.confirmed for face in faces], dtype=np.bool_),
        "photo_width": np.array([face.photo_size[0] for face in faces], dtype=np.int32),
        "photo_height": np.array([face.photo_size[1] for face in faces], dtype=np.int32),
    }


def _write(
    descriptor: int, catalog: Catalog, vectors: tuple[StoredVectors, StoredVectors], recipe: Recipe, meter: Meter
) -> int:
    """vectors: of faces, and of what is no face."""
    import h5py

    with DeferredErrorFile(descriptor) as output:
        with h5py.File(output, "w") as file:
            file.attrs["format"] = FORMAT
            file.attrs["schema"] = schema_version(catalog.connection)
            file.attrs["recipe"] = recipe.fingerprint
            file.attrs["recipe_name"], file.attrs["detector"] = recipe.name, recipe.detector
            file.attrs["landmarks"], file.attrs["jitter"] = recipe.landmarks, recipe.jitter
            file.attrs["dimension"], file.attrs["precision"] = recipe.dimension, recipe.precision
            own = {table.name: table for table in tables(catalog)}
            meter.stage("writing", 2 * own["faces"].rows)
            for table in own.values():
                group = file.create_group(f"library/{table.name}")
                _write_table(group, table, rows_of(catalog.connection, table), meter.stop)
            faces = own["faces"].rows
            _write_faces(file, catalog, own, recipe.landmarks, meter)
            stored, others = vectors
            _write_vectors(file, stored, file["face_id"][:], recipe.dimension, output, meter)
            left_out = file.create_group("not_faces")
            left_out["face_id"] = others.faces.ids
            _write_vectors(left_out, others, others.faces.ids, recipe.dimension, output, meter)
        output.check()
    return faces


def _write_table(group: h5py.Group, table: Table, rows: Iterable[tuple[Any, ...]], stop: Stop) -> None:
    made = [_dataset(group, column, table.rows) for column in table.columns]
    start = 0
    for block in blocks_of(rows):
        stop.check()
        end = start + len(block)
        for column, dataset, values in zip(table.columns, made, zip(*block, strict=True), strict=True):
            dataset[start:end] = _stored(column, values, dataset.dtype)
        start = end


def _dataset(group: h5py.Group, column: Column, rows: int) -> h5py.Dataset:
    shape: tuple[int, ...] = (rows,)
    kind: Any = {"INTEGER": np.dtype(np.int64), "REAL": np.dtype(np.float64)}.get(column.kind)
    if kind is None:
        import h5py

        if column.kind == "BLOB" and column.least == column.most > 0:
            shape, kind = (rows, column.most), np.dtype(np.uint8)
        elif column.zeros:
            kind = h5py.vlen_dtype(np.uint8)
        else:
            kind = h5py.string_dtype("utf-8", max(1, column.most))
    made = compressed(group, column.name, shape, kind)
    made.attrs["kind"], made.attrs["optional"] = column.kind, column.optional
    return made


def compressed(group: h5py.Group, name: str, shape: tuple[int, ...], kind: Any) -> h5py.Dataset:
    """A dataset with checksums, in chunks, compressed if it is not empty."""
    if not shape[0]:
        return group.create_dataset(name, shape, kind)
    chunks = (min(CHUNK, shape[0]), *(max(1, side) for side in shape[1:]))
    if 0 in shape:
        return group.create_dataset(name, shape, kind)
    if kind.hasobject:
        return group.create_dataset(name, shape, kind, chunks=chunks)
    options = {"compression": "gzip", "compression_opts": 1, "shuffle": True, "fletcher32": True}
    return group.create_dataset(name, shape, kind, chunks=chunks, **options)


def _stored(column: Column, values: tuple[Any, ...], kind: np.dtype[Any]) -> Any:
    if column.kind == "INTEGER":
        return np.array([NO_NUMBER if value is None else value for value in values], dtype=np.int64)
    if column.kind == "REAL":
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    data = [b"" if v is None else v.encode() if isinstance(v, str) else bytes(v) for v in values]
    if kind.hasobject:
        out = np.empty(len(data), dtype=object)
        for row, one in enumerate(data):
            out[row] = np.frombuffer(one, dtype=np.uint8)
        return out
    if kind == np.uint8:
        return np.frombuffer(b"".join(data), dtype=np.uint8).reshape(len(data), -1)
    return np.array(data, dtype=kind)


def _write_faces(file: h5py.File, catalog: Catalog, own: dict[str, Table], landmarks: int, meter: Meter) -> None:
    import h5py

    rows = own["faces"].rows
    longest = {"photo": _most(own["paths"], "path"), "person": _most(own["people"], "name")}
    texts = {name: compressed(file, name, (rows,), h5py.string_dtype("utf-8", longest[name])) for name in longest}
    numbers = {
        name: compressed(file, name, (rows, *column.shape[1:]), column.dtype)
        for name, column in face_columns([], landmarks).items()
    }
    start = 0
    for block in blocks_of(meter.each(catalog.faces())):
        end = start + len(block)
        for name, values in face_columns(block, landmarks).items():
            if values.size:
                numbers[name][start:end] = values
        texts["photo"][start:end] = np.array([os.fsencode(face.photo) for face in block], texts["photo"].dtype)
        texts["person"][start:end] = np.array([(face.person or "").encode() for face in block], texts["person"].dtype)
        start = end
    file["photo_id"] = h5py.SoftLink("/library/faces/photo")


def _most(table: Table, name: str) -> int:
    return max(1, *(column.most for column in table.columns if column.name == name))


def _write_vectors(
    file: h5py.Group, stored: StoredVectors, ids: np.ndarray, dimension: int, output: DeferredErrorFile, meter: Meter
) -> None:
    """Write the vectors in the order of `ids`, NaN where a vector was lost; segments may have another order."""
    rows, chunk = len(ids), min(CHUNK, max(1, len(ids)))
    options = {"chunks": (chunk, dimension), "fletcher32": True} if rows else {}
    vectors = file.create_dataset("vector", (rows, dimension), np.float32, fillvalue=np.nan, **options)
    for here, block in stored.blocks():
        if output.error:
            return
        meter.advance(len(here))
        order = np.argsort(here)
        places, block = np.searchsorted(ids, here[order]), block[order]
        for run in np.split(np.arange(len(places)), np.flatnonzero(np.diff(places) != 1) + 1):
            if len(run):
                vectors[places[run[0]] : places[run[-1]] + 1] = block[run]
