"""The files of an index: arrays that are mapped rather than read, and a stamp that says what they must be.

What damage is noticed when. Opening compares every file's size, and a digest of it: of a whole file up to 64 MiB (the
codes of a million faces, their ids, all small files), of 1,024 pieces of 4 KiB spread evenly over a larger one
(vectors). So a file that was cut off, exchanged for another library's or an older one, or overwritten in a stretch of
more than a thousandth of its length is noticed at once, and the index made anew. A few flipped bytes in the vectors of
a large library are noticed by `damaged` alone, which reads every byte; until then they can only make a distance of
the faces that they belong to wrong. The stamp carries a digest of itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from faceindex.private_files import make_folder, new_file, sync_folder, write_file
from faceindex.regular_files import open_regular, read_regular
from faceindex.store.segments import file_checksum

Stamp = dict[str, Any]
Arrays = Mapping[str, np.ndarray]

STAMP = "stamp.json"

_FORMAT = "faceindex index 2"
_WHOLE = 64 << 20  # bytes up to which a file is read whole when it is opened
_PIECES, _PIECE = 1024, 4096
_MAPPED = 1 << 20  # bytes from which an array is mapped
_TEMPORARY = ".tmp"


@contextlib.contextmanager
def written(path: Path, arrays: Arrays) -> Iterator[Stamp]:
    """Write arrays, each to a temporary file in the folder `path`, durably; the stamp that belongs to them.

    `publish` puts them in place; those that it does not are removed at the end. Raises: OSError.
    """
    make_folder(path)
    word = secrets.token_hex(4)
    temporary = {name: path / f"{name}.{word}{_TEMPORARY}" for name in arrays}
    try:
        for name, array in arrays.items():
            _write(temporary[name], array)
        files = {name: {"file": file.name, **_figures(file)} for name, file in temporary.items()}
        yield {"format": _FORMAT, "files": files}
    finally:
        for file in temporary.values():
            file.unlink(missing_ok=True)


def publish(path: Path, stamp: Stamp, **more: object) -> Stamp:
    """Put the files of `stamp` in place of all others in the folder `path`, and `more` into the stamp; returns it.

    Killed in between, there is no stamp, and thereby no index. Raises: OSError.
    """
    (path / STAMP).unlink(missing_ok=True)
    sync_folder(path)
    files = {}
    for name, figures in stamp["files"].items():
        (path / figures["file"]).replace(path / name)
        files[name] = {key: value for key, value in figures.items() if key != "file"}
    for other in path.iterdir():
        if other.name not in files:
            other.unlink()
    sealed = {"format": _FORMAT, **more, "files": files}
    sealed["seal"] = _seal(sealed)
    write_file(path / STAMP, json.dumps(sealed, indent=1).encode())
    return sealed


def read_stamp(path: Path) -> Stamp | None:
    """What is written beside the index in the folder `path`; None when there is none, or none of this format."""
    try:
        stamp = json.loads(read_regular(path / STAMP))
    except (OSError, ValueError):
        return None
    if not isinstance(stamp, dict) or stamp.get("format") != _FORMAT:
        return None
    return stamp if stamp.pop("seal", None) == _seal(stamp) else None


def read_arrays(path: Path, stamp: Stamp) -> dict[str, np.ndarray] | None:
    """The arrays that `stamp` tells of, large ones mapped; None when a file is not what was written, see above."""
    arrays = {}
    for name, figures in stamp["files"].items():
        try:
            with open_regular(path / name) as file:
                if os.fstat(file.fileno()).st_size != figures["bytes"] or _digest(file) != figures["digest"]:
                    return None
                arrays[name] = _array(file)
        except (OSError, ValueError):
            return None
    return arrays


def damaged(path: Path, stamp: Stamp) -> str | None:
    """What is wrong with the files that `stamp` tells of, every byte of them read; None when they are whole."""
    try:
        for name, figures in stamp["files"].items():
            if file_checksum(path / name).hex() != figures["checksum"]:
                return f"{path / name} is not what was written"
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return None


def _write(path: Path, array: np.ndarray) -> None:
    descriptor = new_file(path)
    with os.fdopen(descriptor, "wb") as file:
        array = np.ascontiguousarray(array)
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        if array.size:
            file.write(array.data.cast("B"))
        file.flush()
        os.fsync(descriptor)


def _array(file: BufferedReader) -> np.ndarray:
    file.seek(0)
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    count = int(np.prod(shape))
    if count * dtype.itemsize < _MAPPED:
        return np.frombuffer(bytearray(file.read()), dtype=dtype, count=count).reshape(shape)
    return np.asarray(np.memmap(file, dtype, "c", file.tell(), shape))  # writable, as numba's types tell such apart


def _figures(path: Path) -> Stamp:
    with path.open("rb") as file:
        digest = _digest(file)
    return {"bytes": path.stat().st_size, "digest": digest, "checksum": file_checksum(path).hex()}


def _digest(file: BufferedReader) -> str:
    """blake2b of the file, or of pieces of it when it is large, the first and the last included."""
    size = os.fstat(file.fileno()).st_size
    if size <= _WHOLE:
        return str(hashlib.file_digest(file, _blake2b).hexdigest())
    digest = _blake2b()
    for piece in range(_PIECES):
        digest.update(os.pread(file.fileno(), _PIECE, piece * (size - _PIECE) // (_PIECES - 1)))
    return str(digest.hexdigest())


def _seal(stamp: Stamp) -> str:
    return hashlib.blake2b(json.dumps(stamp, sort_keys=True).encode(), digest_size=32).hexdigest()


def _blake2b() -> Any:
    return hashlib.blake2b(digest_size=32)
