"""Somebody who knows everybody answers the questions of a library, for the benchmark `oracle`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import faceindex
from faceindex.store.folder import LibraryFolder
from faceindex.store.people.reviewed import named_faces
from faceindex.types import NameQuestion, Suggestion


@dataclass(frozen=True, slots=True)
class Truth:
    """whose: of each face. nameable: faces that count. children: faces of children. good: not of low quality."""

    whose: dict[int, str]
    nameable: set[int]
    children: set[int]
    good: set[int]

    def most(self, faces: Iterable[int]) -> str:
        """Whose most of the faces are."""
        return Counter(self.whose[face] for face in faces).most_common(1)[0][0]


@dataclass(frozen=True, slots=True)
class Before:
    """questions: until enough is named, or all are asked. named: faces."""

    questions: int
    named: int


@dataclass(slots=True)
class Session:
    """until: questions when enough was named, 0 if it never was. named: of the nameable, in the end. shown: probability
    and answer of each question whether two are one person. joined: faces that albums and answers put together."""

    questions: int = 0
    until: int = 0
    named: float = 0.0
    twice: int = 0
    shown: list[tuple[float, bool]] = field(default_factory=list)
    joined: list[list[int]] = field(default_factory=list)


def before(groups: Sequence[Sequence[int]], truth: Truth, goal: float) -> Before:
    """Every group is named, in this order."""
    named = 0
    for number, faces in enumerate(groups, start=1):
        who = truth.most(faces)
        named += sum(truth.whose[face] == who and face in truth.nameable for face in faces)
        if named >= goal * len(truth.nameable):
            return Before(number, named)
    return Before(len(groups), named)


class Oracle:
    """Answers by the truth."""

    def __init__(self, library: faceindex.Library, truth: Truth) -> None:
        self._library, self._truth, self._folder = library, truth, LibraryFolder(library.path)

    def close(self) -> None:
        """Close what is open beside the library."""
        self._folder.close()

    def groups(self) -> list[list[int]]:
        """The faces of each album, largest first, and after them each good face alone."""
        found: dict[int, list[int]] = defaultdict(list)
        alone = []
        for face in self._library.faces:
            if face.album is None:
                alone += [[face.face]] if face.face in self._truth.good else []
            else:
                found[face.album].append(face.face)
        return [*sorted(found.values(), key=len, reverse=True), *alone]

    def session(self, goal: float) -> Session:
        """All questions until there are none."""
        session, asked = Session(), set[tuple[frozenset[int], ...]]()
        parts = {face: frozenset(faces) for faces in self.groups() for face in faces}
        while found := self._library.people.review(limit=20, names=True):
            done = session.questions
            for one in found:
                sides = self._sides(one)
                if sides is None:
                    continue
                session.questions += 1
                key = tuple(sorted(map(frozenset, sides), key=sorted))
                session.twice += key in asked
                asked.add(key)
                self._answer(one, sides, session, parts)
                session.named = self._named()
                if not session.until and session.named >= goal:
                    session.until = session.questions
            if session.questions == done:
                raise RuntimeError(f"none of {len(found)} questions is open: {found[0]}")
        session.joined = [sorted(part) for part in set(parts.values())]
        return session

    def _sides(self, one: Suggestion | NameQuestion) -> list[list[int]] | None:
        """The faces of both sides, or of the one that is asked about; None when it is settled."""
        library = self._library
        if isinstance(one, NameQuestion):
            if one.face is not None:
                face = library.faces.get(one.face)
                return None if face.person or face.album else [[one.face]]
            try:
                named = library.albums.get(one.album or 0).person
            except faceindex.UsageError:
                return None
            return None if named else [self._album(one.album)]
        if not library.people.is_open(one):
            return None
        ones = [one.with_face] if one.with_face else self._album(one.album)
        return [ones, [one.face] if one.face else self._album(one.other)]

    def _album(self, album: int | None) -> list[int]:
        return [face.face for face in self._library.albums.faces(album or 0, limit=None)]

    def _answer(
        self,
        one: Suggestion | NameQuestion,
        sides: list[list[int]],
        session: Session,
        parts: dict[int, frozenset[int]],
    ) -> None:
        truth, people = self._truth, self._library.people
        who = truth.most(sides[0])
        if isinstance(one, Suggestion):
            same = truth.most(sides[1]) == who
            session.shown.append((one.probability, same))
            people.answer(one, same=same)
            if not same:
                return
            whole = frozenset(face for side in sides for face in side)
            whole = whole.union(*(parts.get(face, frozenset()) for face in whole))
            parts.update(dict.fromkeys(whole, whole))
        if any(truth.whose[face] == who for face in truth.nameable):
            if not self._library.faces.get(sides[0][0]).person:
                album = self._library.faces.get(sides[0][0]).album
                people.name(who, face=None if album else sides[0][0], album=album)
        elif isinstance(one, NameQuestion) and one.face is not None:
            self._library.faces.leave_alone(one.face)
        elif isinstance(one, NameQuestion):
            self._library.albums.leave_alone(one.album or 0)

    def _named(self) -> float:
        truth = self._truth
        names = named_faces(self._folder.catalog.connection)
        right = sum(name == truth.whose[face] for face, name in names if face in truth.nameable)
        return right / len(truth.nameable)

    def with_both_ages(self, groups: Sequence[Sequence[int]]) -> tuple[int, int]:
        """People with photos as children and later; and those of whom both are in one group."""
        truth = self._truth
        people = {truth.whose[face] for face in truth.children}
        people &= {truth.whose[face] for face in truth.whose if face not in truth.children}
        shared = {
            who
            for faces in groups
            for who in {truth.whose[face] for face in faces} & people
            if len({face in truth.children for face in faces if truth.whose[face] == who}) == 2
        }
        return len(people), len(shared)

    def false_pairs(self, groups: Sequence[Sequence[int]]) -> float:
        """Of all pairs of two children's faces those in one group."""
        truth = self._truth
        wrong = sum(
            truth.whose[one] != truth.whose[other]
            for faces in groups
            for one, other in combinations([face for face in faces if face in truth.children], 2)
        )
        times = Counter(truth.whose[face] for face in truth.children)
        pairs = (sum(times.values()) ** 2 - sum(count**2 for count in times.values())) / 2
        return wrong / max(pairs, 1)
