"""The graph computed as blocks, rows by shards of lists, is the graph that is computed in one place, bit by bit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pytest
from drawn_faces import drawn_faces

from faceindex.clustering import neighbours
from faceindex.clustering.blocks import MOST, Asking, Floats, Keys, Lists, Looks, found_in, looks_of
from faceindex.clustering.graph import NeighbourGraph, Nodes
from faceindex.clustering.neighbours import neighbour_graph
from faceindex.types import Vectors


class Backwards:
    """Computes blocks in this process, the last first."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.blocks = list[tuple[int, int]]()

    def looks(self, blocks: Iterable[Floats], centroids: Floats, spread: float) -> Iterator[tuple[Looks, Nodes]]:
        return (looks_of(block.copy(), centroids, spread) for block in blocks)

    def found(
        self, shards: Sequence[Lists], asking: Iterable[tuple[int, int, Asking]], threshold: float
    ) -> Iterator[tuple[int, Nodes, Keys]]:
        for part, shard, rows in reversed(list(asking)):
            self.blocks.append((part, shard))
            yield part, rows.rows, found_in(rows, shards[shard], threshold)


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Graphs are made by lists from a hundred faces on."""
    monkeypatch.setattr(neighbours, "COMPLETE", 100)
    monkeypatch.setattr(neighbours, "_PART_ELSEWHERE", 2)


def alike(count: int) -> Vectors:
    """All within the threshold, many of them the same."""
    vectors = np.random.default_rng(0).normal(size=(count, 16)).astype(np.float32) * 0.05
    vectors[::3] = vectors[1]
    return vectors


def assert_same(graph: NeighbourGraph, expected: NeighbourGraph) -> None:
    for name in ("start", "neighbour", "distance"):
        assert np.array_equal(getattr(graph, name), getattr(expected, name)), name


@pytest.mark.parametrize("count", [1, 3, 7])
def test_blocks_give_the_same_graph(count: int) -> None:
    vectors, elsewhere = drawn_faces(5000), Backwards(count)
    assert_same(neighbour_graph(vectors, 0.9, elsewhere=elsewhere), neighbour_graph(vectors, 0.9))
    assert {shard for _, shard in elsewhere.blocks} == set(range(count))
    assert len({part for part, _ in elsewhere.blocks}) == 3


def test_of_many_equals_the_same_are_kept() -> None:
    vectors = alike(700)
    graph = neighbour_graph(vectors, 5.0, elsewhere=Backwards(4))
    assert_same(graph, neighbour_graph(vectors, 5.0))
    assert np.diff(graph.start).max() > MOST


def test_no_edges_and_more_shards_than_lists_are_no_special_cases() -> None:
    vectors = drawn_faces(130)
    for threshold in (0.0, 0.9):
        assert_same(neighbour_graph(vectors, threshold, elsewhere=Backwards(200)), neighbour_graph(vectors, threshold))
