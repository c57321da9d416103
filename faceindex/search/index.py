"""The FAISS index of a library: built from its vectors, kept beside them, never trusted unchecked."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import faiss
import numpy as np

from faceindex.search.nearest import FaceIndex, empty_rows
from faceindex.store.durable import FILE_MODE, make_folder, write_file
from faceindex.store.folder import LibraryFolder
from faceindex.store.segments import file_checksum
from faceindex.types import FaceIds, Vectors

KIND = "flat"
_ROWS, _IDS, _STAMP = "faces.faiss", "ids.npy", "stamp.json"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What an index was built from: it is current when the library's coverage is the same.

    state: the library's word for the faces it had then. faces: their number.
    """

    kind: str
    recipe: str
    state: str
    faces: int

    @classmethod
    def of(cls, folder: LibraryFolder) -> Coverage:
        """The coverage that a current index has."""
        with folder.catalog.snapshot():
            return cls(KIND, folder.recipe.fingerprint, folder.catalog.faces_state(), folder.catalog.counts()["faces"])


def load_or_build(folder: LibraryFolder) -> FaceIndex:
    """The index of all faces in the library; rebuilt, and saved where possible, when not current."""
    wanted = Coverage.of(folder)
    return _load(folder.index, wanted) or _build(folder, wanted)


def state(folder: LibraryFolder) -> str:
    """ "current", "stale" or "absent", by the stamp alone."""
    written = stamp(folder.index)
    if written is None:
        return "absent"
    return "current" if written.get("coverage") == asdict(Coverage.of(folder)) else "stale"


def damage(folder: LibraryFolder) -> str | None:
    """What is wrong with the files of an index that says it is current; None when it is whole, stale or absent."""
    written = stamp(folder.index)
    if written is None or written.get("coverage") != asdict(Coverage.of(folder)):
        return None
    try:
        whole = _checksums(folder.index) == written.get("checksums")
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return None if whole else f"{folder.index} is not what was written"


def mapped(folder: LibraryFolder, coverage: Coverage) -> tuple[FaceIds, Vectors] | None:
    """Ids, int64 [n], and vectors, float32 [n, d], of the saved index with this coverage; None when there is none.

    The vectors are mapped, not read. Raises: OSError, ValueError for files that are not what was written.
    """
    written = stamp(folder.index)
    if written is None or written.get("coverage") != asdict(coverage):
        return None
    ids: FaceIds = np.load(folder.index / _IDS)
    shape = (len(ids), folder.recipe.dimension)
    if not len(ids):
        return ids, np.empty(shape, dtype=np.float32)
    rows = folder.index / _ROWS  # a flat index ends with its vectors
    return ids, np.memmap(rows, np.float32, "r", rows.stat().st_size - 4 * shape[0] * shape[1], shape)


def save(path: Path, index: FaceIndex, coverage: Coverage) -> None:
    """Write index and stamp into the folder `path`, each atomically. Raises: OSError."""
    make_folder(path)
    (path / _STAMP).unlink(missing_ok=True)  # never a stamp beside an index that is not its own
    with _replacing(path / _ROWS) as temporary, temporary.open("wb") as file:
        out = faiss.PyCallbackIOWriter(file.write)  # type: ignore[attr-defined]
        faiss.write_index(index.rows, out)  # to a path it writes, too, but prints errors instead of raising them
    with _replacing(path / _IDS) as temporary, temporary.open("wb") as file:
        np.save(file, index.ids)
    written = {"coverage": asdict(coverage), "checksums": _checksums(path)}
    write_file(path / _STAMP, json.dumps(written, indent=1).encode())


def _build(folder: LibraryFolder, coverage: Coverage) -> FaceIndex:
    rows = faiss.IndexFlatL2(folder.recipe.dimension)

    def room(count: int) -> Vectors:
        nonlocal rows
        rows, memory = empty_rows(count, folder.recipe.dimension)
        return memory

    ids, _ = folder.vectors(room)
    index = FaceIndex(ids, rows)
    if Coverage.of(folder) == coverage:  # no writer came between
        with contextlib.suppress(OSError):  # a reader of a read-only library does without
            save(folder.index, index, coverage)
    return index


def _load(path: Path, wanted: Coverage) -> FaceIndex | None:
    written = stamp(path)
    if written is None or written.get("coverage") != asdict(wanted):
        return None
    try:
        if _checksums(path) != written.get("checksums"):
            return None
        return FaceIndex(np.load(path / _IDS), faiss.read_index(str(path / _ROWS)))
    except (OSError, RuntimeError):
        return None


def _checksums(path: Path) -> dict[str, str]:
    return {name: file_checksum(path / name).hex() for name in (_ROWS, _IDS)}


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """An empty private file to be written, which then takes the place of `path`, durably."""
    temporary = path.with_name(path.name + ".tmp")
    descriptor = os.open(temporary, os.O_RDONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    try:
        yield temporary
        os.fsync(descriptor)
        temporary.replace(path)
    finally:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)


def stamp(path: Path) -> dict[str, object] | None:
    """What is written beside the index in the folder `path`: its coverage and checksums; None when there is none."""
    try:
        written = json.loads((path / _STAMP).read_bytes())
    except (OSError, ValueError):
        return None
    return written if isinstance(written, dict) else None
