"""Writes every face to an .npz file: the arrays of `library_file` under the same names, for `numpy.load`."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from faceindex.exchange.library_file import BLOCK, blocks_of, face_columns
from faceindex.exchange.outputs import binary_output
from faceindex.photos.finding.addresses import absolute, address_of
from faceindex.running.meter import Meter
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.hdf5.vectors import StoredVectors


def write_arrays(folder: LibraryFolder, out: Path, meter: Meter | None = None) -> int:
    """Write face_id, vector, photo, box, landmarks, score, quality, album, person ... to `out`. Returns the number of
    faces.

    Texts are Unicode arrays (U); `recipe` is the fingerprint. Temporary files without names hold the columns, so that
    memory stays small. meter: counts each face three times. Raises: JobCancelled; UsageError; LibraryDamaged; OSError
    if the disk is full.
    """
    meter = meter or Meter()
    with (
        closing(folder.open_catalog()) as catalog,
        catalog.snapshot(),
        binary_output(out) as file,
        ExitStack() as spools,
    ):

        def spool() -> BinaryIO:
            folder = None if address_of(out) else absolute(out.parent)
            return cast(BinaryIO, spools.enter_context(tempfile.TemporaryFile(dir=folder)))

        faces = catalog.counts()["faces"]
        meter.stage("writing", 3 * faces)
        vectors = _vectors(spool(), folder.stored_vectors(catalog), catalog, faces, meter)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            _member(archive, "vector", vectors.shape, vectors.dtype, _parts(vectors))
            for name, column in _columns(catalog, folder.recipe.landmarks, spool, meter).items():
                _member(archive, name, (faces, *column.shape), column.kind, column.parts())
            fingerprint = np.array(folder.recipe.fingerprint)
            _member(archive, "recipe", (), fingerprint.dtype, iter([fingerprint]))
    return faces


@dataclass(frozen=True, slots=True)
class _Column:
    """Values in a temporary file. shape: of one value."""

    shape: tuple[int, ...]
    kind: np.dtype[Any]
    spool: BinaryIO

    def add(self, values: np.ndarray) -> None:
        self.spool.write(np.ascontiguousarray(values, dtype=self.kind).tobytes())

    def parts(self) -> Iterator[np.ndarray]:
        """All values in blocks, from the beginning."""
        self.spool.seek(0)
        while block := self.spool.read(BLOCK * self.kind.itemsize):
            yield np.frombuffer(block, dtype=self.kind)


def _columns(catalog: Catalog, landmarks: int, spool: Callable[[], BinaryIO], meter: Meter) -> dict[str, _Column]:
    numbers = {n: _Column(e.shape[1:], e.dtype, spool()) for n, e in face_columns([], landmarks).items()}
    longest = {"photo": 1, "person": 1}
    for block in blocks_of(meter.each(catalog.faces())):
        for name, values in face_columns(block, landmarks).items():
            numbers[name].add(values)
        for name in longest:
            longest[name] = max(longest[name], *(len(getattr(face, name) or "") for face in block))
    texts = {name: _Column((), np.dtype(f"<U{most}"), spool()) for name, most in longest.items()}
    for block in blocks_of(meter.each(catalog.faces())):
        for name, column in texts.items():
            column.add(np.array([getattr(face, name) or "" for face in block], column.kind))
    return numbers | texts


def _member(
    archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], kind: np.dtype[Any], parts: Iterator[np.ndarray]
) -> None:
    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
        header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for part in parts:
            file.write(np.ascontiguousarray(part, dtype=kind).tobytes())


def _parts(array: np.ndarray) -> Iterator[np.ndarray]:
    return (array[start : start + BLOCK] for start in range(0, len(array), BLOCK))


def _vectors(spool: BinaryIO, stored: StoredVectors, catalog: Catalog, faces: int, meter: Meter) -> np.ndarray:
    """All vectors in order of face id, NaN where a vector was lost: float32 [n, d]."""
    if not faces:
        return np.empty((0, stored.dimension), dtype=np.float32)
    vectors = np.memmap(spool, dtype=np.float32, mode="w+", shape=(faces, stored.dimension))
    ids = np.fromiter((face.face for face in catalog.faces()), dtype=np.int64, count=faces)
    vectors[~np.isin(ids, stored.faces.ids)] = np.nan
    for here, block in stored.blocks():
        vectors[np.searchsorted(ids, here)] = block
        meter.advance(len(here))
    return vectors
