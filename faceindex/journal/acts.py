"""Acts: each is one decision of a user, and is never changed or removed. An undo is an act that cancels another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

NAME, UNNAME = "name", "unname"
"""These faces are this person's; these faces are nobody's, whatever was decided before."""

CONFIRM = "confirm"
"""Somebody looked at these faces, and they are this person's: an audit does not ask about them again."""

RENAME = "rename"
"""A person has another name from now on; when somebody has that name already, both become one person."""

MERGE, SPLIT, REJECT, MOVE, APART = "merge", "split", "reject", "move", "apart"
"""Decisions about which faces belong together, see `Act`."""

HIDE, UNHIDE, UNDO = "hide", "unhide", "undo"
"""Hiding, showing again, and undoing another act."""

WHOLE, SINGLE = 0, 1
"""Sides of `hide`, `unhide`, `unknown` and `known`: the album that these faces are in; these faces alone."""

NOT_FACE, IS_FACE = "not-face", "is-face"
"""What was detected is no face; it is one after all."""

DRAW = "draw"
"""A user drew the box of a face that the detector had missed."""

UNKNOWN, KNOWN = "unknown", "known"
"""Somebody whom nobody wants to name is left alone; is asked about again."""

NEVER_SUGGEST = "never-suggest"
"""Whether two sides are one person is not asked again. It says nothing about the answer."""

COVER = "cover"
"""This face stands for its album and its person."""


@dataclass(frozen=True, slots=True)
class Act:
    """One decision of a user, about faces on one side or on several.

    name, unname, confirm: side 0. merge: an album a side; all are one person. split: side 0 is one person, and another
    one than the rest, side 1. reject: each face of side 0 is another person than the rest, side 1. move: side 0 is the
    person of side 1, and not of side 2, where it was. apart: each face of side 0 is another person than each of side 1.
    hide, unhide, unknown, known: see WHOLE and SINGLE. not-face, is-face, draw, cover: each face of side 0.
    never-suggest: between a face of side 0 and one of side 1, or `person`. A name may have a side 1: faces of the same
    albums that are not meant, and are other people.

    person: whose side 0 is (name, confirm, draw, cover) or is not (split, reject, move, apart); who is hidden (hide,
    unhide). undoes: id of another act (undo). renamed: what the person is called from now on (rename). made: time in
    UTC.
    """

    act: int
    kind: str
    sides: tuple[tuple[int, ...], ...] = ()
    person: str | None = None
    undoes: int | None = None
    made: str = ""
    renamed: str | None = None

    def side(self, number: int) -> tuple[int, ...]:
        """The faces on one side; none when the act has no such side."""
        return self.sides[number] if number < len(self.sides) else ()


def undone(acts: Sequence[Act]) -> dict[int, int]:
    """Ids of the acts that do not count, with the undo that cancels each. acts: by rising id.

    An undo that was undone cancels nothing.
    """
    dead: dict[int, int] = {}
    for act in reversed(acts):
        if act.undoes is not None and act.act not in dead:
            dead.setdefault(act.undoes, act.act)
    return dead


def live(acts: Sequence[Act]) -> list[Act]:
    """The acts that count, by rising id, without undos."""
    dead = undone(acts)
    return [act for act in acts if act.kind != UNDO and act.act not in dead]


def with_last_names(acts: Sequence[Act]) -> list[Act]:
    """`acts`, which count and are by rising id, with the present name of every person; without the renames."""
    names: dict[str, str] = {}
    found = []
    for act in reversed(acts):
        if act.kind == RENAME and act.person is not None and act.renamed is not None:
            names[act.person] = names.get(act.renamed, act.renamed)
        elif act.person in names:
            found.append(replace(act, person=names[act.person]))
        else:
            found.append(act)
    return found[::-1]
