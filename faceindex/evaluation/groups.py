"""False and true matches by group of people, at one threshold for all.

What one threshold does to groups is the differential performance of ISO/IEC 19795-10 and of NIST's FRVT part 3
(Grother, Ngan and Hanaoka 2019, NISTIR 8280): people of a group are taken for each other more often than others are, or
known again less often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from faceindex.evaluation.distances import above_diagonal, block_distances, pair_blocks
from faceindex.evaluation.dyads import Integers, Sides
from faceindex.evaluation.intervals import Numbers, Rate, clustered_rate
from faceindex.types import Vectors

NONE = -1
"""The group or family of whom the file says nothing."""


@dataclass(frozen=True, slots=True)
class GroupRates:
    """Pairs of faces within one group (`other` is None), or of one group and another.

    people, faces: compared. false_matches: of pairs of two people. true_matches: of pairs of one person.
    relatives: of pairs of two people of one family, which are among those of two people.
    """

    group: str
    other: str | None
    people: int
    faces: int
    false_matches: Rate
    true_matches: Rate
    relatives: Rate


@dataclass(frozen=True, slots=True)
class Groups:
    """threshold: Euclidean, the same for all. within: a row for each group that
    has a face, in the order of names. across: for each two of these."""

    threshold: float
    within: tuple[GroupRates, ...]
    across: tuple[GroupRates, ...]

    @property
    def false_match_ratio(self) -> float | None:
        """The highest false match rate of a group by the lowest; None when that is 0, or there is one group."""
        return _ratio([row.false_matches.rate for row in self.within])

    @property
    def false_non_match_ratio(self) -> float | None:
        """The highest share of true pairs that do not match, by the lowest; None as `false_match_ratio`."""
        rates = [row.true_matches.rate for row in self.within]
        return _ratio([None if rate is None else 1 - rate for rate in rates])


def measure_groups(
    vectors: Vectors, people: Integers, groups: Integers, names: Sequence[str], families: Integers, threshold: float
) -> Groups:
    """Every pair of faces compared.

    vectors: float32 [n, d]. people: int64 [n]. groups: int64 [n], places in `names`; NONE leaves a face out. families:
    int64 [people], NONE for who has none. threshold: Euclidean; a pair up to it matches.
    """
    known = groups != NONE
    vectors, people, groups = vectors[known], people[known], groups[known]
    faces = np.zeros((len(names), len(families)))
    np.add.at(faces, (groups, people), 1)
    matches = _matches(vectors, groups * len(families) + people, threshold)

    def rates(group: int, other: int) -> GroupRates:
        return _rates(matches, faces, families, (group, other), names)

    seen = [group for group in range(len(names)) if faces[group].any()]
    return Groups(
        threshold=threshold,
        within=tuple(rates(group, group) for group in seen),
        across=tuple(rates(*two) for two in combinations(seen, 2)),
    )


@dataclass(frozen=True, slots=True)
class _Matches:
    """Matching pairs, counted by whose they are: int64 [m] each. first <= second: group * people + person."""

    first: Integers
    second: Integers
    count: Integers


def _matches(vectors: Vectors, units: Integers, threshold: float) -> _Matches:
    """units: int64 [n], of each face. In blocks, so that only counts are kept."""
    span = int(units.max(initial=0)) + 1
    codes, counts = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for rows, columns in pair_blocks(len(vectors)):
        near = (block_distances(vectors[rows], vectors[columns]) <= threshold) & above_diagonal(rows, columns)
        a, b = np.nonzero(near)
        a, b = units[rows][a], units[columns][b]
        code, count = np.unique(np.minimum(a, b) * span + np.maximum(a, b), return_counts=True)
        codes.append(code)
        counts.append(count)
    code, place = np.unique(np.concatenate(codes), return_inverse=True)
    count = np.bincount(place, np.concatenate(counts), len(code)).astype(np.int64)
    return _Matches(code // span, code % span, count)


def _rates(
    matches: _Matches, faces: Numbers, families: Integers, two: tuple[int, int], names: Sequence[str]
) -> GroupRates:
    group, other = two
    people = faces.shape[1]
    wanted = (matches.first // people == group) & (matches.second // people == other)
    a, b, count = matches.first[wanted] % people, matches.second[wanted] % people, matches.count[wanted]
    sides = Sides(faces[group], None if group == other else faces[other])
    own = a == b
    strangers = _each_once(a[~own], b[~own], count[~own], people)
    return GroupRates(
        group=names[group],
        other=None if group == other else names[other],
        people=sides.people,
        faces=int(sides.faces.sum()),
        false_matches=sides.rate(*strangers),
        true_matches=clustered_rate(np.bincount(a[own], count[own], people), sides.own_pairs),
        relatives=_relatives(strangers, sides, families),
    )


def _each_once(a: Integers, b: Integers, count: Integers, people: int) -> tuple[Integers, Integers, Integers]:
    """Of two groups a pair of people may be there both ways: summed, the lower number first."""
    code, place = np.unique(np.minimum(a, b) * people + np.maximum(a, b), return_inverse=True)
    return code // people, code % people, np.bincount(place, count, len(code)).astype(np.int64)


def _relatives(strangers: tuple[Integers, Integers, Integers], sides: Sides, families: Integers) -> Rate:
    """Each family varies by itself."""
    number = int(families.max(initial=NONE)) + 1
    if not number:
        return clustered_rate(np.zeros(0), np.zeros(0))
    a, b, count = strangers
    within = (families[a] == families[b]) & (families[a] != NONE)
    found = np.bincount(families[a[within]], count[within], number)
    member = families != NONE
    other = sides.first if sides.second is None else sides.second
    first, second, both = (
        np.bincount(families[member], each[member], number) for each in (sides.first, other, sides.first * other)
    )
    return clustered_rate(found, (first * second - both) / (2 if sides.second is None else 1))


def _ratio(rates: Sequence[float | None]) -> float | None:
    known = [rate for rate in rates if rate is not None]
    return max(known) / min(known) if len(known) > 1 and min(known) > 0 else None
