"""Shards of an index answer as the one index does: the same faces at the same distances, in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from drawn_faces import drawn_faces

from faceindex.types import FaceIds, Vectors
from faceindex.vectors import faiss_file
from faceindex.vectors.building import blocks_of, learned
from faceindex.vectors.nearest import FaceIndex, Found, nearest_of_each
from faceindex.vectors.shards import Codes, Scattered, Shard, starts_of

COUNT = 6000


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    """Some faces are there five times, so that there are ties."""
    found = drawn_faces(COUNT)
    found[np.arange(0, COUNT, 50)[1:] - 7] = found[0]
    found[1234:1239] = found[4321]
    return found


@pytest.fixture(scope="module", params=["exact", "approximate"])
def whole(request: pytest.FixtureRequest, vectors: Vectors, tmp_path_factory: pytest.TempPathFactory) -> FaceIndex:
    """In a file; ids rise, with gaps."""
    ids = np.arange(COUNT, dtype=np.int64) * 3 + 2**33
    path = tmp_path_factory.mktemp("whole") / "faces.faiss"
    blocks = blocks_of(ids, vectors)
    approximate = learned(blocks, 0.95) if request.param == "approximate" else None
    with path.open("wb+") as file:
        faiss_file.write(file, blocks, approximate)
    return faiss_file.open_mapped(path, approximate[1].probing if approximate else None)


class InThisProcess:
    """Shards whose files are written and opened; some may be lost."""

    def __init__(self, whole: FaceIndex, count: int, folder: Path) -> None:
        self.starts, self.lost, self.calls = starts_of(len(whole.ids), count), set[int](), 0
        codes = Codes(whole.ivf) if whole.ivf else None
        self.files = [folder / f"{number}.faiss" for number in range(count)]
        for file, start, stop in zip(self.files, self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True):
            rows = slice(start, stop)
            with file.open("wb+") as opened:
                part = codes.of_rows(start, stop) if codes else None
                faiss_file.write_as(opened, blocks_of(whole.ids[rows], whole.vectors[rows]), part, whole)
        self.shards = [Shard(faiss_file.open_mapped(file, whole.probing)) for file in self.files]

    def call(self, method: str, arguments: Mapping[int, Sequence[Any]]) -> dict[int, Any]:
        self.calls += 1
        living = [number for number in arguments if number not in self.lost]
        return {number: getattr(self.shards[number], method)(*arguments[number]) for number in living}


@pytest.fixture(scope="module")
def shards(whole: FaceIndex, tmp_path_factory: pytest.TempPathFactory) -> InThisProcess:
    return InThisProcess(whole, 4, tmp_path_factory.mktemp("shards"))


@pytest.fixture
def scattered(whole: FaceIndex, shards: InThisProcess) -> Iterator[Scattered]:
    yield Scattered(whole, shards.starts, shards)
    shards.lost.clear()


def probes_near(vectors: Vectors) -> Vectors:
    others = drawn_faces(60, seed=3)
    return np.concatenate([others, vectors[[0, 1234, 4321, 17]], vectors[100:110] + np.float32(0.02)])


def same(found: Sequence[Found], expected: Sequence[Found]) -> bool:
    return len(found) == len(expected) and all(
        np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("k", [1, 10, 64, 1001, COUNT, 2 * COUNT])
@pytest.mark.parametrize("threshold", [np.inf, 0.9, 0.0])
def test_the_same_faces_are_found_as_in_one_index(
    whole: FaceIndex, vectors: Vectors, scattered: Scattered, k: int, threshold: float
) -> None:
    probes = probes_near(vectors)[:: 1 if k < 1000 else 12]
    expected = list(nearest_of_each(whole, probes, k, threshold))
    assert sum(len(ids) for ids, _ in expected) > 0
    assert same(list(scattered.nearest_of_each(probes, k, threshold)), expected)
    assert same([next(scattered.nearest_of_each(probe[None], k, threshold)) for probe in probes[:9]], expected[:9])


def test_a_search_calls_every_shard_once(
    whole: FaceIndex, shards: InThisProcess, vectors: Vectors, scattered: Scattered
) -> None:
    shards.calls = 0
    list(scattered.nearest_of_each(probes_near(vectors), 10, np.inf))
    assert shards.calls <= 2  # a second time for a few that a shard by itself did not measure


def test_vectors_come_from_the_shards_that_hold_them(whole: FaceIndex, scattered: Scattered) -> None:
    rows = np.random.default_rng(0).integers(COUNT, size=200)
    assert np.array_equal(scattered.vectors_of(rows), whole.vectors[rows])


@pytest.mark.parametrize("k", [10, 1001])
def test_without_a_lost_shard_the_others_are_found(
    shards: InThisProcess, whole: FaceIndex, vectors: Vectors, scattered: Scattered, k: int
) -> None:
    shards.lost.add(1)
    probes = probes_near(vectors)
    start, stop = whole.ids[shards.starts[1:3]].tolist()
    for found, expected in zip(
        scattered.nearest_of_each(probes, k, np.inf), nearest_of_each(whole, probes, k, np.inf), strict=True
    ):
        ids, distances = found
        assert not np.any((ids >= start) & (ids < stop))
        assert set(expected[0][(expected[0] < start) | (expected[0] >= stop)].tolist()) <= set(ids.tolist())
        assert np.isfinite(distances).all()


def test_faiss_alone_opens_each_shard_and_they_hold_all_faces(shards: InThisProcess, whole: FaceIndex) -> None:
    ids: list[FaceIds] = []
    for file in shards.files:
        index: Any = faiss.read_index(str(file))
        ids.append(faiss.vector_to_array(index.id_map))
        first = np.flatnonzero(whole.ids == ids[-1][0])[0]
        assert index.search(whole.vectors[first : first + 1], 1)[0][0, 0] < 1e-6
    assert np.array_equal(np.concatenate(ids), whole.ids)


def test_more_shards_than_faces_are_as_many_as_faces() -> None:
    assert starts_of(3, 10).tolist() == [0, 1, 2, 3]
    assert starts_of(0, 4).tolist() == [0, 0]
