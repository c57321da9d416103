"""Measures of albums against values worked out by hand, and against counting pair by pair."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.evaluation.albums import AlbumScore, Pairwise, score_albums


def score(labels: list[int], people: list[int]) -> AlbumScore:
    return score_albums(np.array(labels, dtype=np.int64), np.array(people, dtype=np.int64))


def test_albums_that_are_the_people_are_perfect() -> None:
    result = score([0, 0, 0, 1, 1, -1], [7, 7, 7, 4, 4, 9])
    assert result.pairwise == Pairwise(1.0, 1.0, 1.0)
    assert (result.bcubed.f, result.purity, result.albums_per_person) == (1.0, 1.0, 1.0)
    assert (result.albums, result.alone) == (2, 1)
    assert (result.moves, result.merges, result.clicks) == (0, 0, 0)


def test_a_small_example_worked_out_by_hand() -> None:
    # Albums {A A B} {B C}, D alone. Pairs in one album: 3 + 1, of them right: AA. Pairs of one person: AA, BB.
    result = score([0, 0, 0, 1, 1, -1], [1, 1, 2, 2, 3, 4])
    assert result.pairwise == Pairwise(1 / 4, 1 / 2, 1 / 3)
    assert result.purity == pytest.approx((2 + 1 + 1) / 6)
    assert result.albums_per_person == pytest.approx((1 + 2) / 2)  # A and B; C and D have one face
    assert (result.albums, result.alone) == (2, 1)


def test_a_person_whose_faces_are_all_alone_counts_each_as_an_album() -> None:
    result = score([-1, -1, -1], [5, 5, 5])
    assert (result.albums, result.alone, result.albums_per_person, result.purity) == (0, 3, 3.0, 1.0)
    assert result.pairwise == Pairwise(1.0, 0.0, 0.0)


def test_clicks_are_faces_moved_out_and_albums_of_one_person_merged() -> None:
    # {A A B} and {A A} are A's, {B B C} and the B alone are B's: B and C move out, A and B merge twice.
    result = score([0, 0, 0, 1, 1, 2, 2, 2, -1], [1, 1, 2, 1, 1, 2, 2, 3, 2])
    assert (result.moves, result.merges, result.clicks) == (2, 2, 4)
    everybody = score([0, 0, 0, 0], [1, 1, 2, 3])
    assert (everybody.moves, everybody.merges) == (2, 0)
    nobody = score([-1, -1, -1, -1], [1, 1, 1, 2])
    assert (nobody.moves, nobody.merges) == (0, 2)


def test_people_of_one_face_each_left_alone_are_perfect() -> None:
    assert score([-1, -1], [1, 2]).pairwise == Pairwise(1.0, 1.0, 1.0)


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_measures_are_what_counting_one_by_one_gives(faces: list[tuple[int, int]]) -> None:
    labels = [label if label >= 0 else 100 + number for number, (label, _) in enumerate(faces)]
    people = [person for _, person in faces]
    pairs = list(combinations(zip(labels, people, strict=True), 2))
    together = sum(a[0] == b[0] for a, b in pairs)
    one_person = sum(a[1] == b[1] for a, b in pairs)
    right = sum(a == b for a, b in pairs)
    result = score([label for label, _ in faces], people)
    assert result.pairwise.precision == pytest.approx(right / together if together else 1)
    assert result.pairwise.recall == pytest.approx(right / one_person if one_person else 1)
    of_album = {album: [p for a, p in zip(labels, people, strict=True) if a == album] for album in set(labels)}
    assert result.purity == pytest.approx(sum(max(map(m.count, m)) for m in of_album.values()) / len(faces))
    several = [person for person in set(people) if people.count(person) > 1]
    spread = [len({a for a, p in zip(labels, people, strict=True) if p == person}) for person in several]
    assert result.albums_per_person == pytest.approx(np.mean(spread) if several else 1)
