"""HDF5 segments: ids and vectors, private, checked, tied to a recipe."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import h5py
import numpy as np
import pytest

from faceindex.errors import LibraryDamaged, RecipeMismatch
from faceindex.store.segments import aborted_files, read_segment, read_segments, segment_name, write_segment

IDS = np.array([3, 5, 9], dtype=np.int64)
VECTORS = np.random.default_rng(0).standard_normal((3, 128)).astype(np.float32)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_segment(tmp_path / "000001.h5", IDS, VECTORS, "recipe")
    ids, vectors = read_segment(tmp_path / "000001.h5", "recipe")
    assert np.array_equal(ids, IDS)
    assert np.array_equal(vectors, VECTORS)
    assert ids.dtype == np.int64
    assert vectors.dtype == np.float32


def test_segment_is_plain_hdf5_as_the_design_describes(tmp_path: Path) -> None:
    write_segment(tmp_path / "000001.h5", IDS, VECTORS, "recipe")
    with h5py.File(tmp_path / "000001.h5") as file:
        assert file["face_id"].dtype == np.int64
        assert file["vector"].shape == (3, 128)
        assert file.attrs["recipe"] == "recipe"


def test_checksum_is_that_of_the_file_and_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / segment_name(1)
    checksum = write_segment(path, IDS, VECTORS, "recipe")
    assert checksum == hashlib.blake2b(path.read_bytes(), digest_size=32).digest()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_vectors_of_another_recipe_are_refused(tmp_path: Path) -> None:
    write_segment(tmp_path / "000001.h5", IDS, VECTORS, "recipe")
    with pytest.raises(RecipeMismatch):
        read_segment(tmp_path / "000001.h5", "another")


def test_missing_and_damaged_segments_are_named(tmp_path: Path) -> None:
    path = tmp_path / "000001.h5"
    with pytest.raises(LibraryDamaged, match=r"000001\.h5 is missing"):
        read_segment(path, "recipe")
    path.write_bytes(b"no hdf5")
    with pytest.raises(LibraryDamaged, match=r"000001\.h5 cannot be read"):
        read_segment(path, "recipe")


def test_no_segments_are_an_empty_array_of_the_right_width() -> None:
    ids, vectors = read_segments([], "recipe", 128)
    assert ids.shape == (0,)
    assert vectors.shape == (0, 128)


def test_only_uncommitted_files_count_as_aborted(tmp_path: Path) -> None:
    for name in ("000001.h5", "000002.h5", "000003.h5.tmp", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in aborted_files(tmp_path, {"000001.h5"})] == ["000002.h5", "000003.h5.tmp"]
