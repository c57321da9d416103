"""Every face in an .npz file: the arrays of `library_file`, by the same names, for `numpy.load`."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from faceindex.exchange.library_file import BLOCK, blocks_of, face_columns
from faceindex.photos.find import absolute
from faceindex.private_files import binary_output
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.vectors import StoredVectors
from faceindex.types import FaceRecord

Pick = Callable[[list[FaceRecord]], np.ndarray]


def write_arrays(folder: LibraryFolder, out: Path) -> int:
    """Write face_id, vector, photo, box, landmarks, score, quality, album, person ... to `out`; returns their number.

    Texts are arrays of Unicode (U); `recipe` is the fingerprint. Vectors go through a file that has no name, so that
    they never are in memory together. Raises: UsageError; LibraryDamaged; OSError for a full disk.
    """
    with closing(folder.open_catalog()) as catalog, catalog.snapshot():
        faces = catalog.counts()["faces"]
        stored = folder.stored_vectors(catalog)
        with binary_output(out) as file, tempfile.TemporaryFile(dir=absolute(out.parent)) as spool:
            vectors = _spooled(spool, stored, catalog, faces)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                _member(archive, "vector", vectors.shape, vectors.dtype, _parts(vectors))
                for name, shape, kind, pick in _columns(catalog, folder.recipe.landmarks):
                    parts = (pick(block) for block in blocks_of(catalog.faces()))
                    _member(archive, name, (faces, *shape), kind, parts)
                fingerprint = np.array(folder.recipe.fingerprint)
                _member(archive, "recipe", (), fingerprint.dtype, iter([fingerprint]))
    return faces


def _columns(catalog: Catalog, landmarks: int) -> Iterator[tuple[str, tuple[int, ...], np.dtype[Any], Pick]]:
    for name, empty in face_columns([], landmarks).items():
        yield name, empty.shape[1:], empty.dtype, partial(_numbers, name=name, landmarks=landmarks)
    for name in ("photo", "person"):
        longest = max((len(getattr(face, name) or "") for face in catalog.faces()), default=0)
        kind = np.dtype(f"<U{max(1, longest)}")
        yield name, (), kind, partial(_texts, name=name, kind=kind)


def _numbers(block: list[FaceRecord], name: str, landmarks: int) -> np.ndarray:
    return face_columns(block, landmarks)[name]


def _texts(block: list[FaceRecord], name: str, kind: np.dtype[Any]) -> np.ndarray:
    return np.array([getattr(face, name) or "" for face in block], kind)


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


def _spooled(spool: BinaryIO, stored: StoredVectors, catalog: Catalog, faces: int) -> np.ndarray:
    """All vectors by rising id of the face, NaN for one that was lost: float32 [n, d]."""
    if not faces:
        return np.empty((0, stored.dimension), dtype=np.float32)
    vectors = np.memmap(spool, dtype=np.float32, mode="w+", shape=(faces, stored.dimension))
    ids = np.fromiter((face.face for face in catalog.faces()), dtype=np.int64, count=faces)
    vectors[~np.isin(ids, stored.faces.ids)] = np.nan
    for here, block in stored.blocks():
        vectors[np.searchsorted(ids, here)] = block
    return vectors
