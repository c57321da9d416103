"""A file of the user's that the machine or its disk lets nobody read is not taken for a bad one."""

from __future__ import annotations

import errno
import io
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import h5py
import numpy as np
import pytest

from faceindex.errors import MachineError, UsageError
from faceindex.evaluation.group_file import read_groups
from faceindex.evaluation.pairs import read_pairs as read_lfw_pairs
from faceindex.exchange import library_import
from faceindex.exchange.albums.album_manifest import read_manifest
from faceindex.exchange.foreign_vectors.foreign_files import foreign_vectors
from faceindex.exchange.library_import import is_library_file
from faceindex.exchange.rows.text_rows import text_rows
from faceindex.faces.vectors_only import vectors_only
from faceindex.files.reading import open_regular
from faceindex.files.unreadable import is_of_the_machine, unreadable
from faceindex.photos.finding.own_folders import ALBUMS_MANIFEST
from faceindex.queries.pairs import read_pairs
from faceindex.queries.vector_files import vector_blocks

Read = Callable[[Path], object]


def _foreign(path: Path) -> object:
    with foreign_vectors(path, path.parent) as found:
        return found


def _blocks(path: Path) -> object:
    return list(vector_blocks(path, vectors_only("theirs", 4)))


READERS: dict[str, tuple[str, Read]] = {
    "a library's HDF5": ("a.h5", is_library_file),
    "HDF5 to search with": ("a.h5", _blocks),
    "NumPy to search with": ("a.npy", _blocks),
    "foreign HDF5": ("a.h5", _foreign),
    "foreign NumPy": ("a.npy", _foreign),
    "foreign npz": ("a.npz", _foreign),
    "a pickle": ("a.pkl", _foreign),
    "JSON lines": ("a.jsonl", lambda path: list(text_rows(path))),
    "CSV": ("a.csv", lambda path: list(text_rows(path))),
    "pairs to verify": ("a.csv", lambda path: list(read_pairs(path))),
    "groups of people": ("a.csv", read_groups),
    "pairs of LFW": ("a.txt", read_lfw_pairs),
    "a manifest": (ALBUMS_MANIFEST, lambda path: read_manifest(path.parent)),
}


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest) -> tuple[str, Read]:
    return READERS[request.param]


@pytest.mark.skipif(sys.platform != "linux", reason="its memory is a file there")
def test_a_file_on_a_disk_that_fails_is_no_wrong_use(reader: tuple[str, Read], tmp_path: Path) -> None:
    name, read = reader
    if name == "a.npz":
        pytest.skip("zipfile looks at the end first, which that file has not")
    (tmp_path / name).symlink_to("/proc/self/mem")  # whose first bytes give EIO, as a disk that fails does
    with pytest.raises(MachineError, match=f"{name}.*Input/output error") as raised:
        read(tmp_path / name)
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 3


def test_a_file_for_which_memory_is_short_is_no_wrong_use(
    reader: tuple[str, Read], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, read = reader
    np.save(tmp_path / "a.npy", np.zeros((2, 4), dtype=np.float32))
    (tmp_path / name).touch()

    def short(*_: object, **__: object) -> NoReturn:
        raise MemoryError

    for module in ("evaluation.pairs", "exchange.albums.album_manifest"):
        monkeypatch.setattr(f"faceindex.{module}.read_regular", short)
    for module in ("exchange.foreign_vectors.foreign_files", "exchange.rows.text_rows", "files.csv_rows"):
        monkeypatch.setattr(f"faceindex.{module}.open_regular", short)
    monkeypatch.setattr("h5py.File", short)
    monkeypatch.setattr("numpy.load", short)
    with pytest.raises((MachineError, MemoryError)):
        read(tmp_path / name)


def test_a_bad_file_is_one(reader: tuple[str, Read], tmp_path: Path) -> None:
    name, read = reader
    (tmp_path / name).write_bytes(b"\x00[")
    if name == "a.jsonl":
        assert read(tmp_path / name) == [(1, "is not valid JSON")]
        return
    with pytest.raises(UsageError, match=name):
        read(tmp_path / name)


def test_a_disk_that_fails_while_a_dataset_is_read_is_no_wrong_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """h5py says so in its words."""
    said = "Can't synchronously read data (file read failed: time = now\n, errno = 5, error message = 'I/O error')"
    with closing(h5py.File(tmp_path / "a.h5", "w")) as file:
        dataset = file.create_dataset("vector", data=np.zeros(3))

        def failing(*_: object) -> NoReturn:
            raise OSError(said)

        monkeypatch.setattr(h5py.Dataset, "__getitem__", failing)
        with pytest.raises(MachineError, match="its /vector cannot be read now"):
            library_import._read(dataset, 0, 3)


def test_a_disk_that_fails_behind_the_back_of_zipfile_is_no_wrong_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "a.npz", vector=np.zeros((2, 8), dtype=np.float32))

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(
        "faceindex.exchange.foreign_vectors.foreign_files.open_regular", lambda path: Failing(path.read_bytes())
    )
    with pytest.raises(MachineError, match=r"a\.npz.*Input/output error"):
        _foreign(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("error", "of_the_machine"),
    [
        (OSError(errno.EIO, "Input/output error"), True),
        (OSError(errno.EMFILE, "Too many open files"), True),
        (OSError("Can't read (memory allocation failed for chunk)"), True),
        (MemoryError(), True),
        (PermissionError(errno.EACCES, "Permission denied"), False),
        (FileNotFoundError(errno.ENOENT, "No such file"), False),
        (OSError("Can't read (file is truncated: errno = 0)"), False),
        (ValueError("bad magic"), False),
    ],
)
def test_errors_of_the_machine_are_told_from_those_of_files(error: Exception, of_the_machine: bool) -> None:
    assert is_of_the_machine(error) is of_the_machine
    assert isinstance(unreadable("x", error), MachineError if of_the_machine else UsageError)


def test_a_fifo_is_a_bad_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Is a directory") as raised:
        open_regular(tmp_path)
    assert isinstance(unreadable(tmp_path, raised.value), UsageError)
