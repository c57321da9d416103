"""Error versus reject: what is gained by refusing the faces of worst quality.

Grother and Tabassi 2007, "Performance of Biometric Quality Measures": a quality measure is good when the pairs that
are wrongly refused at a fixed threshold are those of the faces it would reject first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.evaluation.distances import above_diagonal, block_distances, pair_blocks
from faceindex.types import Vectors

MOST_REJECTED = 0.5

Rates = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ErrorVersusReject:
    """What is left when faces are rejected.

    threshold: Euclidean. rejected: float64 [m], rising, share of faces. false_non_matches: int64 [m], same-person
    pairs left that are further apart than the threshold. pairs: int64 [m], all same-person pairs left.
    """

    threshold: float
    rejected: Rates
    false_non_matches: Counts
    pairs: Counts

    @property
    def false_non_match_rate(self) -> Rates:
        """float64 [m]; NaN where no pair of one person is left."""
        rates = np.full(len(self.pairs), np.nan)
        np.divide(self.false_non_matches, self.pairs, out=rates, where=self.pairs > 0)
        return rates

    def at(self, share: float) -> Rejected:
        """What is left at the step nearest to `share`, in [0, 1], of the faces rejected."""
        step = int(np.argmin(np.abs(self.rejected - share)))
        wrong, pairs = int(self.false_non_matches[step]), int(self.pairs[step])
        return Rejected(float(self.rejected[step]), pairs, wrong, wrong / pairs if pairs else None)


@dataclass(frozen=True, slots=True)
class Rejected:
    """One step of ErrorVersusReject. rate: false non-matches by pairs; None without a pair."""

    rejected: float
    pairs: int
    false_non_matches: int
    rate: float | None


def error_versus_reject(
    vectors: Vectors,
    people: npt.NDArray[np.int64],
    quality: npt.NDArray[np.floating],
    threshold: float,
    *,
    most: float = MOST_REJECTED,
    steps: int = 50,
) -> ErrorVersusReject:
    """Share of same-person pairs beyond `threshold` when the faces of worst quality are rejected.

    vectors: float32 [n, d]. people: int64 [n]. quality: float [n], higher is better; of equals the first goes first.
    A pair is left while both faces are. most: the largest share of faces rejected, reached in `steps` equal steps.
    """
    rank = np.empty(len(quality), dtype=np.int64)
    rank[np.argsort(quality, kind="stable")] = np.arange(len(quality))
    matches, misses = _by_lower_rank(vectors, people, rank, threshold)
    shares = np.linspace(0, most, steps + 1)
    rejected = np.round(shares * len(quality)).astype(np.int64)
    left, wrong = (np.cumsum(counts[::-1])[::-1] for counts in (matches + misses, misses))
    left, wrong = (np.append(counts, 0)[rejected] for counts in (left, wrong))
    return ErrorVersusReject(threshold, shares, wrong, left)


def _by_lower_rank(
    vectors: Vectors, people: npt.NDArray[np.int64], rank: npt.NDArray[np.int64], threshold: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Same-person pairs within the threshold and beyond, counted by the rank of their worse face: int64 [n] each."""
    matches, misses = np.zeros(len(rank), dtype=np.int64), np.zeros(len(rank), dtype=np.int64)
    order = np.argsort(people, kind="stable")
    for faces in np.split(order, np.nonzero(np.diff(people[order]))[0] + 1):
        for rows, columns in pair_blocks(len(faces)):
            a, b = faces[rows], faces[columns]
            wanted = above_diagonal(rows, columns)
            near = block_distances(vectors[a], vectors[b])[wanted] <= threshold
            worse = np.minimum(rank[a][:, None], rank[b][None, :])[wanted]
            np.add.at(matches, worse[near], 1)
            np.add.at(misses, worse[~near], 1)
    return matches, misses
