"""Files of vectors that other programs wrote: NumPy's, HDF5 and pickles."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

import numpy as np

from faceindex.errors import FaceindexError, UsageError
from faceindex.exchange.foreign_vectors.foreign import ForeignVectors, about, box_of, name_of, of_rows, path_of, text
from faceindex.exchange.foreign_vectors.foreign_objects import rows_in
from faceindex.exchange.foreign_vectors.pickles import LARGEST, Refused, read_pickle
from faceindex.files.regular import open_regular, require_regular
from faceindex.files.unreadable import unreadable
from faceindex.store.hdf5.segments import inside

PICKLES = (".pkl", ".pickle", ".p", ".dat")
SUFFIXES = (".npy", ".npz", ".h5", ".hdf5", *PICKLES)

_COPIED = 1 << 22  # bytes at a time


@contextmanager
def foreign_vectors(path: Path, spool: Path) -> Iterator[ForeignVectors]:
    """The rows of a file, which is open until the end. Arrays are read where they are asked for, pickles as a whole.

    spool: a folder for large arrays that are unpacked, to files without a name. Raises: UsageError for a file that
    cannot be read, holds no vectors, or is a pickle that asks for anything but data; MachineError.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in PICKLES:
            with open_regular(path) as file:
                yield _checked(of_rows(path, rows_in(_unpickled(file, path))))
        elif suffix == ".npy":
            with open_regular(path) as file:
                yield _checked(_of_npy(path, file))
        elif suffix == ".npz":
            with open_regular(path) as file, zipfile.ZipFile(file) as archive:
                members = {Path(name).stem: name for name in archive.namelist() if name.endswith(".npy")}
                yield _checked(_of_columns(path, {key: _member(archive, members[key], path, spool) for key in members}))
        else:
            import h5py

            require_regular(path)
            with h5py.File(path, "r", locking=False) as opened:
                found_there = {key: inside(opened, key) for key in opened}
                own = {key: one for key, one in found_there.items() if isinstance(one, h5py.Dataset)}
                found = _checked(_of_columns(path, own))
                found.fingerprint = opened.attrs.get("recipe")
                yield found
    except FaceindexError:
        raise
    except Refused as error:
        raise UsageError(
            f"{path} is refused: it asks for {error}, which no file of vectors needs; nothing of it was run. "
            "Ask for it as .npz"
        ) from None
    except Exception as error:  # pickle, zipfile, NumPy and h5py have many words for a file that is none of theirs
        raise unreadable(path, error, "{path} holds no vectors that can be read: {reason}") from error


def _checked(found: ForeignVectors) -> ForeignVectors:
    if not len(found.rows) and not found.bad:
        raise UsageError(f"{found.path} holds no vector")
    return found


def _unpickled(file: BufferedReader, path: Path) -> Any:
    size = os.fstat(file.fileno()).st_size
    if size > LARGEST:
        raise UsageError(f"{path} is a pickle of {size:,} bytes, which would be in memory as a whole; save it as .npz")
    return read_pickle(file)


def _of_npy(path: Path, file: BufferedReader) -> ForeignVectors:
    shape, _, kind = _header(file)
    if kind.hasobject:
        return of_rows(path, rows_in(_unpickled(file, path)))
    array = np.load(path, mmap_mode="r", allow_pickle=False) if 0 not in shape else np.empty(shape, kind)
    return _of_columns(path, {"vector": array[None] if array.ndim == 1 else array})


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(file)


def _member(archive: zipfile.ZipFile, name: str, path: Path, spool: Path) -> Any:
    """One array of an .npz: a large one is unpacked to a file that is gone as soon as nobody uses it."""
    with archive.open(name) as file:
        shape, fortran, kind = _header(file)
        if kind.hasobject:
            if archive.getinfo(name).file_size > LARGEST:
                raise UsageError(f"{path}: {name} is a pickle too large to be read")
            return read_pickle(BufferedReader(cast(Any, file)))
        if 0 in shape or archive.getinfo(name).file_size < _COPIED:
            data = np.frombuffer(file.read(), dtype=kind)
            return data.reshape(shape, order="F" if fortran else "C")
        with tempfile.TemporaryFile(dir=spool) as copy:
            while block := file.read(_COPIED):
                copy.write(block)
            copy.flush()
            return np.memmap(copy, dtype=kind, mode="r", shape=shape, order="F" if fortran else "C")


def _of_columns(path: Path, columns: Mapping[str, Any]) -> ForeignVectors:
    """Columns as our own exports and most others call them; or the only array that can be of vectors."""
    named: dict[str, str] = {}
    for key in columns:
        kind = about(key)
        if kind:
            named.setdefault(kind, key)
    wide = [key for key, value in columns.items() if _is_wide(value)]
    if "vector" not in named or named["vector"] not in wide:
        if len(wide) != 1:
            raise UsageError(
                f"{path} has no array [n, d] called vector or embeddings, but {', '.join(columns) or 'none'}"
            )
        named["vector"] = wide[0]
    vectors = columns[named["vector"]]
    rows = int(vectors.shape[0])
    bad: list[tuple[int, str]] = []
    people: list[str | None] = []
    for row, value in enumerate(_values(columns, named.get("person"), rows, path)):
        try:
            people.append(name_of(value))
        except ValueError as error:
            people.append(None)
            bad.append((row, f"{error}; it comes in without one"))
    photos: list[str | None] = []
    for row, value in enumerate(_values(columns, named.get("photo"), rows, path)):
        try:
            photos.append(path_of(value) if isinstance(value, str | bytes) and value else None)
        except ValueError as error:
            photos.append(None)
            bad.append((row, f"{error}; it comes in without one"))
    boxes = [
        None if value is None else box_of(named["box"], value)
        for value in _values(columns, named.get("box"), rows, path)
    ]
    fingerprint = text(np.asarray(columns["recipe"]).item()) if "recipe" in columns else None
    return ForeignVectors(path, vectors, range(rows), photos, people, boxes, bad, fingerprint)


def _is_wide(value: Any) -> bool:
    kind = getattr(value, "dtype", None)
    return kind is not None and kind.kind == "f" and len(value.shape) == 2 and value.shape[1] > 4


def _values(columns: Mapping[str, Any], key: str | None, rows: int, path: Path) -> Sequence[Any]:
    if key is None:
        return [None] * rows
    value = columns[key]
    array = value if isinstance(value, list) else np.asarray(value)
    if len(array) != rows:
        raise UsageError(f"{path} has {rows:,} vectors and {len(array):,} of {key}")
    return array if isinstance(array, list) else cast(list[Any], array.tolist())
