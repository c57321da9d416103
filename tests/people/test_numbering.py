"""Albums keep their numbers."""

from __future__ import annotations

import numpy as np

from faceindex.people.numbering import fingerprints, known_numbers


def numbers(
    groups: list[list[int]], albums: dict[int, list[int]], exact: list[tuple[int, int]] | None = None
) -> dict[int, int]:
    faces = np.array([face for group in groups for face in group], dtype=np.int64)
    group = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    former = np.array([face for members in albums.values() for face in members], dtype=np.int64)
    number = np.repeat(np.array(list(albums), dtype=np.int64), [len(members) for members in albums.values()])
    return known_numbers(faces, group, former, number, exact or [])


def test_a_group_is_the_album_that_it_shares_the_most_faces_with() -> None:
    assert numbers([[1, 2, 3], [4, 5], [9]], {7: [1, 2, 3, 4], 8: [5, 6]}) == {0: 7, 1: 8}


def test_no_number_is_given_twice() -> None:
    assert numbers([[1, 2], [3]], {7: [1, 2, 3]}) == {0: 7}


def test_what_it_exactly_was_comes_before_what_it_shares() -> None:
    assert numbers([[1, 2, 3], [4]], {7: [1, 2, 3, 4]}, [(1, 7), (0, 9)]) == {1: 7, 0: 9}


def test_fingerprints_are_those_of_sets() -> None:
    one = fingerprints(np.array([3, 1, 2, 5]), np.array([0, 0, 4, -1]))
    other = fingerprints(np.array([1, 3, 9]), np.array([6, 6, 7]))
    assert set(one) == {0, 4}
    assert one[0] == other[6]
    assert len({*one.values(), *other.values()}) == 3
    assert fingerprints(np.empty(0, np.int64), np.empty(0, np.int64)) == {}
