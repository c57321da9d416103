"""Reads files of vectors that other programs wrote: NumPy files, HDF5 and pickles."""

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
from faceindex.files.reading import open_regular, require_regular
from faceindex.files.unreadable import unreadable
from faceindex.plurals import plural
from faceindex.store.hdf5.segments import inside

PICKLES = (".pkl", ".pickle", ".p", ".dat")
SUFFIXES = (".npy", ".npz", ".h5", ".hdf5", *PICKLES)

_COPIED = 1 << 22  # bytes


@contextmanager
def foreign_vectors(path: Path, spool: Path) -> Iterator[ForeignVectors]:
    """The rows of a file, which stays open until the end. Arrays are read when they are used; a pickle is read at once.

    spool: a folder for large compressed arrays, which are unpacked to files without a name. Raises: UsageError if the
    file cannot be read, holds no vectors, or is a pickle that needs anything but data; MachineError.
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
            f"{path} is refused: it would run {error}, which a file of vectors does not need; nothing was run. "
            "Ask its owner for an .npz file"
        ) from None
    except Exception as error:  # pickle, zipfile, NumPy and h5py raise many kinds of errors
        raise unreadable(path, error, "{path} has no readable vectors: {reason}") from error


def _checked(found: ForeignVectors) -> ForeignVectors:
    if not len(found.rows) and not found.bad:
        raise UsageError(f"{found.path} holds no vector")
    return found


def _unpickled(file: BufferedReader, path: Path) -> Any:
    size = os.fstat(file.fileno()).st_size
    if size > LARGEST:
        raise UsageError(f"{path} is a pickle of {plural(size, 'byte')}, too large to read at once; save it as .npz")
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
    """One array of an .npz; a large one is unpacked to a temporary file that the system deletes after use."""
    with archive.open(name) as file:
        shape, fortran, kind = _header(file)
        if kind.hasobject:
            if archive.getinfo(name).file_size > LARGEST:
                raise UsageError(f"{path}: {name} is a pickle that is too large to read")
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
    """Vectors from columns with the names that our exports and most programs use, or from the only suitable array."""
    named: dict[str, str] = {}
    for key in columns:
        kind = about(key)
        if kind:
            named.setdefault(kind, key)
    wide = [key for key, value in columns.items() if _is_wide(value)]
    if "vector" not in named or named["vector"] not in wide:
        if len(wide) != 1:
            raise UsageError(
                f"{path} has no array [n, d] called vector or embeddings; its arrays: {', '.join(columns) or 'none'}"
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
            bad.append((row, f"{error}; imported without it"))
    photos: list[str | None] = []
    for row, value in enumerate(_values(columns, named.get("photo"), rows, path)):
        try:
            photos.append(path_of(value) if isinstance(value, str | bytes) and value else None)
        except ValueError as error:
            photos.append(None)
            bad.append((row, f"{error}; imported without it"))
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
        raise UsageError(f"{path} has {plural(rows, 'vector')}, but not as many of {key} ({len(array):,})")
    return array if isinstance(array, list) else cast(list[Any], array.tolist())
