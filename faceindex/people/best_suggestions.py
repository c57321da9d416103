"""The best of the prepared pairs, judged in the order of what an answer may be worth at most."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence

import numpy as np

from faceindex.judgement.calibration import Calibration
from faceindex.people.crowded_groups import crowding_by
from faceindex.people.likelihood import EVIDENCE, Odds, telling
from faceindex.people.near_groups import squares
from faceindex.people.prepared import About
from faceindex.people.suggestions import LIKELY, rank
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.group_file import Group, GroupFile, Near, reading
from faceindex.store.people.reviewed import cannot_be_one, in_one_photo, never_suggested, person_of
from faceindex.types import Suggestion


def best_first(
    folder: LibraryFolder, calibration: Calibration, learnt: float = 0.0, least: float = LIKELY
) -> Iterator[Suggestion]:
    """Suggestions from the prepared pairs, the most useful first, as `faceindex.people.suggestions.suggestions` gives
    them."""
    with reading(folder.index) as file:
        if file is None:
            return
        yield from _Reviewing(folder.catalog, file, calibration, learnt, least).best_first()


class _Reviewing:
    """One reading of a file."""

    def __init__(
        self, catalog: Catalog, file: GroupFile, calibration: Calibration, learnt: float, least: float
    ) -> None:
        self._connection, self._file, self._calibration = catalog.connection, file, calibration
        self._about, self._least = About.of(file), least
        self._chances = Odds(calibration, self._about.now, learnt)
        self._may: dict[tuple[int, int], bool] = {}
        self._people: dict[int, str | None] = {}
        self._crowding: dict[int, float] = {}

    def best_first(self) -> Iterator[Suggestion]:
        """Pairs are judged while they may be worth more than the best of those seen."""
        chances = self._chances
        grown = max(1.0, (self._about.albums / max(chances.candidates, 1)) ** EVIDENCE * math.exp(chances.learnt))
        seen: set[tuple[int, int]] = set()
        waiting: list[tuple[tuple[float, int, int, int, int], Suggestion]] = []
        for near in self._file.best():
            if near.score * grown < self._least:  # none of the rest is likely
                break
            while waiting and -waiting[0][0][0] > near.score * grown:
                yield heapq.heappop(waiting)[1]
            pair = _in_order(near.number, near.album)
            if pair in seen:
                continue
            seen.add(pair)
            found = self._judged(near)
            if found is not None:
                heapq.heappush(waiting, (rank(found), found))
        while waiting:
            yield heapq.heappop(waiting)[1]

    def _judged(self, near: Near) -> Suggestion | None:
        """The suggestion, if it is likely."""
        pair, square = _in_order(near.number, near.album), near.square
        own = self._odds(near)
        if own < self._least or not self._may_be_one(pair, square):
            return None
        one, other = pair
        rivals = [near for near in self._rivals_of(other) if near.album != one]
        among = self._file.groups([*(near.album for near in rivals), one, other])
        rivals = [near for near in rivals if self._may_be_one((near.album, other), near.square)]
        probability = own / (1 + own + self._of_others(among[one], [among[near.album] for near in rivals], rivals))
        if probability < self._least:
            return None
        return self._suggestion(among[one], among[other], probability, math.sqrt(square))

    def _rivals_of(self, other: int) -> list[Near]:
        """The albums near `other`, or that it is near; of an album only those of lower numbers."""
        found = {near.album: near for near in self._file.near([other])}
        if other > 0:
            theirs = self._file.near_albums([other])
            found |= {near.number: near._replace(number=other, album=near.number) for near in theirs}
            return [near for album, near in found.items() if 0 < album < other]
        return list(found.values())

    def _of_others(self, one: Group, others: Sequence[Group], rivals: Sequence[Near]) -> float:
        """The odds of rivals that are another person's than `one`."""
        if not others:
            return 0.0
        centres, own = np.stack([group.centre for group in others]), np.stack([one.centre] * len(others))
        apart = squares(centres, own, np.array([group.spread for group in others]), np.full(len(others), one.spread))
        strangers = self._calibration.log_likelihood_ratio(np.sqrt(apart)) < 0
        pairs = zip(rivals, strangers, strict=True)
        return sum(self._odds(near) for near, stranger in pairs if stranger)

    def _odds(self, near: Near) -> float:
        pair = (near.number, near.album)
        first = (math.nan, math.nan)
        if near.far:
            groups = self._file.groups(pair)
            first = (groups[near.number].first, groups[near.album].first)
        own, others = (np.array(self._crowding_of(number)) for number in pair)
        told = telling(own, others, *first, near.far)
        return float(np.exp(self._chances.logarithm(math.sqrt(near.square), told, near.far)))

    def _crowding_of(self, number: int) -> float:
        if number not in self._crowding:
            squares = sorted(near.square for near in self._file.near([number]))
            self._crowding[number] = crowding_by(squares, self._chances.candidates, self._calibration)
        return self._crowding[number]

    def _may_be_one(self, pair: tuple[int, int], square: float) -> bool:
        if pair not in self._may:
            people = {self._person(number) for number in pair} - {None}
            near = float(self._calibration.log_likelihood_ratio(math.sqrt(square))) >= 0
            self._may[pair] = (
                len(people) < 2
                and not (near and in_one_photo(self._connection, *self._smaller_last(pair)))
                and not cannot_be_one(self._connection, *pair)
                and not never_suggested(self._connection, *pair)
            )
        return self._may[pair]

    def _smaller_last(self, pair: tuple[int, int]) -> tuple[int, int]:
        sizes = self._file.groups(pair)
        one, other = sorted(pair, key=lambda number: (number < 0, -sizes[number].size))
        return one, other

    def _person(self, number: int) -> str | None:
        if number not in self._people:
            self._people[number] = person_of(self._connection, number)
        return self._people[number]

    def _suggestion(self, one: Group, other: Group, probability: float, distance: float) -> Suggestion:
        if other.number < 0:
            person = self._person(one.number)
            return Suggestion(one.number, None, -other.number, probability, distance, 1, person)
        first, second = sorted((one, other), key=lambda group: (not group.named, -group.size, group.number))
        person = self._person(first.number)
        return Suggestion(first.number, second.number, None, probability, distance, second.size, person)


def _in_order(one: int, other: int) -> tuple[int, int]:
    """Albums first, by number."""
    first, second = sorted((one, other), key=lambda number: (number < 0, abs(number)))
    return first, second
