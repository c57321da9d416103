"""Which faces were chosen to stand for their albums and people."""

from __future__ import annotations

from collections.abc import Sequence

from faceindex.journal.acts import CONFIRM, COVER, DRAW, MOVE, NAME, REJECT, SPLIT, UNNAME, Act


def covers(counting: Sequence[Act]) -> dict[int, int]:
    """By face the newest act that chose it. counting: acts that count, by rising id, with present names.

    A choice ends when the face is said to be somebody else, or taken out of its album.
    """
    chosen: dict[int, int] = {}
    person_of: dict[int, str | None] = {}
    for act in counting:
        if act.kind == COVER:
            chosen.update(dict.fromkeys(act.side(0), act.act))
            person_of.update(dict.fromkeys(act.side(0), act.person))
        elif act.kind in (SPLIT, REJECT, MOVE, UNNAME):
            for face in act.side(0):
                chosen.pop(face, None)
        elif act.kind in (NAME, CONFIRM, DRAW):
            for face in chosen.keys() & set(act.side(0)):
                if person_of[face] in (None, act.person):
                    person_of[face] = act.person
                else:
                    del chosen[face]
    return chosen
