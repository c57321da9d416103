"""Immutable HDF5 segments: face_id int64 [n] and vector float32 [n, d], written once, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceindex.errors import FaceindexError, LibraryDamaged, RecipeMismatch, UsageError
from faceindex.files.reading import open_regular, require_regular
from faceindex.files.writing import creating, put_in_place
from faceindex.plurals import plural
from faceindex.running.lazily import module
from faceindex.store.hdf5.deferred_error_file import DeferredErrorFile
from faceindex.types import FaceIds, Vectors

if TYPE_CHECKING:
    import h5py
    import numpy as np
else:
    np = module("numpy")

FORMAT = "faceindex segment 1"

UNCOMMITTED = (".h5", ".tmp")
"""The ends of names of files that a writer makes; such a file without a row is an aborted write."""

FOUND = ".found"
"""The ends of names of copies that a repair makes of files under other names; a writer leaves them alone."""

BLOCK = 8192
"""Rows that are read or written at a time: 4 MB of 128-D vectors."""

CHUNK = 1024
"""Rows under one Fletcher-32 checksum of HDF5, which checks them whenever they are read."""

Block = tuple[FaceIds, Vectors]


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment as the catalog knows it.

    faces: rows. checksum: blake2b-256 of the file. size: its bytes, None when written before that was kept.
    first, last: numbers of the segments in which its vectors were first written; its own unless it was compacted.
    """

    number: int
    file: str
    faces: int
    checksum: bytes
    first: int
    last: int
    size: int | None


class SegmentMissing(LibraryDamaged):
    """The file of a segment is not there: lost, or just replaced by compaction."""


def segment_name(number: int) -> str:
    """File name of segment `number`: 000001.h5."""
    return f"{number:06d}.h5"


def write_segment(
    path: Path, blocks: Iterable[Block], *, faces: int, dimension: int, fingerprint: str
) -> tuple[bytes, int]:
    """Write one segment durably; returns the blake2b-256 checksum of its file and its size in bytes.

    blocks: ids int64 [m] and vectors float32 [m, dimension], `faces` rows together. fingerprint: the recipe's.
    Raises: OSError, for a full disk too; nothing is at `path` then.
    """
    temporary = path.with_name(path.name + ".tmp")
    with creating(temporary) as file:
        written = _write_rows(file.fileno(), blocks, faces, dimension, fingerprint)
        if written != faces:
            raise LibraryDamaged(f"segment {path} should hold {plural(faces, 'face')} and holds {written:,}")
        checksum, size = file_checksum(temporary), temporary.stat().st_size
    put_in_place(temporary, path)
    return checksum, size


def _write_rows(descriptor: int, blocks: Iterable[Block], faces: int, dimension: int, fingerprint: str) -> int:
    """Returns the number of rows in `blocks`."""
    import h5py

    with DeferredErrorFile(descriptor) as sink:
        with h5py.File(sink, "w") as file:
            file.attrs["format"] = FORMAT
            file.attrs["recipe"] = fingerprint
            chunk = min(CHUNK, faces)
            ids = file.create_dataset("face_id", (faces,), np.int64, chunks=(chunk,), fletcher32=True)
            vectors = file.create_dataset(
                "vector", (faces, dimension), np.float32, chunks=(chunk, dimension), fletcher32=True
            )
            start = 0
            for block_ids, block_vectors in blocks:
                end = start + len(block_ids)
                ids[start:end], vectors[start:end] = block_ids, block_vectors
                start = end
                if sink.error:
                    break
        sink.check()
    return start


def file_checksum(path: Path) -> bytes:
    """blake2b-256 of a file's bytes. Raises: OSError."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).digest()


def read_blocks(path: Path, fingerprint: str, dimension: int, wanted: FaceIds | None = None) -> Iterator[Block]:
    """The rows of one segment, BLOCK at a time: ids int64 [m] and vectors float32 [m, dimension].

    wanted: ids; blocks that have none of them are passed over, and their vectors not read.
    Raises: SegmentMissing; LibraryDamaged when the file is not readable or fails its checksums; RecipeMismatch.
    """
    with open_segment(path, fingerprint, dimension) as file:
        for start in range(0, len(file["face_id"]), BLOCK):
            ids = file["face_id"][start : start + BLOCK]
            if wanted is None or np.isin(ids, wanted).any():
                yield ids, file["vector"][start : start + BLOCK]


def read_rows(path: Path, fingerprint: str, dimension: int, wanted: FaceIds) -> Block:
    """The rows with these ids, as `read_blocks` gives them; of the vectors only the chunks that hold any are read."""
    with open_segment(path, fingerprint, dimension) as file:
        ids = file["face_id"][:]
        places = np.flatnonzero(np.isin(ids, wanted))
        vectors = np.empty((len(places), dimension), dtype=np.float32)
        for start in np.unique(places // CHUNK) * CHUNK:
            here = (places >= start) & (places < start + CHUNK)
            vectors[here] = file["vector"][start : start + CHUNK][places[here] - start]
        return ids[places], vectors


def segment_ids(path: Path, fingerprint: str, dimension: int) -> FaceIds:
    """The ids of one segment, int64 [n]; its vectors are not read. Raises: as `read_blocks`."""
    with open_segment(path, fingerprint, dimension) as file:
        ids: FaceIds = file["face_id"][:]
        return ids


@contextmanager
def open_segment(path: Path, fingerprint: str, dimension: int) -> Iterator[h5py.File]:
    """One segment's HDF5 file, its header checked. Raises: as `read_blocks`, for errors of reading inside, too."""
    import h5py

    try:
        require_regular(path)
        with h5py.File(path, "r", locking=False) as file:
            if file.attrs["format"] != FORMAT:
                raise LibraryDamaged(f"segment {path} is none: its format is {file.attrs['format']!r}")
            if file.attrs["recipe"] != fingerprint:
                raise RecipeMismatch(f"segment {path} holds vectors of another recipe than its library")
            if file["vector"].shape != (len(file["face_id"]), dimension):
                raise LibraryDamaged(f"segment {path} holds {file['vector'].shape} for {len(file['face_id'])} ids")
            yield file
    except FileNotFoundError as error:
        raise SegmentMissing(f"segment {path} is missing; `faceindex check` shows the damage") from error
    except FaceindexError:
        raise
    except Exception as error:  # h5py has many words for a damaged file: OSError, KeyError, RuntimeError, TypeError ...
        reason = " ".join(str(error).split())
        raise LibraryDamaged(f"segment {path} cannot be read ({reason}); `faceindex check` shows the damage") from error


def inside(group: h5py.Group, name: str) -> Any:
    """The entry `name` of a file that somebody else wrote. Raises: UsageError for links into other files; KeyError."""
    import h5py

    link, found = group.get(name, getlink=True), None
    if not isinstance(link, h5py.ExternalLink):
        found = group[name]
    if found is None or (isinstance(found, h5py.Dataset) and (found.external or found.is_virtual)):
        raise UsageError(f"{group.file.filename} has its {name} in another file; copy it into one")
    return found


def aborted_files(folder: Path, committed: set[str]) -> Iterator[Path]:
    """Files of writes that were never committed: temporary ones, and segments without a row."""
    for path in sorted(folder.iterdir()):
        if path.name not in committed and path.name.endswith(UNCOMMITTED):
            yield path
