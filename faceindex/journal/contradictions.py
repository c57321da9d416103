"""What somebody said in ignorance of the other acts of a merged journal, and what those say instead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from faceindex.journal.acts import (
    APART,
    CONFIRM,
    COVER,
    DRAW,
    HIDE,
    MERGE,
    MOVE,
    NAME,
    NOT_FACE,
    REJECT,
    RENAME,
    SPLIT,
    UNKNOWN,
    Act,
    live,
    with_last_names,
)
from faceindex.journal.state import State, state_after

_SAYS_WHO = (NAME, CONFIRM, DRAW)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """kind: of the act that no longer holds, `said`; None where it cannot be told. faces: about which it does not hold,
    rising; none when it is about a person. person: whom it named. holds: whose the faces are instead, None for
    nobody's. by: the newest act about them that whoever said it did not know; None where it cannot be told."""

    kind: str
    faces: tuple[int, ...]
    person: str | None
    holds: str | None
    said: int | None
    by: int | None


def contradictions(acts: Sequence[Act], known: AbstractSet[int]) -> list[Contradiction]:
    """Whatever holds after the acts `known` alone, and not after all of `acts`, by rising id.

    A person who was renamed is the same person.
    """
    own = [act for act in acts if act.act in known]
    return _Comparison(acts, own).found()


class _Comparison:
    def __init__(self, acts: Sequence[Act], own: Sequence[Act]) -> None:
        self._before, self._after = state_after(own), state_after(acts)
        everything = live(acts)
        self._own = live(own)
        ids = {act.act for act in own}
        self._newer = _newest(act for act in everything if act.act not in ids)
        self._said = _newest(self._own)
        self._named = _newest(act for act in self._own if act.kind in _SAYS_WHO)
        self._last_name: dict[str, str] = {}
        for act in reversed(everything):
            if act.kind == RENAME and act.person is not None and act.renamed is not None:
                self._last_name[act.person] = self._last_name.get(act.renamed, act.renamed)

    def found(self) -> list[Contradiction]:
        """All of them, by kind and face."""
        before, after = self._before, self._after
        pairs = (
            (NOT_FACE, before.not_faces - after.not_faces),
            (HIDE, before.hidden_faces - after.hidden_faces),
            (HIDE, _other(before.listed, after.listed)),
            (UNKNOWN, before.unknown_faces - after.unknown_faces),
            (UNKNOWN, _other(before.asked, after.asked)),
            (COVER, self._other_covers()),
        )
        alike = [one for kind, faces in pairs for one in self._grouped(kind, dict.fromkeys(faces))]
        hidden = [
            Contradiction(HIDE, (), name, None, None, None)
            for name in sorted(before.hidden_people)
            if self._name(name) not in after.hidden_people and self._name(name) in after.names
        ]
        return [*self._names(), *self._merged(), *self._separated(), *alike, *hidden]

    def _name(self, name: str) -> str:
        return self._last_name.get(name, name)

    def _names(self) -> Iterator[Contradiction]:
        wrong = {
            face: name
            for face, name in self._before.person.items()
            if self._after.person.get(face) not in (name, self._name(name))
        }
        yield from self._grouped(NAME, wrong)

    def _merged(self) -> Iterator[Contradiction]:
        """Faces without a name that were one person's."""
        members: dict[int, list[int]] = defaultdict(list)
        for face, group in self._before.group.items():
            if face not in self._before.person and face not in self._after.not_faces:
                members[group].append(face)
        for faces in members.values():
            if len({self._after.group[face] for face in faces}) > 1:
                yield from self._grouped(MERGE, dict.fromkeys(faces))

    def _separated(self) -> Iterator[Contradiction]:
        """Faces that were not somebody's, or not the same person's as others."""
        for act in with_last_names(self._own):
            if act.kind not in (SPLIT, REJECT, APART, MOVE):
                continue
            others = act.side(2 if act.kind == MOVE else 1)
            wrong = tuple(
                face
                for face in act.side(0)
                if self._is_one_of(self._after, face, others, act.person)
                and not self._is_one_of(self._before, face, others, act.person)
            )
            if wrong:
                by = max((self._newer[face] for face in wrong if face in self._newer), default=None)
                yield Contradiction(act.kind, wrong, act.person, self._after.person.get(wrong[0]), act.act, by)

    def _is_one_of(self, state: State, face: int, others: Sequence[int], person: str | None) -> bool:
        if person is not None and state.person.get(face) in (person, self._name(person)):
            return True
        group = state.group.get(face)
        return any(state.group.get(other) == group for other in others if other != face)

    def _other_covers(self) -> set[int]:
        """Faces that were the chosen cover of a person who has another one now."""
        now = _covers(self._after)
        return {
            face
            for person, face in _covers(self._before).items()
            if now.get(self._name(person), face) != face and self._after.person.get(face) == self._name(person)
        }

    def _grouped(self, kind: str, wrong: Mapping[int, str | None]) -> list[Contradiction]:
        """One for the faces that the same act said, and the same act contradicts. wrong: by face, whom it named."""
        groups: dict[tuple[str | None, str | None, int | None, int | None], list[int]] = defaultdict(list)
        said = self._named if kind == NAME else self._said
        for face, person in wrong.items():
            holds = self._after.person.get(face)
            groups[person, holds, said.get(face), self._newer.get(face)].append(face)
        found = [Contradiction(kind, tuple(sorted(faces)), *key) for key, faces in groups.items()]
        return sorted(found, key=lambda one: one.faces)


def _newest(acts: Iterable[Act]) -> dict[int, int]:
    """The newest of `acts`, given by rising id, about each face."""
    found: dict[int, int] = {}
    for act in acts:
        for side in act.sides:
            found.update(dict.fromkeys(side, act.act))
    return found


def _other(before: Mapping[int, bool], after: Mapping[int, bool]) -> set[int]:
    return {face for face, said in before.items() if after.get(face) != said}


def _covers(state: State) -> dict[str, int]:
    """The cover of each person: the face that was chosen last."""
    found: dict[str, int] = {}
    for face, _ in sorted(state.covers.items(), key=lambda item: (item[1], -item[0])):
        if face in state.person:
            found[state.person[face]] = face
    return found
