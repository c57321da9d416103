"""The FAISS index of a library: built from its vectors, kept beside them, never trusted unchecked."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import faiss
import numpy as np

from faceindex.search.nearest import build_index
from faceindex.store.durable import make_folder, write_file
from faceindex.store.folder import LibraryFolder

KIND = "flat"
_INDEX, _STAMP = "faces.faiss", "stamp.json"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What an index was built from: it is current when the library's coverage is the same."""

    kind: str
    recipe: str
    segments: list[int]
    faces: str

    @classmethod
    def of(cls, folder: LibraryFolder) -> Coverage:
        """The coverage that a current index has: the segments and the ids of the faces alive in them."""
        with folder.catalog.snapshot():
            segments = [number for number, _ in folder.catalog.segments()]
            faces = hashlib.blake2b(folder.catalog.face_ids().tobytes(), digest_size=16).hexdigest()
        return cls(KIND, folder.recipe.fingerprint, segments, faces)


def load_or_build(folder: LibraryFolder) -> faiss.Index:
    """The index of all faces in the library; rebuilt, and saved where possible, when not current."""
    wanted = Coverage.of(folder)
    index = _load(folder.index, wanted)
    if index is None:
        index = build_index(*folder.vectors())
        with contextlib.suppress(OSError):  # a reader of a read-only library does without
            save(folder.index, index, wanted)
    return index


def state(folder: LibraryFolder) -> str:
    """ "current", "stale" or "absent", by the stamp alone."""
    stamp = _stamp(folder.index)
    if stamp is None:
        return "absent"
    return "current" if stamp.get("coverage") == asdict(Coverage.of(folder)) else "stale"


def save(path: Path, index: faiss.Index, coverage: Coverage) -> None:
    """Write index and stamp into the folder `path`, each atomically. Raises: OSError."""
    make_folder(path)
    data = faiss.serialize_index(index).tobytes()
    write_file(path / _INDEX, data)
    stamp = {"coverage": asdict(coverage), "checksum": _checksum(data)}
    write_file(path / _STAMP, json.dumps(stamp, indent=1).encode())


def _load(path: Path, wanted: Coverage) -> faiss.Index | None:
    stamp = _stamp(path)
    if stamp is None or stamp.get("coverage") != asdict(wanted):
        return None
    try:
        data = (path / _INDEX).read_bytes()
    except OSError:
        return None
    if _checksum(data) != stamp.get("checksum"):
        return None
    return faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))


def _stamp(path: Path) -> dict[str, object] | None:
    try:
        stamp = json.loads((path / _STAMP).read_bytes())
    except (OSError, ValueError):
        return None
    return stamp if isinstance(stamp, dict) else None


def _checksum(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=32).hexdigest()
