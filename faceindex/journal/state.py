"""The state that results from all acts that count. Newer acts take precedence: an older one holds as far as it does not
contradict them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from faceindex.journal.acts import (
    APART,
    CONFIRM,
    DRAW,
    HIDE,
    IS_FACE,
    KNOWN,
    MERGE,
    MOVE,
    NAME,
    NEVER_SUGGEST,
    NOT_FACE,
    REJECT,
    SINGLE,
    SPLIT,
    UNHIDE,
    UNKNOWN,
    UNNAME,
    WHOLE,
    Act,
    live,
    with_last_names,
)
from faceindex.journal.bonds import Bonds
from faceindex.journal.covers import covers


@dataclass(frozen=True, slots=True)
class State:
    """What people decided, free of contradictions. It also has faces that are in no photo now.

    person: by face. group: of every face that an act is about; faces of one group belong together. cannot_link: groups
    on one side, of which none belongs with any group on the other side. names: of everybody who has a face.
    hidden_faces: hidden by themselves. listed: faces that decide whether their albums are listed. hidden_people: names.
    unknown_faces: left alone by themselves. asked: faces that decide whether their albums are asked about, False where
    they are left alone. not_faces: no faces at all; they are nobody's. drawn: by hand. covers: by face, the act that
    chose it; a higher one comes first. never_suggest: as cannot_link, but whether they are one person is not known.
    """

    person: Mapping[int, str]
    group: Mapping[int, int]
    cannot_link: Sequence[tuple[Sequence[int], Sequence[int]]]
    names: frozenset[str]
    hidden_faces: frozenset[int]
    listed: Mapping[int, bool]
    hidden_people: frozenset[str]
    unknown_faces: frozenset[int] = frozenset()
    asked: Mapping[int, bool] = field(default_factory=dict)
    not_faces: frozenset[int] = frozenset()
    drawn: frozenset[int] = frozenset()
    covers: Mapping[int, int] = field(default_factory=dict)
    never_suggest: Sequence[tuple[Sequence[int], Sequence[int]]] = ()


def state_after(acts: Sequence[Act]) -> State:
    """The state after `acts`, given by rising id."""
    counting = with_last_names(live(acts))
    bonds = _bonds(counting)
    never = [(_roots(bonds, act.side(0)), _never_with(bonds, act)) for act in counting if act.kind == NEVER_SUGGEST]
    faces = bonds.faces()
    not_faces = _last_said(counting, NOT_FACE, IS_FACE, WHOLE)
    person = {
        face: name for face in faces if (name := bonds.person_of(face)) is not None and not not_faces.get(face, False)
    }
    hidden_people = {act.person: act.kind == HIDE for act in counting if act.kind in (HIDE, UNHIDE) and act.person}
    return State(
        person=person,
        group={face: bonds.root(face) for face in faces},
        cannot_link=bonds.cannot_link(),
        names=frozenset(person.values()),
        hidden_faces=_true(_last_said(counting, HIDE, UNHIDE, SINGLE)),
        listed={face: not hidden for face, hidden in _last_said(counting, HIDE, UNHIDE, WHOLE).items()},
        hidden_people=frozenset(name for name, hidden in hidden_people.items() if hidden),
        unknown_faces=_true(_last_said(counting, UNKNOWN, KNOWN, SINGLE)),
        asked={face: not left for face, left in _last_said(counting, UNKNOWN, KNOWN, WHOLE).items()},
        not_faces=_true(not_faces),
        drawn=frozenset(face for act in counting if act.kind == DRAW for face in act.side(0)),
        covers=covers(counting),
        never_suggest=[(ones, others) for ones, others in never if ones and others],
    )


def _bonds(counting: Sequence[Act]) -> Bonds:
    bonds = Bonds()
    renamed: set[int] = set()  # a name does not come back because the one that replaced it is said to be wrong
    for act in reversed(counting):
        if act.kind == UNNAME:
            renamed.update(act.side(0))
        elif act.kind in (NAME, CONFIRM, DRAW) and act.person is not None:
            person = bonds.node_of(act.person)
            for face in act.side(0):
                if face not in renamed:
                    bonds.bind(person, face)
            renamed.update(act.side(0))
            if act.side(1):
                bonds.forbid(act.side(0), act.side(1))
        elif act.kind == MERGE:
            bonds.bind_all(act.sides)
        elif act.kind == SPLIT:
            bonds.bind_all([act.side(0)])
        elif act.kind == MOVE:
            bonds.bind_all([act.side(0), act.side(1)])
        if act.kind in (SPLIT, REJECT, APART):
            _take_out(bonds, act, act.side(1))
        elif act.kind == MOVE:
            _take_out(bonds, act, act.side(2))
    return bonds


def _take_out(bonds: Bonds, act: Act, rest: Sequence[int]) -> None:
    if rest:
        bonds.forbid(act.side(0), rest)
    if act.person is not None:
        bonds.forbid(act.side(0), [bonds.node_of(act.person)])


def _never_with(bonds: Bonds, act: Act) -> list[int]:
    """The groups, and the person's own, that are not suggested for side 0."""
    person = [] if act.person is None else [bonds.root(bonds.node_of(act.person))]
    return sorted({*_roots(bonds, act.side(1)), *person})


def _roots(bonds: Bonds, faces: Sequence[int]) -> list[int]:
    return sorted({bonds.root(face) for face in faces})


def _last_said(counting: Sequence[Act], yes: str, no: str, side: int) -> dict[int, bool]:
    """Whether the newest act about each face on this side is of the kind `yes`, and not `no`.

    Naming or merging an album lists it again, and asks about it again; so does naming a face that was left alone.
    """
    said: dict[int, bool] = {}
    for act in counting:
        if act.kind in (yes, no):
            said.update(dict.fromkeys(act.side(side), act.kind == yes))
        elif act.kind == NAME and (side == WHOLE or yes == UNKNOWN) and yes != NOT_FACE:
            said.update(dict.fromkeys(act.side(0), False))
        elif act.kind == MERGE and side == WHOLE and yes != NOT_FACE:
            said.update((face, False) for faces in act.sides for face in faces)
    return said


def _true(said: Mapping[int, bool]) -> frozenset[int]:
    return frozenset(face for face, yes in said.items() if yes)
