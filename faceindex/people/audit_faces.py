"""Which faces are probably not the person's whose name they have, and whom they fit better; over arrays.

How probable it is that a name is wrong follows from how many names are (WRONG), from the mean square distance between
the face and the person's others, and from that between it and everybody else: it may be any of them, or somebody
without a name. Faces that fit each other, and not the others, are judged as one: the person looks like two. Where
strangers crowd around a face, as around children's, what others' distances say is judged as in
`faceindex.people.crowded_groups`. `scripts/bench audit` compares what is found with names that were made wrong.

A person's photos as a child and as an adult resemble each other little. So what speaks against one person counts less
between photos FAR apart in time: distances are divided by GROWTH, and then by AGED what they say. Of child and adult
photos of one person in LAG (a to m), recipe `sface-dlib`, those with -4, -7 and -9 nats then are as rare among people's
own as -1.2, -3 and -5 would be, on both halves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from faceindex.judgement.calibration import Calibration
from faceindex.people.audit_fragments import fragments
from faceindex.people.audit_sets import (
    Flags,
    Floats,
    Rows,
    Sets,
    evidence,
    near_sets,
    nearest_sets,
    singles,
    some_sets_of,
    square_of,
    squares_between,
    squares_to_others,
)
from faceindex.people.likelihood import GROWTH
from faceindex.search.growing_up import FAR
from faceindex.types import Labels, Vectors

WRONG = 0.02
"""Share of names that are expected to be wrong; half of them of people with a name."""

SURE = 8.0
"""Nats that a face fits its person, from which on nobody asks whom it fits better; less in a large library, where that
takes as much as few faces have."""

AGED = 2.0
"""By what evidence against one person is divided between photos far apart in time."""

_DOUBTFUL = 2.0  # nats below which a person's faces are taken apart
_ODDS = float(np.log(WRONG / (1 - WRONG)) + np.log(0.5))


@dataclass(frozen=True, slots=True)
class Doubt:
    """Faces that may not be their person's.

    person: its number. rows: the faces, rest: those that they do not fit, int64 [k], places among all faces. log_odds:
    that they are not; unnamed: the same if they can be nobody's who has a name. other: the person whom they fit better,
    -1 for nobody. square, other_square: mean square distances to `rest` and to that person's faces. even: `rest` has as
    many faces, and may be wrong instead.
    """

    person: int
    rows: Rows
    rest: Rows
    log_odds: float
    unnamed: float
    other: int
    square: float
    other_square: float
    even: bool


def fit(vectors: Vectors, person: Labels, sets: Sets, calibration: Calibration) -> Floats:
    """float64 [n]: the evidence, in nats, that each face is its person's; infinite where the person has no other.

    sets: of the faces of each person.
    """
    squares = squares_to_others(vectors, person, sets)
    return np.where(np.isnan(squares), np.inf, evidence(np.nan_to_num(squares), calibration))


def doubts(
    vectors: Vectors,
    person: Labels,
    sets: Sets,
    own: Floats,
    calibration: Calibration,
    *,
    years: Floats | None = None,
    least: float = 0.0,
    every: Flags | None = None,
) -> list[Doubt]:
    """Faces that are not their person's with log odds of `least` at least.

    vectors: float32 [n, d]. person: int64 [n], 0, 1, ..., each of whom has a face. sets: of the faces of each person.
    own: float64 [n], see `fit`. years: float64 [n], when photos were taken, NaN for unknown; default all. every: bool
    [n], faces that are judged each by itself, however well they fit, and no others.
    """
    asked = own < _DOUBTFUL if every is None else every & np.isfinite(own)
    changed, part = _parts(vectors, person, own, asked, square_of(0.0, calibration))
    core = sets.replaced(changed, some_sets_of(vectors, np.where(part == 0, person, -1), changed))
    if every is None:
        group, whose = _numbered(person, part)
        sure = min(SURE, _nearest_evidence(calibration) - _needed(len(sets.size), least))
        single = np.flatnonzero((part == 0) & (own < sure) & (core.size[person] > 1))
        single = _worth_judging(vectors, person, core, own, single, calibration, least)
    else:
        group, whose = np.full(len(person), -1, dtype=np.int64), np.empty(0, dtype=np.int64)
        single = np.flatnonzero(asked)
    far = _are_far(np.full(len(person), np.nan) if years is None else years, person, part, group, whose, single)
    judged = _judged(vectors, person, part, core, group, whose, single, far, calibration)
    likely = np.flatnonzero(judged.log_odds >= least)
    members = dict(zip(people := np.unique(judged.whose[likely]).tolist(), _members(person, people), strict=True))
    return [judged.doubt(place, members, part, group) for place in likely.tolist()]


def _needed(people: int, least: float) -> float:
    """By how many nats a face must fit another one of so many people better than its own."""
    return least - _ODDS + float(np.log(max(people, 1)))


def _nearest_evidence(calibration: Calibration) -> float:
    """Nats that a tenth of the pairs of faces of one person have."""
    low, high = 0.0, calibration.same_mean
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if calibration.true_match_rate(np.sqrt(middle)) < 0.1 else (low, middle)
    return float(calibration.log_likelihood_ratio(np.sqrt(high)))


def _worth_judging(
    vectors: Vectors, person: Labels, core: Sets, own: Floats, single: Rows, calibration: Calibration, least: float
) -> Rows:
    """Those of the rows `single` that do not fit their person, or are as near to somebody else as it takes for those
    that fit the least."""
    fits = own[single] >= 0
    some = single[fits]
    wanted = _needed(len(core.size), least)
    known = np.flatnonzero(core.size)
    one, other, _ = near_sets(singles(vectors[some]), core.chosen(known), square_of(wanted, calibration))
    near = np.unique(one[person[some][one] != known[other]])
    return np.sort(np.concatenate([single[~fits], some[near]]))


def _are_far(years: Floats, person: Labels, part: Labels, group: Labels, whose: Labels, single: Rows) -> Flags:
    """bool: of fragments, and after them of the rows `single`, whether their photos are FAR from the core's, on
    average."""
    core = _mean_years(years, np.where(part == 0, person, -1), int(person.max(initial=-1)) + 1)
    own = np.concatenate([_mean_years(years, group, len(whose)), years[single]])
    far: Flags = np.abs(own - core[np.concatenate([whose, person[single]])]) >= FAR
    return far


def _mean_years(years: Floats, number: Labels, count: int) -> Floats:
    dated = np.flatnonzero((number >= 0) & ~np.isnan(years))
    photos = np.bincount(number[dated], minlength=count)
    with np.errstate(invalid="ignore"):
        return np.bincount(number[dated], years[dated], minlength=count) / np.where(photos, photos, np.nan)


def _parts(vectors: Vectors, person: Labels, own: Floats, asked: Flags, square: float) -> tuple[Labels, Labels]:
    """The people of whom a face is asked about, rising; and int64 [n]: the fragment of each face among its person's, 0
    also for other people."""
    part, people = np.zeros(len(person), dtype=np.int64), np.unique(person[asked])
    for rows in _members(person, people):
        part[rows] = fragments(vectors[rows], own[rows], square)
    return people, part


def _members(person: Labels, chosen: Labels | Sequence[int]) -> Iterator[Rows]:
    """The rows of each of these people."""
    order = np.argsort(person, kind="stable")
    rising = person[order]
    for begin, end in zip(np.searchsorted(rising, chosen), np.searchsorted(rising, chosen, "right"), strict=True):
        yield order[begin:end]


def _numbered(person: Labels, part: Labels) -> tuple[Labels, Labels]:
    """int64 [n]: a number for each fragment beside a core, -1 in cores; and whose each of them is, int64 [f]."""
    group = np.full(len(person), -1, dtype=np.int64)
    beside = np.flatnonzero(part > 0)
    pairs, group[beside] = np.unique(np.column_stack([person[beside], part[beside]]), axis=0, return_inverse=True)
    return group, pairs[:, 0]


@dataclass(frozen=True, slots=True)
class _Judged:
    """Fragments, and after them single faces. whose: int64 [k]. single: int64, rows of these. The rest: as of `Doubt`.
    swapped: bool [k], of a fragment: the core does not fit, instead."""

    whose: Labels
    single: Rows
    log_odds: Floats
    unnamed: Floats
    other: Labels
    square: Floats
    other_square: Floats
    even: Flags
    swapped: Flags

    def doubt(self, place: int, members: Mapping[int, Rows], part: Labels, group: Labels) -> Doubt:
        """The one at this place. members: rows by person. part, group: int64 [n], of each face."""
        number, beside = int(self.whose[place]), len(self.whose) - len(self.single)
        own = members[number]
        rest = own[part[own] == 0]
        if place < beside:
            rows = own[group[own] == place]
        else:
            rows = self.single[place - beside : place - beside + 1]
            rest = rest[rest != rows[0]]
        if self.swapped[place]:
            rows, rest = rest, rows
        return Doubt(
            *(number, rows, rest, float(self.log_odds[place]), float(self.unnamed[place]), int(self.other[place])),
            *(float(self.square[place]), float(self.other_square[place]), bool(self.even[place])),
        )


def _judged(
    vectors: Vectors,
    person: Labels,
    part: Labels,
    core: Sets,
    group: Labels,
    whose: Labels,
    single: Rows,
    far: Flags,
    calibration: Calibration,
) -> _Judged:
    """The fragments `group`, int64 [n], of the people `whose`, and the faces in the rows `single`, beside the cores.

    far: which of these are far apart from the cores in time.
    """
    whole = core.chosen(person[single])
    inside = np.flatnonzero(part[single] == 0)
    less = whole.replaced(inside, core.without(person[single[inside]], vectors[single[inside]]))
    beside = some_sets_of(vectors, group, np.arange(len(whose)))
    even = np.concatenate([beside.size == core.size[whose], np.zeros(len(single), dtype=np.bool_)])
    some, rest = _joined(beside, singles(vectors[single])), _joined(core.chosen(whose), less)
    whose = np.concatenate([whose, person[single]])
    other, other_square, judged = nearest_sets(some, whose, core, calibration)
    swapped = np.zeros(len(whose), dtype=np.bool_)
    if len(ties := np.flatnonzero(even)):
        theirs = nearest_sets(rest.chosen(ties), whose[ties], core, calibration)
        swapped[ties] = theirs[2] < judged[ties]
        for array, value in zip((other, other_square, judged), theirs, strict=True):
            array[ties] = np.where(swapped[ties], value, array[ties])
    square = squares_between(some, rest)
    said = np.where(other < 0, -np.inf, evidence(np.nan_to_num(judged, posinf=0.0), calibration))
    said -= np.log(max(int((core.size > 0).sum()), 1))
    grown = evidence(square / GROWTH**2, calibration)
    aged = np.where(grown < 0, grown / AGED, grown)
    unnamed = _ODDS - np.where(far, aged, evidence(square, calibration))
    log_odds = unnamed + np.logaddexp(0.0, said)
    return _Judged(
        *(whose, single, log_odds, unnamed, np.where(said > 0, other, -1), square, other_square, even, swapped)
    )


def _joined(ones: Sets, others: Sets) -> Sets:
    return Sets(
        np.concatenate([ones.size, others.size]),
        np.concatenate([ones.centre, others.centre]),
        np.concatenate([ones.spread, others.spread]),
    )
