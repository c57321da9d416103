"""What users answered before about what an audit finds: they are not asked again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from faceindex.journal.acts import APART, MERGE, MOVE, NAME, NEVER_SUGGEST, REJECT, SPLIT, Act

_DENY = (APART, REJECT, SPLIT, MOVE, NEVER_SUGGEST)


@dataclass(frozen=True, slots=True)
class Answers:
    """acts: that count, of the faces that are asked about. confirmed: by face, whose somebody confirmed it to be."""

    acts: Sequence[Act] = ()
    confirmed: dict[int, set[str]] = field(default_factory=dict)

    def are_one(self, faces: Collection[int], rest: Collection[int], person: str) -> bool:
        """Whether somebody said that `faces` are the person's, or one person with faces of `rest`, or that nobody is to
        ask."""
        return any(person in self.confirmed.get(face, ()) for face in faces) or any(
            _binds(act, set(faces), set(rest)) for act in self.acts
        )

    def differ(self, faces: Collection[int], person: str, others: Collection[int], other: str) -> bool:
        """Whether somebody said that one of `faces`, the first person's, is not the same as one of `others`, the second
        person's, or that nobody is to ask."""
        ours, theirs = set(faces), set(others)
        return any(_parts(act, ours, theirs, other) or _parts(act, theirs, ours, person) for act in self.acts)

    def deny(self, faces: Collection[int], others: Collection[int], other: str) -> bool:
        """Whether somebody said that one of `faces` is not this other person's, or that nobody is to ask."""
        ours, theirs = set(faces), set(others)
        return any(_parts(act, ours, theirs, other) or _parts(act, theirs, ours, None) for act in self.acts)


def _binds(act: Act, faces: set[int], rest: set[int]) -> bool:
    """Whether all of `faces` are on one side, and some of `rest` on another side that is one person with it."""
    if act.kind not in (MERGE, MOVE, NEVER_SUGGEST):
        return False
    sides = [set(side) for side in (act.sides if act.kind == MERGE else act.sides[:2])]
    return any(
        faces <= side and not rest.isdisjoint(set().union(*sides[:number], *sides[number + 1 :]))
        for number, side in enumerate(sides)
    )


def _parts(act: Act, ones: set[int], others: set[int], other: str | None) -> bool:
    """Whether the act parts faces of `ones` on side 0 from the other person, or from one of `others`."""
    if ones.isdisjoint(act.side(0)):
        return False
    if act.kind in _DENY and other is not None and act.person == other:
        return True
    return act.kind in (*_DENY, NAME) and not others.isdisjoint(act.side(2 if act.kind == MOVE else 1))
