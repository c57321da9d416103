"""True accept rates of a set of faces at false accept rates, every face counting alike, also without some people.

Of pairs of two people only the nearest are kept: those that a false accept rate in question can accept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from faceindex.evaluation.distances import above_diagonal, block_distances, pair_blocks
from faceindex.training.losses import Floats, People

Places = npt.NDArray[np.int64]

FEWEST_FALSE = 10
"""False pairs that a false accept rate allows at least; below, its true accept rate is not told."""

_MOST_REPEATS = 100
_SPARE = 10_000  # near pairs for those that go with people who are left out


@dataclass(frozen=True, slots=True)
class NearPairs:
    """people: int64 [n], of each face. parts: int64 [n]: only faces of one part are paired. own: distances of pairs of
    one person, each both ways, and owner: face of each. near: distances of the nearest pairs of two people, rising;
    first, second: these people. reach: largest false accept rate that they hold, for any part of the people."""

    people: People
    parts: People
    own: Floats
    owner: Places
    near: Floats
    first: People
    second: People
    reach: float

    def up_to(self, reach: float) -> NearPairs:
        """The same with fewer near pairs, which are sorted through in less time."""
        wanted = _wanted(reach, self.people, self.parts)
        return replace(
            self, near=self.near[:wanted], first=self.first[:wanted], second=self.second[:wanted], reach=reach
        )

    def rate(self, far: float, without: npt.NDArray[np.bool_] | None = None) -> float:
        """The mean, over faces with another one of their person, of the share of these that are near enough.

        far: at most `reach`. without: bool [highest person + 1], who is left out.
        """
        mates = np.bincount(self.owner, minlength=len(self.people))
        near = np.bincount(self.owner[self.own <= self.threshold(far, without)], minlength=len(self.people))
        counted = mates > 0 if without is None else (mates > 0) & ~without[self.people]
        return float(np.mean(near[counted] / mates[counted])) if counted.any() else 0.0

    def threshold(self, far: float, without: npt.NDArray[np.bool_] | None = None) -> float:
        """The distance of the last false pair that `far` allows."""
        if without is None:
            near, pairs = self.near, pairs_of_two(self.people, self.parts)
        else:
            near = self.near[~without[self.first] & ~without[self.second]]
            left = ~without[self.people]
            pairs = pairs_of_two(self.people[left], self.parts[left])
        allowed = int(far * pairs * (1 + 1e-12))
        return float(near[min(allowed, len(near)) - 1]) if allowed and len(near) else -1.0


def pairs_of_two(people: People, parts: People | None = None) -> int:
    """Pairs of faces of two people, of one part each. A person is in one part."""
    faces = np.array([len(people)]) if parts is None else np.bincount(parts)
    return int(np.square(faces).sum() - np.square(np.bincount(people)).sum()) // 2


def near_pairs(
    vectors: npt.NDArray[np.floating], people: People, reach: float, parts: People | None = None
) -> NearPairs:
    """Of vectors, float [n, d], of people, int64 [n]. parts, reach: see NearPairs; all faces are one part if None."""
    parts = np.zeros_like(people) if parts is None else parts
    wanted = _wanted(reach, people, parts)
    rows32 = np.ascontiguousarray(vectors, dtype=np.float32)
    own, owner, near = [], [], np.empty((0, 3))
    for rows, columns in pair_blocks(len(vectors)):
        distances = block_distances(rows32[rows], rows32[columns])
        pairs = above_diagonal(rows, columns) & (parts[rows, None] == parts[None, columns])
        one = people[rows, None] == people[None, columns]
        a, b = np.nonzero(pairs & one)
        own += [distances[a, b]] * 2
        owner += [a + rows.start, b + columns.start]
        near = _nearest(near, distances, pairs & ~one, people[rows], people[columns], wanted)
    near = near[np.argsort(near[:, 0], kind="stable")]
    first, second = near[:, 1:].astype(np.int64).T
    distances_of_one = np.concatenate(own, dtype=np.float64)
    return NearPairs(people, parts, distances_of_one, np.concatenate(owner), near[:, 0], first, second, reach)


def _wanted(reach: float, people: People, parts: People) -> int:
    return int(2 * reach * pairs_of_two(people, parts)) + _SPARE


def _nearest(
    near: Floats, distances: npt.NDArray[np.float32], wanted: npt.NDArray[np.bool_], a: People, b: People, most: int
) -> Floats:
    """float64 [at most `most`, 3]: distance and people of the nearest pairs known so far and of a block."""
    limit = near[:, 0].max() if len(near) >= most else np.inf
    rows, columns = np.nonzero(wanted & (distances <= limit))
    both = np.concatenate([near, np.stack([distances[rows, columns], a[rows], b[columns]], axis=1)])
    return both if len(both) <= most else both[np.argpartition(both[:, 0], most - 1)[:most]]


def shown(rates: Sequence[float], people: People, parts: People | None = None) -> tuple[float, ...]:
    """Those of the false accept rates that allow FEWEST_FALSE pairs of these faces."""
    pairs = pairs_of_two(people, parts)
    return tuple(rate for rate in rates if rate * pairs >= FEWEST_FALSE)


def groups_left_out(people: People) -> list[npt.NDArray[np.bool_]]:
    """For a jackknife over people: each of at most 100 groups of them, as `without` of `rate`."""
    numbers = np.unique(people)
    group = np.arange(len(numbers)) % min(len(numbers), _MOST_REPEATS)
    masks: list[npt.NDArray[np.bool_]] = []
    for number in range(group.max(initial=-1) + 1):
        mask = np.zeros(int(numbers.max(initial=-1)) + 1, dtype=np.bool_)
        mask[numbers[group == number]] = True
        masks.append(mask)
    return masks


def jackknife_error(values: Sequence[float]) -> float:
    """Standard error of a figure, from its values without each group in turn (Tukey 1958)."""
    each = np.asarray(values)
    return float(np.sqrt((len(each) - 1) / len(each) * np.square(each - each.mean()).sum())) if len(each) > 1 else 0.0
