"""What users answered before about what an audit finds: they are not asked again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from faceindex.journal.acts import APART, MERGE, MOVE, NAME, NEVER_SUGGEST, REJECT, SPLIT, Act

_DENY = (APART, REJECT, SPLIT, MOVE, NEVER_SUGGEST)


class Answers:
    """What acts say about the faces that an audit would ask about."""

    def __init__(self, acts: Sequence[Act] = (), confirmed: Mapping[int, Collection[str]] | None = None) -> None:
        """acts: that count, with these faces alone. confirmed: by face, whose somebody confirmed it to be."""
        self._confirmed = confirmed or {}
        self._acts: dict[int, list[Act]] = defaultdict(list)
        for act in acts:
            for face in {face for side in act.sides for face in side}:
                self._acts[face].append(act)

    def confirms(self, face: int, person: str) -> bool:
        """Whether somebody looked, and the face is this person's."""
        return person in self._confirmed.get(face, ())

    def are_one(self, faces: Sequence[int], rest: Collection[int], person: str) -> bool:
        """Whether somebody said that `faces` are the person's, or one person with faces of `rest`, or that nobody is to
        ask."""
        if any(self.confirms(face, person) for face in faces):
            return True
        return any(_binds(act, set(faces), set(rest)) for act in self._acts.get(faces[0], ()))

    def differ(self, faces: Collection[int], person: str, others: Collection[int], other: str) -> bool:
        """Whether somebody said that one of `faces`, the first person's, is not the same as one of `others`, the second
        person's, or that nobody is to ask."""
        ours, theirs = set(faces), set(others)
        return any(_parts(act, ours, theirs, other) for act in self._about(ours)) or any(
            _parts(act, theirs, ours, person) for act in self._about(theirs)
        )

    def deny(self, faces: Collection[int], others: Collection[int], other: str) -> bool:
        """Whether somebody said that one of `faces` is not this other person's, or that nobody is to ask."""
        ours, theirs = set(faces), set(others)
        return any(_parts(act, ours, theirs, other) or _parts(act, theirs, ours, None) for act in self._about(ours))

    def _about(self, faces: Iterable[int]) -> list[Act]:
        return list({act.act: act for face in faces for act in self._acts.get(face, ())}.values())


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
