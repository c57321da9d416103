"""Which faces are probably not the person's whose name they have, and whom they fit better; over arrays.

How probable it is that a name is wrong follows from how many names are (WRONG), from the mean square distance between
the face and the person's others, and from that between it and everybody else: it may be any of them, or somebody
without a name. Faces that fit each other, and not the others, are judged as one: the person looks like two. Where
strangers crowd around a face, as around children's, what others' distances say is judged as in
`faceindex.people.crowded_groups`. `scripts/bench audit` compares what is found with names that were made wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from faceindex.people.audit_fragments import fragments
from faceindex.people.audit_sets import Flags, Floats, Rows, Sets, evidence, sets_of, square_of, squares_between
from faceindex.search.calibration import Calibration
from faceindex.search.company import SMALLEST, STEEPNESS, crowding, people_among
from faceindex.types import Labels, Vectors
from faceindex.vectors.exact import k_nearest

WRONG = 0.02
"""Share of names that are expected to be wrong; half of them of people with a name."""

SURE = 8.0
"""Nats that a face fits its person, from which on nobody asks whom it fits better."""

_DOUBTFUL = 4.0  # nats below which a person's faces are taken apart
_ODDS = float(np.log(WRONG / (1 - WRONG)))
_HALF = float(np.log(0.5))


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


def doubts(
    vectors: Vectors,
    person: Labels,
    own: Floats,
    calibration: Calibration,
    *,
    least: float = 0.0,
    every: Flags | None = None,
) -> list[Doubt]:
    """Faces that are not their person's with log odds of `least` at least.

    vectors: float32 [n, d]. person: int64 [n], 0, 1, ..., each of whom has a face. own: float64 [n], see `fit`. every:
    bool [n], faces that are judged each by itself, however well they fit, and no others.
    """
    people = int(person.max(initial=-1)) + 1
    asked = own < _DOUBTFUL if every is None else every & np.isfinite(own)
    part = _parts(vectors, person, own, asked, square_of(0.0, calibration))
    core = sets_of(vectors, np.where(part == 0, person, -1), people)
    if every is None:
        group, whose = _numbered(person, part)
        single = np.flatnonzero((part == 0) & (own < SURE) & (core.size[person] > 1))
    else:
        group, whose = np.full(len(person), -1, dtype=np.int64), np.empty(0, dtype=np.int64)
        single = np.flatnonzero(asked)
    judged = _Judged.of(vectors, person, part, core, group, whose, single, calibration)
    return [judged.doubt(place, person, part, group) for place in np.flatnonzero(judged.log_odds >= least).tolist()]


def fit(vectors: Vectors, person: Labels, calibration: Calibration) -> Floats:
    """float64 [n]: the evidence, in nats, that each face is its person's; infinite where the person has no other."""
    others = sets_of(vectors, person, int(person.max(initial=-1)) + 1).without(person, vectors)
    return np.where(others.size > 0, evidence(squares_between(_each(vectors), others), calibration), np.inf)


def _each(vectors: Vectors) -> Sets:
    """Sets of one face each."""
    return Sets(np.ones(len(vectors), dtype=np.int64), vectors.astype(np.float64), np.zeros(len(vectors)))


def _parts(vectors: Vectors, person: Labels, own: Floats, asked: Flags, square: float) -> Labels:
    """int64 [n]: the fragment of each face among its person's; 0 also for people of whom no face is asked about."""
    part = np.zeros(len(person), dtype=np.int64)
    for rows in _members(person, np.unique(person[asked])):
        part[rows] = fragments(vectors[rows], own[rows], square)
    return part


