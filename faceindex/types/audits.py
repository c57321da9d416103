"""What an audit of names finds."""

from __future__ import annotations

from dataclasses import dataclass

MISFIT, TWO_PEOPLE, TWO_NAMES, WEAK = "misfit", "two-people", "two-names", "weak"
"""Kinds of findings: a face that does not fit its person; somebody who looks like two people; two people who look like
one; somebody whom only faces of low quality show."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is probably wrong with a name.

    kind: MISFIT, TWO_PEOPLE, TWO_NAMES or WEAK. person: whose name it is; of two names, whose with the more faces.
    faces: ids of those that do not fit (MISFIT, TWO_PEOPLE), of the other person (TWO_NAMES), or of low quality (WEAK),
    rising. of: number of faces that the person has. other: whom `faces` fit better, or who has the other name; None for
    nobody. probability: that it is so, in [0, 1]; None of WEAK. distance: Euclidean, root mean square, between `faces`
    and the person's others; other_distance: to those of `other`. yes, no: commands that answer it; WEAK has one to
    find better faces instead of the yes. album: from which yes splits the faces, None where it does something else.
    also_confirmed: faces of the person's that no confirms, beside `faces`; ids, rising.
    """

    kind: str
    person: str
    faces: tuple[int, ...]
    of: int
    other: str | None
    probability: float | None
    distance: float | None
    other_distance: float | None
    yes: str
    no: str
    album: int | None = None
    also_confirmed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """findings: the most probable first, WEAK ones last. people, faces: numbers of those that were looked at. answered:
    findings that are left out, as users answered them before. seconds: that it took."""

    findings: tuple[Finding, ...]
    people: int
    faces: int
    answered: int
    seconds: float
