"""Average linkage: mean distances without looking at pairs, and limits that grow with the faces."""

from __future__ import annotations

import numpy as np
import pytest

from faceindex.clustering.constraints import Constraints, unconstrained
from faceindex.clustering.graph import NeighbourGraph
from faceindex.clustering.linkage import GROWTH, agglomerate, linkage, may_be_one
from faceindex.clustering.neighbours import neighbour_graph
from faceindex.clustering.problem import Problem
from faceindex.clustering.rules import Rules, rules_of, unions_of
from faceindex.types import Labels, Vectors


def linked(points: list[list[float]], threshold: float) -> Labels:
    vectors = np.array(points, dtype=np.float32)
    rules = rules_of(unconstrained(len(vectors)), vectors, 0)
    return linkage(Problem(vectors, neighbour_graph(vectors, threshold), rules, threshold))


def test_the_mean_over_all_pairs_decides() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(5, 8)), random.normal(size=(3, 8)) + 1
    mean = float(np.mean(np.sum((a[:, None] - b[None]) ** 2, axis=2)))
    centres: Vectors = np.array([a.mean(axis=0), b.mean(axis=0)], dtype=np.float32)
    spreads = np.array([np.sum(x.var(axis=0)) for x in (a, b)], dtype=np.float32)
    limit = np.sqrt(mean / (1 + GROWTH * (1 - 2 / 8)))
    sizes = np.array([5, 3])
    assert may_be_one(0, 1, centres, sizes, spreads, 1.001 * limit)
    assert not may_be_one(0, 1, centres, sizes, spreads, 0.999 * limit)


def test_a_chain_of_neighbours_is_not_one_cluster() -> None:
    labels = linked([[0.9 * step] for step in range(20)], 1.0)
    assert np.bincount(labels).max() == 2


def test_two_faces_merge_up_to_the_threshold_and_more_beyond_it() -> None:
    assert len(set(linked([[0.0], [1.0]], 1.0).tolist())) == 1
    assert len(set(linked([[0.0], [1.01]], 1.0).tolist())) == 2
    assert len(set(linked([[0.0], [0.1], [1.1], [1.0]], 1.0).tolist())) == 1  # 1.005 in the mean of squares


@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_every_cluster_holds_neighbours_only_and_is_named_after_its_first(threshold: float) -> None:
    random = np.random.default_rng(1)
    points = random.uniform(0, 4, size=(60, 2)).tolist()
    labels = linked(points, threshold)
    assert all(labels[label] == label and label <= row for row, label in enumerate(labels.tolist()))


def nearest_pairs_again_and_again(vectors: Vectors, graph: NeighbourGraph, rules: Rules, limit: float) -> Labels:
    """Average linkage where every round looks at the edges of all clusters, of float64 means."""
    faces = {row: [row] for row in range(len(vectors))}
    edges: set[tuple[int, int]] = set(zip(*(ends.tolist() for ends in graph.pairs()), strict=True))
    unions = unions_of(rules)

    def cost(pair: tuple[int, int]) -> tuple[float, float]:
        one, other = (vectors[faces[end]].astype(np.float64) for end in pair)
        mean = float(np.mean(np.square(one[:, None] - other).sum(axis=2)))
        return mean / (1 + GROWTH * (1 - 2 / (len(one) + len(other)))), mean

    def allowed(pair: tuple[int, int]) -> bool:
        return bool(unions.may_unite(*(unions.of(rules.group[[end]]) for end in pair))[0])

    while True:
        edges = set(filter(allowed, edges))
        costs = {pair: cost(pair) for pair in edges}
        edges = {pair for pair in edges if costs[pair][1] <= limit**2 * (1 + GROWTH)}
        near = sorted((costs[pair][0], pair) for pair in edges if costs[pair][0] <= limit**2)
        nearest: dict[int, tuple[int, int]] = {}
        for _, pair in near:
            for end in pair:
                nearest.setdefault(end, pair)
        chosen = [pair for _, pair in near if nearest[pair[0]] == nearest[pair[1]] == pair]
        if not chosen:
            return unions.of(rules.group)
        into = {row: row for row in faces}
        for (left, right), merged in zip(chosen, unions.unite(*rules.group[np.array(chosen).T]).tolist(), strict=True):
            edges.discard((left, right))
            if merged:
                into[right] = left
                faces[left] += faces.pop(right)
        moved = {(into[one], into[other]) for one, other in edges}
        edges = {(min(pair), max(pair)) for pair in moved if pair[0] != pair[1]}


@pytest.mark.parametrize("seed", range(6))
def test_looking_only_where_something_merged_finds_what_looking_everywhere_does(seed: int) -> None:
    random = np.random.default_rng(seed)
    vectors = (random.normal(size=(12, 8))[random.integers(0, 12, 150)] + random.normal(size=(150, 8))).astype(
        np.float32
    )
    graph, nothing = neighbour_graph(vectors, 3.0), unconstrained(150)
    links = random.integers(0, 150, (60, 2)) if seed % 2 else nothing.cannot_link
    rules = rules_of(Constraints(nothing.person, nothing.must_link, links, random.integers(0, 300, 150)), vectors, 0.0)
    expected = nearest_pairs_again_and_again(vectors, graph, rules, 3.0)
    before = vectors.copy()
    assert len(np.unique(expected)) < 75
    assert np.array_equal(agglomerate(vectors, graph, rules, 3.0), expected)
    assert np.array_equal(agglomerate(vectors, graph, rules, 3.0, threads=2, in_place=True), expected)
    assert np.array_equal(vectors, before)
