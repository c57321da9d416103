"""The file of an index is what was written, or it is not used."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import BinaryIO

import pytest

from faceindex.search import files
from faceindex.search.files import FAISS_FILE, STAMP, Stamp, damaged, intact, publish, read_stamp, written

HEAD, VECTORS, TAIL = bytes(range(100)), bytes(range(256)) * 10_000, b"the ids"


def write(file: BinaryIO, vectors: bytes = VECTORS) -> slice:
    file.write(HEAD + vectors + TAIL)
    return slice(len(HEAD), len(HEAD) + len(vectors))


def save(path: Path, vectors: bytes = VECTORS) -> Stamp:
    with written(path, lambda file: write(file, vectors)) as (temporary, stamp):
        return publish(path, temporary, stamp, note="x")


def test_what_was_written_is_intact(tmp_path: Path) -> None:
    save(tmp_path)
    stamp = read_stamp(tmp_path)
    assert stamp is not None
    assert stamp["note"] == "x"
    assert intact(tmp_path, stamp)
    assert damaged(tmp_path, stamp) is None
    assert (tmp_path / FAISS_FILE).read_bytes() == HEAD + VECTORS + TAIL


def test_files_are_private_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "vectors.npy").touch()  # of a former version
    save(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {FAISS_FILE, STAMP}
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in tmp_path.iterdir())


def test_what_is_not_published_leaves_the_former_file(tmp_path: Path) -> None:
    stamp = save(tmp_path)
    with written(tmp_path, lambda file: write(file, b"other")):
        pass
    assert damaged(tmp_path, stamp) is None
    assert {file.name for file in tmp_path.iterdir()} == {FAISS_FILE, STAMP}


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path: Path) -> None:
    def fail(file: BinaryIO) -> slice:
        write(file)
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"), written(tmp_path, fail):
        pytest.fail("written")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", ["cut", "longer", "head", "vectors", "tail", "gone", "older"])
def test_a_file_that_is_not_what_was_written_is_not_used(tmp_path: Path, how: str) -> None:
    stamp = save(tmp_path)
    path = tmp_path / FAISS_FILE
    data = bytearray(path.read_bytes())
    match how:
        case "cut":
            path.write_bytes(data[:-1])
        case "longer":
            path.write_bytes(data + b"\0")
        case "head" | "vectors" | "tail":
            data[{"head": 50, "vectors": len(data) // 2, "tail": -3}[how]] ^= 1
            path.write_bytes(data)
        case "gone":
            path.unlink()
        case "older":
            save(tmp_path, VECTORS[::-1])
    assert not intact(tmp_path, stamp)
    assert FAISS_FILE in str(damaged(tmp_path, stamp))


def test_of_many_vectors_pieces_are_looked_at_when_it_is_opened_and_all_by_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_WHOLE", 1 << 20)
    monkeypatch.setattr(files, "_PIECES", 16)
    stamp = save(tmp_path)
    path = tmp_path / FAISS_FILE
    data = bytearray(path.read_bytes())
    between, stretch, tail = data.copy(), data.copy(), data.copy()
    between[100_000] ^= 1  # pieces are 170,393 bytes apart
    path.write_bytes(between)
    assert intact(tmp_path, stamp)
    assert f"{FAISS_FILE} is not what was written" in str(damaged(tmp_path, stamp))
    stretch[1_000_000:1_180_000] = bytes(180_000)
    path.write_bytes(stretch)
    assert not intact(tmp_path, stamp)
    tail[-1] ^= 1  # beside the vectors every byte counts
    path.write_bytes(tail)
    assert not intact(tmp_path, stamp)


@pytest.mark.parametrize("change", ["note", "files", "cut", "format", "list", "absent"])
def test_a_stamp_that_was_changed_is_none(tmp_path: Path, change: str) -> None:
    save(tmp_path)
    path = tmp_path / STAMP
    stamp = json.loads(path.read_bytes())
    match change:
        case "note":
            path.write_text(json.dumps(stamp | {"note": "y"}))
        case "files":
            stamp["files"].pop(FAISS_FILE)
            path.write_text(json.dumps(stamp))
        case "cut":
            path.write_bytes(path.read_bytes()[:-2])
        case "format":
            path.write_text(json.dumps(stamp | {"format": "faceindex index 2"}))
        case "list":
            path.write_text("[]")
        case "absent":
            path.unlink()
    assert read_stamp(tmp_path) is None