def _members(person: Labels, chosen: Labels) -> Iterator[Rows]:
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
    """Fragments, and after them single faces. swapped: bool, of fragments: the core is to go instead."""

    whose: Labels
    single: Rows
    log_odds: Floats
    unnamed: Floats
    other: Labels
    square: Floats
    other_square: Floats
    even: Flags
    swapped: Flags

    @classmethod
    def of(
        cls,
        vectors: Vectors,
        person: Labels,
        part: Labels,
        core: Sets,
        group: Labels,
        whose: Labels,
        single: Rows,
        calibration: Calibration,
    ) -> _Judged:
        inside = part[single] == 0
        alone = _each(vectors[single])
        rest = core.chosen(person[single])
        less = core.without(person[single], vectors[single])
        rest = _either(inside, less, rest)
        some = _joined(sets_of(vectors, group, len(whose)), alone)
        others = _joined(core.chosen(whose), rest)
        whose = np.concatenate([whose, person[single]])
        square = squares_between(some, others)
        other, other_square, said = _fits(some, whose, core, calibration)
        even = (some.size == others.size) & (np.arange(len(whose)) < len(whose) - len(single))
        swapped = np.zeros(len(whose), dtype=np.bool_)
        ties = np.flatnonzero(even)
        if len(ties):
            theirs = _fits(others.chosen(ties), whose[ties], core, calibration)
            swapped[ties] = theirs[2] > said[ties]
            for array, value in zip((other, other_square, said), theirs, strict=True):
                array[ties] = np.where(swapped[ties], value, array[ties])
        people = np.log(max(int((core.size > 0).sum()), 1))
        unnamed = _ODDS - evidence(square, calibration) + _HALF
        log_odds = unnamed + np.logaddexp(0.0, said - people)
        other = np.where(said > people, other, -1)
        return cls(whose, single, log_odds, unnamed, other, square, other_square, even, swapped)

    def doubt(self, place: int, person: Labels, part: Labels, group: Labels) -> Doubt:
        """The one at this place."""
        number, fragments_ = int(self.whose[place]), len(self.whose) - len(self.single)
        rest = np.flatnonzero((person == number) & (part == 0))
        if place < fragments_:
            rows = np.flatnonzero(group == place)
        else:
            rows = self.single[place - fragments_ : place - fragments_ + 1]
            rest = rest[rest != rows[0]]
        if self.swapped[place]:
            rows, rest = rest, rows
        return Doubt(
            *(number, rows, rest, float(self.log_odds[place]), float(self.unnamed[place]), int(self.other[place])),
            *(float(self.square[place]), float(self.other_square[place]), bool(self.even[place])),
        )


def _fits(some: Sets, whose: Labels, core: Sets, calibration: Calibration) -> tuple[Labels, Floats, Floats]:
    """Of each set the person, other than its own, whom it fits best, the mean square distance, and what that says."""
    known = np.flatnonzero(core.size)
    wanted = people_among(len(known))
    k = min(wanted + 1, len(known))
    places = np.column_stack([core.centre[known], np.sqrt(core.spread[known])]).astype(np.float32)
    probes = np.column_stack([some.centre, np.zeros(len(some.size))]).astype(np.float32)
    if not len(probes):
        return np.empty(0, dtype=np.int64), np.empty(0), np.empty(0)
    found, rows = k_nearest(probes, places, k)
    squares = np.maximum(found.astype(np.float64), 0) + some.spread[:, None]
    squares[known[rows] == whose[:, None]] = np.inf
    order = np.argsort(squares, axis=1, kind="stable")
    squares, rows = np.take_along_axis(squares, order, axis=1), np.take_along_axis(rows, order, axis=1)
    factor = np.ones(len(squares))
    if len(known) >= SMALLEST:
        near = np.sqrt(squares[:, wanted - 1])
        factor = np.minimum(1.0, crowding(1.0, wanted, len(known), calibration) * near**STEEPNESS)
    with np.errstate(invalid="ignore"):
        said = evidence(squares[:, 0] / np.square(factor), calibration)
    return known[rows[:, 0]], squares[:, 0], np.where(np.isfinite(squares[:, 0]), said, -np.inf)


def _joined(ones: Sets, others: Sets) -> Sets:
    return Sets(
        np.concatenate([ones.size, others.size]),
        np.concatenate([ones.centre, others.centre]),
        np.concatenate([ones.spread, others.spread]),
    )


def _either(first: Flags, ones: Sets, others: Sets) -> Sets:
    """The set of `ones` where `first` says so, else of `others`."""
    return Sets(
        np.where(first, ones.size, others.size),
        np.where(first[:, None], ones.centre, others.centre),
        np.where(first, ones.spread, others.spread),
    )
