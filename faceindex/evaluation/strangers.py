"""Strangers: pairs of people's faces, weighted so that each person counts alike, and how many are taken for another."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.evaluation.distances import COLUMNS, ROWS, above_diagonal, block_distances, pair_blocks
from faceindex.faces.recipe import Recipe
from faceindex.judgement.calibration import Calibration
from faceindex.judgement.company import NEAR, company_among
from faceindex.types import Vectors
from faceindex.vectors.nearest import Distances, FaceIndex, Found, nearest, nearest_of_each

Numbers = npt.NDArray[np.floating]
People = npt.NDArray[np.int64]
Factors = npt.NDArray[np.float64]
PersonPair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class NamedPairs:
    """Distances of all pairs: float32 [n] of one person (same) and [m] of two (different), Euclidean, and weights.

    The pairs of each person weigh 1 together, and so do those of any two people: nobody decides alone by having been
    photographed often.
    """

    same: Numbers
    same_weights: Numbers
    different: Numbers
    different_weights: Numbers


@dataclass(frozen=True, slots=True)
class Fpir:
    """False identifications of queries, asked and measured.

    asked: expected number of strangers within the threshold of a query among `faces` strangers. threshold: in usual
    company. measured: mean over queries. error: its standard error, see `error_over_people`. queries: share of
    them that find a stranger at all. without_suspects: measured, without pairs of people who may be one person
    under two names. found: strangers in all, over all queries. for_usual: measured with `threshold` for each.
    """

    asked: float
    faces: int
    threshold: float
    measured: float
    error: float
    queries: float
    without_suspects: float
    found: int
    for_usual: float


def named_pairs(vectors: Vectors, people: People) -> NamedPairs:
    """All pairs of `vectors`, float32 [n, d], of `people`, int64 [n]: 8 bytes a pair."""
    sizes = np.bincount(people)[people].astype(np.float32)
    same, same_weights, different, different_weights = [], [], [], []
    for rows, columns in pair_blocks(len(vectors)):
        distances = block_distances(vectors[rows], vectors[columns])
        wanted = above_diagonal(rows, columns)
        one = people[rows, None] == people[None, columns]
        weights = 1 / (sizes[rows, None] * sizes[None, columns])
        same.append(distances[wanted & one])
        many = sizes[rows, None] * np.maximum(sizes[None, columns] - 1, 1) / 2
        same_weights.append((1 / many)[wanted & one])
        different.append(distances[wanted & ~one])
        different_weights.append(weights[wanted & ~one])
    return NamedPairs(*(np.concatenate(each) for each in (same, same_weights, different, different_weights)))


def strangers_within(
    probes: Vectors, probe_people: People, gallery: Vectors, gallery_people: People, threshold: float
) -> npt.NDArray[np.int64]:
    """int64 [m, 2]: (probe, face of the gallery) for every face of another person within `threshold` of a probe.

    By ab - (|a|^2 + |b|^2) / 2 >= -threshold^2 / 2, all in one product: a billion pairs are tens of seconds.
    """
    found = [np.empty((0, 2), dtype=np.int64)]
    left, right = _with_norms(probes, norms_last=True), _with_norms(gallery, norms_last=False)
    for row in range(0, len(probes), ROWS):
        for column in range(0, len(gallery), COLUMNS):
            near = left[row : row + ROWS] @ right[column : column + COLUMNS].T >= np.float32(-threshold * threshold / 2)
            places = np.argwhere(near) + np.array([row, column])
            found.append(places[probe_people[places[:, 0]] != gallery_people[places[:, 1]]])
    return np.concatenate(found)


def measure_fpir(
    vectors: Vectors,
    people: People,
    calibration: Calibration,
    asked: float,
    suspects: Collection[PersonPair] = (),
    factors: Factors | None = None,
) -> Fpir:
    """Every face looked for among all others. suspects: pairs of people, the lower number first. factors: of the
    company of each face, see `company_factors`, float64 [n]; by default each has usual company."""
    threshold = calibration.threshold(asked, len(vectors) - 1)
    pairs, usual = strangers_within(vectors, people, vectors, people, threshold), None
    if factors is not None:
        usual = len(pairs) / len(vectors)
        pairs = strangers_within(vectors, people, vectors, people, threshold * float(factors.max()))
        apart = np.linalg.norm(vectors[pairs[:, 0]].astype(np.float64) - vectors[pairs[:, 1]], axis=1)
        pairs = pairs[apart <= threshold * factors[pairs[:, 0]]]
    trusted = np.array([_ordered(people[a], people[b]) not in suspects for a, b in pairs], dtype=bool)
    return Fpir(
        asked=asked,
        faces=len(vectors) - 1,
        threshold=threshold,
        measured=len(pairs) / len(vectors),
        error=error_over_people(pairs, people),
        queries=len(np.unique(pairs[:, 0])) / len(vectors),
        without_suspects=int(trusted.sum()) / len(vectors),
        found=len(pairs),
        for_usual=len(pairs) / len(vectors) if usual is None else usual,
    )


def company_factors(vectors: Vectors, calibration: Calibration, recipe: Recipe) -> Factors:
    """By what a search multiplies the threshold of each face, looked for among all others: float64 [n]."""
    index = FaceIndex(np.arange(len(vectors)), vectors)
    first = nearest_of_each(index, vectors, NEAR + 1, np.inf)
    return np.array([_factor(index, row, found, calibration, recipe) for row, found in enumerate(first)])


def _factor(index: FaceIndex, row: int, first: Found, calibration: Calibration, recipe: Recipe) -> float:
    def near(wanted: int) -> tuple[Distances, Vectors]:
        probe = index.vectors[row]
        ids, distances = first if wanted == NEAR else nearest(index, probe, wanted + 1, np.inf)
        others = ids != row
        return distances[others], index.vectors[ids[others]]

    return company_among(near, len(index.ids) - 1, calibration, recipe).factor


def error_over_people(found: npt.NDArray[np.int64], people: People) -> float:
    """Standard error of the mean number of strangers that a query finds, had other people been photographed.

    found: int64 [m, 2], queries and the strangers they find, each pair of faces both ways. people: int64 [n], of all
    faces, each of which is a query. Pairs that share a person do not vary independently: a few people whom many are
    taken for bring most of the error. So the variance is that of dyads, summed over pairs of pairs that share a person
    (Aronow, Samii and Assenova 2015, "Cluster-robust variance estimation for dyadic data").
    """
    sizes = np.bincount(people).astype(np.float64)
    count, squares = sizes.sum(), np.square(sizes).sum()
    dyads, each = np.unique(np.sort(people[found], axis=1), axis=0, return_counts=True)
    a, b, near = dyads[:, 0], dyads[:, 1], each / 2
    rate = near.sum() / ((count * count - squares) / 2)
    own = np.bincount(a, near, len(sizes)) + np.bincount(b, near, len(sizes)) - rate * sizes * (count - sizes)
    alone = np.square(near).sum() - 2 * rate * (near * sizes[a] * sizes[b]).sum()
    alone += rate * rate * (squares * squares - np.power(sizes, 4).sum()) / 2
    return float(2 * np.sqrt(max(np.square(own).sum() - alone, alone)) / count)


def suspects(vectors: Vectors, people: People, calibration: Calibration, expected: float) -> dict[PersonPair, float]:
    """Two people who may be one under two names, and the distance of their nearest faces, nearest first.

    They are as near as, of all pairs of people, fewer than `expected` should be.
    """
    count = len(np.unique(people))
    limit = calibration.threshold(expected, count * (count - 1) // 2)
    nearest: dict[PersonPair, float] = {}
    for a, b in strangers_within(vectors, people, vectors, people, limit):
        pair = _ordered(people[a], people[b])
        away = float(np.linalg.norm(vectors[a].astype(np.float64) - vectors[b]))
        nearest[pair] = min(away, nearest.get(pair, away))
    return dict(sorted(nearest.items(), key=lambda item: item[1]))


def _with_norms(vectors: Vectors, *, norms_last: bool) -> Vectors:
    """float32 [n, d + 2]: the product of two such, one of each order, is ab - (|a|^2 + |b|^2) / 2."""
    norms = -np.einsum("ij,ij->i", vectors, vectors)[:, None] / 2
    ones = np.ones_like(norms)
    extended: Vectors = np.hstack([vectors, ones, norms] if norms_last else [vectors, norms, ones])
    return extended.astype(np.float32)


def _ordered(a: np.int64, b: np.int64) -> PersonPair:
    return (int(min(a, b)), int(max(a, b)))
