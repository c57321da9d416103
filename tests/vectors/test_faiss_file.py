"""FAISS alone, in another process, opens the file of an index and finds in it what we find."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_faces import drawn_faces

from faceindex.types import FaceIds, Vectors
from faceindex.vectors import faiss_file
from faceindex.vectors.building import Block, Blocks, blocks_of, learned
from faceindex.vectors.nearest import FaceIndex, nearest
from faceindex.vectors.tuning import CONFIRMING

FACES, PROBES = 6000, 1000

PLAIN = """
import json, sys
import faiss, numpy as np
index = faiss.read_index(sys.argv[1], int(sys.argv[3]) and faiss.IO_FLAG_MMAP_IFC)
distances, ids = index.search(np.load(sys.argv[2]), 10)
print(json.dumps({"ids": ids.tolist(), "distances": np.sqrt(distances).tolist(), "total": index.ntotal}))
assert "faceindex" not in sys.modules
"""


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return drawn_faces(FACES + PROBES)


@pytest.fixture(scope="module")
def ids() -> FaceIds:
    """With gaps, in no order, and beyond 32 bits."""
    return np.random.default_rng(3).permutation(np.arange(FACES, dtype=np.int64) * 7 + 2**33)


@pytest.fixture(scope="module")
def probes(vectors: Vectors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("probes") / "probes.npy"
    np.save(path, vectors[FACES:])
    return path


def by_faiss_alone(path: Path, probes: Path, *, mapped: bool) -> Any:
    command = [sys.executable, "-c", PLAIN, str(path), str(probes), str(int(mapped))]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.parametrize("mapped", [False, True])
def test_faiss_alone_finds_the_same_ten_neighbours_in_an_exact_index(
    vectors: Vectors, ids: FaceIds, probes: Path, tmp_path: Path, mapped: bool
) -> None:
    path = tmp_path / "faces.faiss"
    with path.open("w+b") as file:
        faiss_file.write(file, blocks_of(ids, vectors[:FACES]))
    answer = by_faiss_alone(path, probes, mapped=mapped)
    index = faiss_file.open_mapped(path, None)
    assert answer["total"] == FACES
    for probe, found, away in zip(vectors[FACES:], answer["ids"], answer["distances"], strict=True):
        expected, distances = nearest(index, probe, 10, np.inf)
        assert found == expected.tolist()
        np.testing.assert_allclose(away, distances, rtol=1e-4)


@pytest.mark.parametrize("wanted", [0.8, 0.9, 0.95, 0.99])
def test_faiss_alone_finds_as_much_in_an_approximate_index_as_is_recorded(
    vectors: Vectors, ids: FaceIds, probes: Path, tmp_path: Path, wanted: float
) -> None:
    """Of faces that nothing was chosen on: the wanted recall, and what is recorded, but for chance."""
    path, blocks = tmp_path / "faces.faiss", blocks_of(ids, vectors[:FACES])
    index, found = learned(blocks, wanted)
    with path.open("w+b") as file:
        faiss_file.write(file, blocks, (index, found))
    answer = by_faiss_alone(path, probes, mapped=True)
    exact = FaceIndex(ids, vectors[:FACES])
    ours = faiss_file.open_mapped(path, found.probing)
    assert ours.ivf is not None
    shares, our_shares = [], []
    for probe, near, away in zip(vectors[FACES:], answer["ids"], answer["distances"], strict=True):
        expected, _ = nearest(exact, probe, 10, np.inf)
        shares.append(np.isin(expected, near).mean())
        our_shares.append(np.isin(expected, nearest(ours, probe, 10, np.inf)[0]).mean())
        true = np.linalg.norm(vectors[np.flatnonzero(ids == near[0])[0]].astype(np.float64) - probe)
        assert away[0] == pytest.approx(true, rel=1e-4)  # ranked by the vectors, not by their codes
    assert np.mean(our_shares) >= wanted
    assert np.mean(shares) >= wanted
    chance = np.std(shares) * (1 / PROBES + 1 / CONFIRMING) ** 0.5
    assert np.mean(shares) >= found.recall - 2 * chance
    assert found.probing is not None
    read = [len(ours.ivf.nearest_lists(probe, found.probing.spread)[0]) for probe in vectors[FACES:]]
    hardest = np.array(shares)[np.argsort(read)[-PROBES // 10 :]]  # for which our search reads most
    assert np.mean(hardest) >= wanted - np.std(hardest) / len(hardest) ** 0.5


@pytest.mark.parametrize("approximate", [False, True])
def test_an_index_comes_back_as_it_was_and_can_only_be_read(
    vectors: Vectors, ids: FaceIds, tmp_path: Path, approximate: bool
) -> None:
    path, blocks = tmp_path / "faces.faiss", blocks_of(ids[:500], vectors[:500], 64)
    with path.open("w+b") as file:
        where = faiss_file.write(file, blocks, learned(blocks, 0.5) if approximate else None)
    assert path.read_bytes()[where] == vectors[:500].tobytes()
    index = faiss_file.open_mapped(path, None)
    np.testing.assert_array_equal(index.ids, ids[:500])
    np.testing.assert_array_equal(index.vectors, vectors[:500])
    with pytest.raises(ValueError, match="read-only"):
        index.vectors[0] = 0


def test_arrays_of_an_index_outlive_it(vectors: Vectors, ids: FaceIds, tmp_path: Path) -> None:
    path = tmp_path / "faces.faiss"
    with path.open("w+b") as file:
        faiss_file.write(file, blocks_of(ids, vectors[:FACES]))
    row = faiss_file.open_mapped(path, None).vectors[-1:]  # of which nothing else is left
    path.unlink()
    np.testing.assert_array_equal(row[0], vectors[FACES - 1])


def test_an_empty_index_is_one(tmp_path: Path) -> None:
    path = tmp_path / "faces.faiss"
    with path.open("w+b") as file:
        faiss_file.write(file, blocks_of(np.empty(0, dtype=np.int64), np.empty((0, 128), dtype=np.float32)))
    index = faiss_file.open_mapped(path, None)
    assert index.vectors.shape == (0, 128)
    assert len(nearest(index, np.zeros(128, dtype=np.float32), 10, np.inf)[0]) == 0


def test_vectors_that_are_fewer_than_was_said_are_refused(vectors: Vectors, ids: FaceIds, tmp_path: Path) -> None:
    def read() -> Any:
        yield from blocks_of(ids[:9], vectors[:9]).read()

    with (tmp_path / "faces.faiss").open("w+b") as file, pytest.raises(ValueError, match="10 vectors"):
        faiss_file.write(file, Blocks(10, 128, read))


def test_what_goes_wrong_while_it_is_written_is_told(tmp_path: Path) -> None:
    def read() -> Any:
        yield np.arange(3), np.zeros((3, 128), dtype=np.float32)
        raise OSError("the disk is gone")

    with (tmp_path / "faces.faiss").open("w+b") as file, pytest.raises(OSError, match="gone"):
        faiss_file.write(file, Blocks(10, 128, read))
    with Path("/dev/full").open("w+b", buffering=0) as full, pytest.raises(OSError, match="o space"):
        faiss_file.write(full, blocks_of(np.arange(3), np.zeros((3, 128), dtype=np.float32)))


def test_blocks_of_any_size_give_the_same_index(vectors: Vectors, ids: FaceIds) -> None:
    import faiss

    def file_of(size: int) -> bytes:
        index, _ = learned(blocks_of(ids[:2000], vectors[:2000], size), 0.9)
        return bytes(faiss.serialize_index(index))

    assert file_of(100) == file_of(2000)


def test_a_block_may_be_empty(vectors: Vectors, ids: FaceIds) -> None:
    def read() -> Any:
        for start in (0, 100, 100, 200):
            block: Block = ids[start : start + 100 * (start != 100)], vectors[start : start + 100 * (start != 100)]
            yield block
        yield ids[300:400], vectors[300:400]

    index, _ = learned(Blocks(300, 128, read), 0.9)
    assert index.ntotal == 300


def test_candidates_among_very_many_are_read_and_are_ranked_alike(
    vectors: Vectors, ids: FaceIds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, blocks = tmp_path / "faces.faiss", blocks_of(ids, vectors[:FACES])
    index, found = learned(blocks, 0.95)
    with path.open("w+b") as file:
        faiss_file.write(file, blocks, (index, found))
    mapped = faiss_file.open_mapped(path, found.probing)
    monkeypatch.setattr(faiss_file, "_MOST_MAPPED", 0)
    read = faiss_file.open_mapped(path, found.probing)
    path.unlink()
    rows = np.array([FACES - 1, 0, 17, 17])
    np.testing.assert_array_equal(read.vectors_of(rows), vectors[rows])
    assert read.read is not None
    for probe in vectors[FACES : FACES + 50]:
        for one, other in zip(nearest(mapped, probe, 10, 0.9), nearest(read, probe, 10, 0.9), strict=True):
            np.testing.assert_array_equal(one, other)
