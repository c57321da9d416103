"""Clicks to perfect: as few as a search over all acts finds, and of the right kinds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceindex.evaluation.clicks import Clicks, count_clicks

Albums = frozenset[frozenset[int]]


def clicks(*albums: str) -> Clicks:
    """Of albums in which a letter is a face of that person."""
    labels = [number for number, album in enumerate(albums) for _ in album]
    people = [ord(letter) for album in albums for letter in album]
    return count_clicks(np.array(labels), np.array(people))


def acts(albums: Albums, people: list[int]) -> Iterator[Albums]:
    """Every state one act away: the faces that one album has of one person, into another album or one of their own."""
    for album in albums:
        for person in {people[face] for face in album}:
            part = frozenset(face for face in album if people[face] == person)
            rest = albums - {album} | ({album - part} if album != part else set())
            yield rest | {part}
            for other in rest:
                yield rest - {other} | {other | part}


def fewest(labels: list[int], people: list[int]) -> int:
    wanted = frozenset(
        frozenset(face for face in range(len(people)) if people[face] == person) for person in set(people)
    )
    first = frozenset(frozenset(face for face in range(len(labels)) if labels[face] == one) for one in set(labels))
    seen, states, number = {first}, {first}, 0
    while wanted not in states:
        states = {state for former in states for state in acts(former, people)} - seen
        seen |= states
        number += 1
    return number


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=7))
def test_no_other_way_takes_fewer_acts(faces: list[tuple[int, int]]) -> None:
    labels, people = [label for label, _ in faces], [person for _, person in faces]
    assert count_clicks(np.array(labels), np.array(people)).total == fewest(labels, people)


@pytest.mark.parametrize(
    ("albums", "expected"),
    [
        (("aaa", "bb", "c"), Clicks(0, 0, 0, 0)),
        (("aaa", "aa", "a"), Clicks(2, 0, 0, 0)),
        (("aaab", "bb"), Clicks(0, 0, 1, 1)),
        (("aaabb",), Clicks(0, 1, 0, 2)),
        (("aaabb", "cb"), Clicks(0, 1, 1, 3)),  # two albums for three people; the larger part stays
        (("aab", "bba"), Clicks(0, 0, 2, 2)),
        (("abcdefg",), Clicks(0, 6, 0, 6)),
    ],
)
def test_kinds_of_acts(albums: tuple[str, ...], expected: Clicks) -> None:
    found = clicks(*albums)
    assert found == expected
    assert found.total == found.merges + found.splits + found.moves


def test_a_face_alone_is_merged() -> None:
    labels, people = np.array([0, 0, -1, -1, -1]), np.array([1, 1, 1, 2, 2])
    assert count_clicks(labels, people) == Clicks(2, 0, 0, 0)
