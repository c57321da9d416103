"""Immutable HDF5 segments: face_id int64 [n] and vector float32 [n, d], written once, never changed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import h5py
import numpy as np

from faceindex.errors import LibraryDamaged, RecipeMismatch
from faceindex.store.durable import write_file
from faceindex.types import FaceIds, Vectors

FORMAT = "faceindex segment 1"


def segment_name(number: int) -> str:
    """File name of segment `number`: 000001.h5."""
    return f"{number:06d}.h5"


def write_segment(path: Path, faces: FaceIds, vectors: Vectors, fingerprint: str) -> bytes:
    """Write one segment durably and return the blake2b-256 checksum of its file.

    faces: int64 [n], rising. vectors: float32 [n, d]. fingerprint: the recipe's.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["recipe"] = fingerprint
        file.create_dataset("face_id", data=faces, dtype=np.int64)
        file.create_dataset("vector", data=vectors, dtype=np.float32)
    data = buffer.getvalue()
    write_file(path, data)
    return hashlib.blake2b(data, digest_size=32).digest()


def read_segment(path: Path, fingerprint: str) -> tuple[FaceIds, Vectors]:
    """The ids, int64 [n], and vectors, float32 [n, d], of one segment.

    Raises: LibraryDamaged when the file is missing or not readable; RecipeMismatch.
    """
    try:
        with h5py.File(path, "r", locking=False) as file:
            recipe = file.attrs["recipe"]
            faces, vectors = file["face_id"][:], file["vector"][:]
    except (OSError, KeyError) as error:
        reason = "is missing" if not path.exists() else f"cannot be read ({error})"
        raise LibraryDamaged(f"segment {path} {reason}; restore it from a backup") from error
    if recipe != fingerprint:
        raise RecipeMismatch(f"segment {path} holds vectors of another recipe than its library")
    if len(faces) != len(vectors):
        raise LibraryDamaged(f"segment {path} holds {len(faces)} ids for {len(vectors)} vectors")
    return faces, vectors


def read_segments(paths: Iterable[Path], fingerprint: str, dimension: int) -> tuple[FaceIds, Vectors]:
    """All segments one after the other: ids int64 [n], vectors float32 [n, d]."""
    parts = [read_segment(path, fingerprint) for path in paths]
    if not parts:
        return np.empty(0, dtype=np.int64), np.empty((0, dimension), dtype=np.float32)
    return np.concatenate([faces for faces, _ in parts]), np.concatenate([vectors for _, vectors in parts])


def aborted_files(folder: Path, committed: set[str]) -> Iterator[Path]:
    """Files of writes that were never committed: temporary ones, and segments without a row."""
    for path in sorted(folder.iterdir()):
        if path.name not in committed and path.name.endswith((".h5", ".tmp")):
            yield path
