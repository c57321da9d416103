"""Names that are made wrong on purpose, and what an audit finds of them. No benchmark: see `audit`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.types import Finding, Labels, Vectors
from faceindex.types.audits import TWO_NAMES, WEAK

FACES, ALIKE, TWO_PEOPLE, TWO_NAMES_EACH = "faces", "look-alikes", "two people", "two names"
KINDS = (FACES, TWO_PEOPLE, TWO_NAMES_EACH, ALIKE)


@dataclass(frozen=True, slots=True)
class Corrupted:
    """person: int64 [n], the number of each face's name now. wrong: what was made wrong: rows of faces, or pairs of
    numbers of people: the name that two share, and a further one; or the two names of one."""

    person: Labels
    wrong: list[int] | list[tuple[int, int]]


def corrupted(kind: str, share: float, person: Labels, vectors: Vectors, random: np.random.Generator) -> Corrupted:
    """person: int64 [n], who each face is. vectors: float32 [n, d].

    FACES: this share of the faces has the name of anybody else, ALIKE: of the person nearest to the face. TWO_PEOPLE:
    this share of the people has another person's faces, too. TWO_NAMES_EACH: of the people with two faces and more,
    this share has two names, each of any number of the faces.
    """
    if kind in (FACES, ALIKE):
        return _of_faces(kind, share, person, vectors, random)
    now, pairs = person.copy(), []
    known, size = np.unique(person, return_counts=True)
    if kind == TWO_PEOPLE:
        mixed = random.permutation(known)
        for one, other in mixed[: 2 * max(1, round(share * len(known)))].reshape(-1, 2).tolist():
            now[person == other] = one
            pairs.append((one, other))
        return Corrupted(now, pairs)
    several = random.permutation(known[size > 1])
    for number, one in enumerate(several[: max(1, round(share * len(several)))].tolist(), int(known.max()) + 1):
        rows = random.permutation(np.flatnonzero(person == one))
        now[rows[: random.integers(1, len(rows))]] = number
        pairs.append((one, number))
    return Corrupted(now, pairs)


def _of_faces(kind: str, share: float, person: Labels, vectors: Vectors, random: np.random.Generator) -> Corrupted:
    now, known = person.copy(), np.unique(person)
    rows = random.choice(len(person), round(share * len(person)), replace=False)
    centres = np.stack([vectors[person == one].mean(axis=0) for one in known]) if kind == ALIKE else None
    for row in rows.tolist():
        others = np.flatnonzero(known != person[row])
        if centres is None:
            now[row] = known[random.choice(others)]
        else:
            now[row] = known[others[np.square(centres[others] - vectors[row]).sum(axis=1).argmin()]]
    return Corrupted(now, rows.tolist())


@dataclass(frozen=True, slots=True)
class Score:
    """found: of what was made wrong. made: how much that was. false: findings that nothing that was made wrong
    explains; some say what was wrong before."""

    found: int
    made: int
    false: int


def score(kind: str, done: Corrupted, person: Labels, row_of: Mapping[int, int], findings: Sequence[Finding]) -> Score:
    """row_of: the row of each face id, where names are the numbers of people as text. WEAK does not count.

    A wrong face is found where it is among the faces of a finding, or, where as many faces of the person are right,
    among the others; or where two names look like one, and both have faces of one person.
    """
    said = [one for one in findings if one.kind != WEAK]
    if kind not in (FACES, ALIKE):
        return _score_of_people(kind, done, person, row_of, said)
    wrong, found, false = {int(row) for row in np.ravel(done.wrong)}, set[int](), 0
    for one in said:
        hit = _explained(one, done.person, person, row_of, wrong)
        found |= hit
        false += not hit
    return Score(len(found), len(wrong), false)


def _explained(
    one: Finding, now: Labels, person: Labels, row_of: Mapping[int, int], wrong: Collection[int]
) -> set[int]:
    """The wrong rows that a finding tells."""
    rows = {row_of[face] for face in one.faces}
    theirs = set(np.flatnonzero(now == int(one.person)).tolist())
    if one.kind == TWO_NAMES:
        same = {int(person[row]) for row in rows} & {int(person[row]) for row in theirs}
        return {row for row in (rows | theirs) & set(wrong) if int(person[row]) in same}
    rest = theirs - rows
    return rows & set(wrong) or (rest & set(wrong) if len(rest) == len(rows) else set[int]())


def _score_of_people(
    kind: str, done: Corrupted, person: Labels, row_of: Mapping[int, int], said: Sequence[Finding]
) -> Score:
    wrong: npt.NDArray[np.int64] = np.array(done.wrong, dtype=np.int64).reshape(-1, 2)
    found, false = set[int](), 0
    for one in said:
        if kind == TWO_PEOPLE:
            hit = np.flatnonzero(wrong[:, 0] == int(one.person)) if one.kind != TWO_NAMES else wrong[:0, 0]
            right = len({int(person[row_of[face]]) for face in one.faces}) == 1
        else:
            hit = np.flatnonzero((wrong == sorted((int(one.person), int(one.other or -1)))).all(axis=1))
            right = True
        false += not len(hit)
        found.update(hit.tolist() if right else ())
    return Score(len(found), len(wrong), false)
