"""Files of an index are what was written, or they are not used."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pytest

from faceindex.search import files
from faceindex.search.files import STAMP, Arrays, Stamp, damaged, publish, read_arrays, read_stamp, written

ARRAYS: Arrays = {
    "small.npy": np.arange(12, dtype=np.int64).reshape(3, 4),
    "none.npy": np.empty((0, 128), dtype=np.float32),
    "large.npy": np.arange(600_000, dtype=np.float32).reshape(-1, 100),
}


def save(path: Path, arrays: Arrays = ARRAYS) -> Stamp:
    with written(path, arrays) as stamp:
        return publish(path, stamp, note="x")


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    save(tmp_path)
    stamp = read_stamp(tmp_path)
    assert stamp is not None
    assert stamp["note"] == "x"
    arrays = read_arrays(tmp_path, stamp)
    assert arrays is not None
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype
    assert damaged(tmp_path, stamp) is None


def test_what_is_done_to_an_array_is_not_done_to_its_file(tmp_path: Path) -> None:
    stamp = save(tmp_path)
    arrays = read_arrays(tmp_path, stamp)
    assert arrays is not None
    arrays["large.npy"][:] = 0
    assert damaged(tmp_path, stamp) is None


def test_files_are_private_and_nothing_else_is_left(tmp_path: Path) -> None:
    save(tmp_path, {"former.npy": np.zeros(3)})
    save(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {*ARRAYS, STAMP}
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in tmp_path.iterdir())


def test_what_is_not_published_leaves_the_former_files(tmp_path: Path) -> None:
    stamp = save(tmp_path)
    with written(tmp_path, {"small.npy": np.zeros(3)}):
        pass
    assert damaged(tmp_path, stamp) is None
    assert {file.name for file in tmp_path.iterdir()} == {*ARRAYS, STAMP}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("how", ["cut", "longer", "flipped", "gone", "older"])
def test_a_file_that_is_not_what_was_written_is_not_used(tmp_path: Path, name: str, how: str) -> None:
    stamp = save(tmp_path)
    path = tmp_path / name
    data = bytearray(path.read_bytes())
    match how:
        case "cut":
            path.write_bytes(data[:-1])
        case "longer":
            path.write_bytes(data + b"\0")
        case "flipped":
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
        case "gone":
            path.unlink()
        case "older":
            save(tmp_path, {key: array + 1 if array.size else np.zeros(1) for key, array in ARRAYS.items()})
    assert read_arrays(tmp_path, stamp) is None
    assert name in str(damaged(tmp_path, stamp)) or how == "older"


def test_of_a_large_file_pieces_are_looked_at_when_it_is_opened_and_all_by_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_WHOLE", 1 << 20)
    monkeypatch.setattr(files, "_PIECES", 16)
    stamp = save(tmp_path)
    path = tmp_path / "large.npy"
    data = bytearray(path.read_bytes())
    between, stretch = data.copy(), data.copy()
    between[100_000] ^= 1  # pieces are 159,745 bytes apart
    path.write_bytes(between)
    assert read_arrays(tmp_path, stamp) is not None
    assert "large.npy is not what was written" in str(damaged(tmp_path, stamp))
    stretch[1_000_000:1_170_000] = bytes(170_000)
    path.write_bytes(stretch)
    assert read_arrays(tmp_path, stamp) is None


@pytest.mark.parametrize("change", ["note", "files", "cut", "format", "list", "absent"])
def test_a_stamp_that_was_changed_is_none(tmp_path: Path, change: str) -> None:
    save(tmp_path)
    path = tmp_path / STAMP
    stamp = json.loads(path.read_bytes())
    match change:
        case "note":
            path.write_text(json.dumps(stamp | {"note": "y"}))
        case "files":
            stamp["files"].pop("small.npy")
            path.write_text(json.dumps(stamp))
        case "cut":
            path.write_bytes(path.read_bytes()[:-2])
        case "format":
            path.write_text(json.dumps(stamp | {"format": "faceindex index 1"}))
        case "list":
            path.write_text("[]")
        case "absent":
            path.unlink()
    assert read_stamp(tmp_path) is None
