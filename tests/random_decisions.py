"""Decisions drawn at random, and whether every one of them holds after the albums were rebuilt every way there is.

Names, merges, splits, rejects, moves and undos are drawn. A decision holds when every pair of faces that it puts
together is in one album and every pair that it takes apart is not, except for pairs of which newer decisions say the
opposite.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, product

import faceindex
from faceindex.clustering.methods import METHODS
from faceindex.errors import UsageError

Node = int | str
"""A face, or a person's name."""

NAMES = tuple(f"Person {number}" for number in range(40))


@dataclass(frozen=True, slots=True)
class Said:
    """What one act said. same: nodes that belong together. apart: those of which none belongs with any of the others.

    name: of whom it was said that there is such a person. undoes: another act.
    """

    act: int
    same: tuple[Node, ...] = ()
    apart: tuple[tuple[tuple[Node, ...], tuple[Node, ...]], ...] = ()
    name: str | None = None
    undoes: int | None = None


class Model:
    """Decides at random, and remembers what was decided, without looking at how the library does."""

    def __init__(self, library: faceindex.Library, chosen: random.Random) -> None:
        self.library = library
        self.random = chosen
        self.said: list[Said] = []
        self.refused = 0
        self.look()

    def look(self) -> None:
        """See the library as it is now."""
        self.faces = {face.face: face for face in self.library.faces}
        self.albums: dict[int, list[int]] = defaultdict(list)
        for face in self.faces.values():
            if face.album is not None:
                self.albums[face.album].append(face.face)

    def step(self) -> None:
        """One act. What the library refuses counts as nothing said."""
        steps: list[Callable[[], Said]] = [self._name_album, self._name_face, self._merge, self._split, self._reject]
        steps += [self._move, self._undo]
        try:
            self.said.append(self.random.choice(steps)())
        except (UsageError, IndexError, ValueError):  # of the latter two: too little to choose from
            self.refused += 1
        self.look()

    def undo_restores(self) -> bool:
        """Whether a step and its undo leave everything as it was."""
        before, acts = self._snapshot(), len(self.said)
        self.step()
        if len(self.said) == acts:
            return True
        act = self.said[-1].act
        self.said.append(Said(self.library.history.undo(act).act, undoes=act))
        self.look()
        return self._snapshot() == before

    def live(self) -> list[Said]:
        """What counts, the newest first."""
        dead: set[int] = set()
        counting = []
        for said in reversed(self.said):
            if said.act not in dead:
                if said.undoes is not None:
                    dead.add(said.undoes)
                counting.append(said)
        return counting

    def problems(self) -> Iterator[str]:
        """Every decision that does not hold, though nothing newer contradicts it. A new name replaces the old."""
        closure = _Closure()
        names = set()
        renamed: set[Node] = set()
        for said in self.live():
            same = said.same
            if said.name:
                names.add(said.name)
                same = tuple(node for node in same if node not in renamed)
                renamed |= {node for node in same if isinstance(node, int)}
            for nodes in self._satisfied(same):
                closure.bind(nodes)
            closure.apart += said.apart
            for one, other in combinations(same, 2):
                if not self._together(one, other) and not closure.are_apart(one, other):
                    yield f"act {said.act}: {one} and {other} are not together"
            for sides in said.apart:
                for one, other in product(*sides):
                    if self._together(one, other) and not closure.are_bound(one, other):
                        yield f"act {said.act}: {one} and {other} are together"
        people = {person.person for person in self.library.people.list(hidden=True, limit=None)}
        if people != {record.person for record in self.faces.values() if record.person} or not people <= names:
            yield f"people who have a face and were named are not {sorted(people)}"

    def _satisfied(self, same: tuple[Node, ...]) -> list[list[Node]]:
        """The parts of `same` that are together."""
        parts: dict[object, list[Node]] = defaultdict(list)
        for node in same:
            if isinstance(node, str):
                parts[node].append(node)
                continue
            record = self.faces[node]
            of_person = record.confirmed and record.person in same
            parts[record.person if of_person else record.album or ("alone", node)].append(node)
        return list(parts.values())

    def _together(self, one: Node, other: Node) -> bool:
        if isinstance(one, int) and isinstance(other, int):
            album = self.faces[one].album
            return one == other or (album is not None and album == self.faces[other].album)
        face, person = (one, other) if isinstance(one, int) else (other, one)
        assert isinstance(face, int)
        return self.faces[face].person == person

    def _snapshot(self) -> object:
        return {face: (record.album, record.person, record.confirmed) for face, record in self.faces.items()}

    def _album(self) -> int:
        return self.random.choice(sorted(self.albums))

    def _person_of(self, face: int) -> tuple[str, ...]:
        person = self.faces[face].person
        return () if person is None else (person,)

    def _name_album(self) -> Said:
        album, person = self._album(), self.random.choice(NAMES)
        self.library.people.name(person, album=album)
        return Said(self._last(), same=(*self.albums[album], person), name=person)

    def _name_face(self) -> Said:
        face, person = self.random.choice(sorted(self.faces)), self.random.choice(NAMES)
        self.library.people.name(person, face=face)
        return Said(self._last(), same=(face, person), name=person)

    def _merge(self) -> Said:
        chosen = self.random.sample(sorted(self.albums), self.random.choice((2, 2, 3)))
        act = self.library.albums.merge(chosen).act
        return Said(act, same=tuple(face for album in chosen for face in self.albums[album]))

    def _split(self) -> Said:
        album = self._album()
        members = self.albums[album]
        taken = self.random.sample(members, self.random.randint(1, len(members) - 1))
        rest = tuple(face for face in members if face not in taken)
        act = self.library.albums.split(album, taken).act
        return Said(act, tuple(taken), ((tuple(taken), (*rest, *self._person_of(taken[0]))),))

    def _reject(self) -> Said:
        members = self.albums[self._album()]
        face = self.random.choice(members)
        act = self.library.albums.reject([face]).act
        rest = tuple(other for other in members if other != face)
        return Said(act, (), (((face,), (*rest, *self._person_of(face))),))

    def _move(self) -> Said:
        face, album = self.random.choice(sorted(self.faces)), self._album()
        old = self.faces[face].album
        rest = () if old is None else tuple(other for other in self.albums[old] if other != face)
        person = () if old is None else tuple(set(self._person_of(face)) - set(self._person_of(self.albums[album][0])))
        act = self.library.albums.move([face], album).act
        return Said(act, (face, *self.albums[album]), (((face,), (*rest, *person)),))

    def _undo(self) -> Said:
        chosen = self.random.choice(self.live()).act
        return Said(self.library.history.undo(chosen).act, undoes=chosen)

    def _last(self) -> int:
        return list(self.library.history)[-1].act


