"""HDF5 segments: ids and vectors, private, checked, tied to a recipe."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import h5py
import numpy as np
import pytest

from faceindex.errors import LibraryDamaged, RecipeMismatch
from faceindex.store.hdf5.segments import (
    Block,
    SegmentMissing,
    aborted_files,
    file_checksum,
    read_blocks,
    segment_ids,
    segment_name,
    write_segment,
)
from faceindex.types import FaceIds, Vectors

IDS = np.array([3, 5, 9], dtype=np.int64)
VECTORS = np.random.default_rng(0).standard_normal((3, 128)).astype(np.float32)


def write(path: Path, ids: FaceIds = IDS, vectors: Vectors = VECTORS) -> tuple[bytes, int]:
    return write_segment(path, [(ids, vectors)], faces=len(ids), dimension=128, fingerprint="recipe")


def read(path: Path) -> Block:
    blocks = list(read_blocks(path, "recipe", 128))
    return np.concatenate([ids for ids, _ in blocks]), np.concatenate([vectors for _, vectors in blocks])


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write(tmp_path / "000001.h5")
    ids, vectors = read(tmp_path / "000001.h5")
    assert np.array_equal(ids, IDS)
    assert np.array_equal(vectors, VECTORS)
    assert ids.dtype == np.int64
    assert vectors.dtype == np.float32
    assert np.array_equal(segment_ids(tmp_path / "000001.h5", "recipe", 128), IDS)


def test_many_rows_are_written_and_read_in_blocks(tmp_path: Path) -> None:
    count = 20_000
    ids = np.arange(count, dtype=np.int64)
    vectors = np.random.default_rng(1).standard_normal((count, 8)).astype(np.float32)
    parts = [(ids[start : start + 3000], vectors[start : start + 3000]) for start in range(0, count, 3000)]
    write_segment(tmp_path / "a.h5", parts, faces=count, dimension=8, fingerprint="recipe")
    blocks = list(read_blocks(tmp_path / "a.h5", "recipe", 8))
    assert max(len(ids) for ids, _ in blocks) < count
    assert np.array_equal(np.concatenate([ids for ids, _ in blocks]), ids)
    assert np.array_equal(np.concatenate([vectors for _, vectors in blocks]), vectors)


def test_segment_is_plain_hdf5_as_the_design_describes(tmp_path: Path) -> None:
    write(tmp_path / "000001.h5")
    with h5py.File(tmp_path / "000001.h5") as file:
        assert file["face_id"].dtype == np.int64
        assert file["vector"].shape == (3, 128)
        assert file.attrs["recipe"] == "recipe"


def test_checksum_and_size_are_those_of_the_file_and_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / segment_name(1)
    checksum, size = write(path)
    assert checksum == hashlib.blake2b(path.read_bytes(), digest_size=32).digest() == file_checksum(path)
    assert size == path.stat().st_size
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_vectors_of_another_recipe_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "000001.h5")
    with pytest.raises(RecipeMismatch):
        list(read_blocks(tmp_path / "000001.h5", "another", 128))


def test_missing_and_damaged_segments_are_named(tmp_path: Path) -> None:
    path = tmp_path / "000001.h5"
    with pytest.raises(SegmentMissing, match=r"000001\.h5 is missing"):
        read(path)
    path.write_bytes(b"no hdf5")
    with pytest.raises(LibraryDamaged, match=r"000001\.h5 cannot be read"):
        read(path)


def test_changed_byte_in_a_vector_is_noticed_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "000001.h5"
    write(path)
    data = bytearray(path.read_bytes())
    data[data.index(VECTORS[1].tobytes()) + 5] ^= 1
    path.write_bytes(data)
    with pytest.raises(LibraryDamaged, match=r"000001\.h5 cannot be read"):
        read(path)


@pytest.mark.parametrize("failing", range(1, 12))
def test_disk_that_is_full_at_any_write_leaves_no_segment_and_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    real, calls = os.pwrite, 0

    def pwrite(file: int, data: bytes, offset: int) -> int:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(file, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    try:
        write(tmp_path / "000001.h5")
    except OSError as error:
        assert error.errno == errno.ENOSPC
        assert list(tmp_path.iterdir()) == []
    else:
        assert calls < failing
    write(tmp_path / "000002.h5")
    assert np.array_equal(read(tmp_path / "000002.h5")[1], VECTORS)


def test_only_uncommitted_files_count_as_aborted(tmp_path: Path) -> None:
    for name in ("000001.h5", "000002.h5", "000003.h5.tmp", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in aborted_files(tmp_path, {"000001.h5"})] == ["000002.h5", "000003.h5.tmp"]
