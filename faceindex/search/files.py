"""The file of an index, which FAISS opens, and a stamp that says what it must be.

When is damage noticed? Opening compares the file's size, a digest of its lists, codes and ids, and one of its vectors.
A part of up to 64 MiB is digested whole (a million faces have 52 MB beside their vectors), a larger one as 1,024 pieces
of 4 KiB, spread evenly. So opening notices a file that was cut off, exchanged for another library's or an older one, or
overwritten in a stretch of more than a thousandth of its length, and the index is built anew. Only `damaged`, which
reads every byte, notices a few flipped bytes in the vectors of a large library; until then these only make distances of
the faces that they belong to wrong. The stamp carries a digest of itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from faceindex.files.reading import open_regular, read_regular
from faceindex.files.writing import creating, make_folder, sync_folder, write_file
from faceindex.store.hdf5.segments import file_checksum
from faceindex.system.files import read_at

Stamp = dict[str, Any]

STAMP = "stamp.json"
FAISS_FILE = "faces.faiss"

_FORMAT = "faceindex index 3"
_WHOLE = 64 << 20  # bytes up to which a part of a file is read whole when it is opened
_PIECES, _PIECE = 1024, 4096
_TEMPORARY = ".tmp"


@contextlib.contextmanager
def written(path: Path, write: Callable[[BinaryIO], slice], name: str = FAISS_FILE) -> Iterator[tuple[Path, Stamp]]:
    """Let `write` fill a temporary file in the folder `path`, durably; yields the file, and its stamp.

    write: returns where in the file the vectors are. name: of the file, later. `publish` puts the file in place;
    without that it is removed at the end. Raises: OSError, and what `write` raises.
    """
    make_folder(path)
    temporary = path / f"{name}.{secrets.token_hex(4)}{_TEMPORARY}"
    try:
        with creating(temporary) as file:
            vectors = write(file)
        yield temporary, {"format": _FORMAT, "files": {name: _figures(temporary, vectors)}}
    finally:
        temporary.unlink(missing_ok=True)


def publish(path: Path, temporary: Path, stamp: Stamp, **more: object) -> Stamp:
    """Put the file in place of all others in the folder `path`, and `more` into its stamp, which is returned.

    Killed in between, there is no stamp, and thereby no index. Temporary files of others, who build at the same time,
    are left alone. Raises: OSError.
    """
    temporary.stat()  # a writer takes it for one that a killed build left
    (path / STAMP).unlink(missing_ok=True)
    sync_folder(path)
    temporary.replace(path / FAISS_FILE)
    for other in path.iterdir():
        if other.name != FAISS_FILE and not other.name.endswith(_TEMPORARY):
            other.unlink()
    stamp = stamp | more
    write_stamp(path / STAMP, stamp)
    return stamp


def write_stamp(path: Path, stamp: Stamp) -> None:
    """Write it as `read_stamp` reads it. Raises: OSError."""
    write_file(path, json.dumps(stamp | {"seal": _seal(stamp)}, indent=1).encode())


def stamp_token(path: Path) -> str:
    """A token that is replaced whenever an index is saved or removed."""
    try:
        found = (path / STAMP).stat()
    except OSError:
        return "none"
    return f"{found.st_mtime_ns:x}.{found.st_ino:x}"


def read_stamp(path: Path, name: str = STAMP) -> Stamp | None:
    """What is written beside the index in the folder `path`; None when there is none, or none of this format."""
    try:
        stamp = json.loads(read_regular(path / name))
    except (OSError, ValueError):
        return None
    if not isinstance(stamp, dict) or stamp.get("format") != _FORMAT:
        return None
    return stamp if stamp.pop("seal", None) == _seal(stamp) else None


def intact(path: Path, stamp: Stamp) -> bool:
    """Whether the file that `stamp` tells of is what was written, as far as opening looks; see above."""
    return intact_file(path / FAISS_FILE, stamp["files"][FAISS_FILE])


def intact_file(path: Path, figures: Stamp) -> bool:
    """As `intact`, of one file. figures: what a stamp says of it."""
    try:
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size != figures["bytes"]:
                return False
            return _digest(file, slice(*figures["vectors"])) == str(figures["digest"])
    except OSError:
        return False


def damaged(path: Path, stamp: Stamp) -> str | None:
    """What is wrong with the file that `stamp` tells of, every byte of it read; None when it is whole."""
    try:
        if file_checksum(path / FAISS_FILE).hex() != stamp["files"][FAISS_FILE]["checksum"]:
            return f"{path / FAISS_FILE} is not what was written"
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return None


def _figures(path: Path, vectors: slice) -> Stamp:
    with path.open("rb") as file:
        digest = _digest(file, vectors)
    place = [vectors.start, vectors.stop]
    return {"bytes": path.stat().st_size, "vectors": place, "digest": digest, "checksum": file_checksum(path).hex()}


def _digest(file: BufferedReader, vectors: slice) -> str:
    """blake2b of the vectors and of what is before and behind them, of each the whole or, when it is large, pieces."""
    size = os.fstat(file.fileno()).st_size
    digest = hashlib.blake2b(digest_size=32)
    for start, stop in ((0, vectors.start), (vectors.start, vectors.stop), (vectors.stop, size)):
        if stop - start <= _WHOLE:
            digest.update(read_at(file.fileno(), stop - start, start))
            continue
        for piece in range(_PIECES):
            digest.update(read_at(file.fileno(), _PIECE, start + piece * (stop - start - _PIECE) // (_PIECES - 1)))
    return digest.hexdigest()


def _seal(stamp: Stamp) -> str:
    return hashlib.blake2b(json.dumps(stamp, sort_keys=True).encode(), digest_size=32).hexdigest()