class _Closure:
    """What follows from what was said and holds: groups of nodes, and which of them are apart."""

    def __init__(self) -> None:
        self.group: dict[Node, set[Node]] = {}
        self.apart: tuple[tuple[tuple[Node, ...], tuple[Node, ...]], ...] = ()

    def bind(self, nodes: list[Node]) -> None:
        """All of `nodes` are one."""
        merged: set[Node] = set(nodes)
        for node in nodes:
            merged |= self.group.get(node, set())
        for node in merged:
            self.group[node] = merged

    def are_bound(self, one: Node, other: Node) -> bool:
        """Whether the two are one."""
        return other in self.group.get(one, {one})

    def are_apart(self, one: Node, other: Node) -> bool:
        """Whether something that is one with the first was said not to belong with something of the second."""
        first, second = self.group.get(one, {one}), self.group.get(other, {other})
        people = [{node for node in group if isinstance(node, str)} for group in (first, second)]
        if people[0] and people[1] and people[0] != people[1]:
            return True
        return any(
            (first.intersection(a) and second.intersection(b)) or (first.intersection(b) and second.intersection(a))
            for a, b in self.apart
        )


def decide_and_rebuild(
    library: faceindex.Library, chosen: random.Random, acts: int, thresholds: tuple[float, ...]
) -> Iterator[str]:
    """What does not hold after `acts` steps, and after a rebuild by every method and threshold."""
    model = Model(library, chosen)
    while len(model.said) < acts:
        model.step()
        if len(model.said) % 10 == 0 and not model.undo_restores():
            yield f"an undo after act {model.said[-1].act} does not restore"
    yield from model.problems()
    for method, threshold in product(METHODS, thresholds):
        library.cluster(method=method, threshold=threshold, rebuild=True)
        model.look()
        yield from model.problems()
    yield from (f"damage: {damage.problem}" for damage in library.care.check().damage)
