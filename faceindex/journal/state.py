"""The state that results from all acts that count. Newer acts take precedence: an older one holds as far as it does not
contradict them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faceindex.journal.acts import (
    APART,
    HIDE,
    MERGE,
    MOVE,
    NAME,
    REJECT,
    SINGLE,
    SPLIT,
    UNHIDE,
    UNNAME,
    WHOLE,
    Act,
    live,
    with_last_names,
)
from faceindex.journal.bonds import Bonds


@dataclass(frozen=True, slots=True)
class State:
    """What people decided, free of contradictions. It also has faces that are in no photo now.

    person: by face. group: of every face that an act is about; faces of one group belong together. cannot_link: groups
    on one side, of which none belongs with any group on the other side. names: of everybody who has a face.
    hidden_faces: hidden by themselves. listed: faces that decide whether their albums are listed. hidden_people: names.
    """

    person: Mapping[int, str]
    group: Mapping[int, int]
    cannot_link: Sequence[tuple[Sequence[int], Sequence[int]]]
    names: frozenset[str]
    hidden_faces: frozenset[int]
    listed: Mapping[int, bool]
    hidden_people: frozenset[str]


def state_after(acts: Sequence[Act]) -> State:
    """The state after `acts`, given by rising id."""
    counting = with_last_names(live(acts))
    bonds = _bonds(counting)
    faces = bonds.faces()
    person = {face: name for face in faces if (name := bonds.person_of(face)) is not None}
    hidden_people = {act.person: act.kind == HIDE for act in counting if act.kind in (HIDE, UNHIDE) and act.person}
    return State(
        person=person,
        group={face: bonds.root(face) for face in faces},
        cannot_link=bonds.cannot_link(),
        names=frozenset(person.values()),
        hidden_faces=frozenset(face for face, hidden in _hidden(counting, SINGLE).items() if hidden),
        listed={face: not hidden for face, hidden in _hidden(counting, WHOLE).items()},
        hidden_people=frozenset(name for name, hidden in hidden_people.items() if hidden),
    )


def _bonds(counting: Sequence[Act]) -> Bonds:
    bonds = Bonds()
    renamed: set[int] = set()  # a name does not come back because the one that replaced it is said to be wrong
    for act in reversed(counting):
        if act.kind == UNNAME:
            renamed.update(act.side(0))
        elif act.kind == NAME and act.person is not None:
            person = bonds.node_of(act.person)
            for face in act.side(0):
                if face not in renamed:
                    bonds.bind(person, face)
            renamed.update(act.side(0))
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


def _hidden(counting: Sequence[Act], side: int) -> dict[int, bool]:
    """Whether each face was hidden on this side, by the newest act. Naming or merging lists an album again."""
    hidden: dict[int, bool] = {}
    for act in counting:
        if act.kind in (HIDE, UNHIDE):
            hidden.update(dict.fromkeys(act.side(side), act.kind == HIDE))
        elif act.kind in (NAME, MERGE) and side == WHOLE:
            hidden.update((face, False) for faces in act.sides for face in faces)
    return hidden
