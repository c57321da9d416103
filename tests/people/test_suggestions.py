"""What is suggested, in which order, and what never is."""

from __future__ import annotations

import numpy as np
import pytest
from people_library import drawn_people

from faceindex.judgement.calibration import of_logistic
from faceindex.people.suggestions import suggestions
from faceindex.types import Labels, Suggestion, Vectors

# Two albums and a single face of person 0, two albums of person 1.
PEOPLE = [0] * 10 + [1] * 4 + [2]
ALBUMS = [1] * 5 + [2] * 4 + [-1] + [3] * 2 + [4] * 2 + [-1]
CALIBRATION = of_logistic(0.6, 0.05)


@pytest.fixture
def vectors() -> Vectors:
    return drawn_people(PEOPLE)


def asked(
    vectors: Vectors, *, person: dict[int, int] | None = None, cannot_link: object = (), hidden: tuple[int, ...] = ()
) -> list[Suggestion]:
    """person: by album."""
    albums: Labels = np.array(ALBUMS, dtype=np.int64)
    people = np.array([(person or {}).get(album, -1) for album in ALBUMS], dtype=np.int64)
    pairs = np.array(cannot_link, dtype=np.int64).reshape(-1, 2)
    ids = np.arange(101, 101 + len(ALBUMS))
    return suggestions(ids, vectors, albums, people, pairs, np.isin(albums, hidden), CALIBRATION)


def pairs(found: list[Suggestion]) -> list[tuple[int | None, int | None, int | None]]:
    return [(one.album, one.other, one.face) for one in found]


def test_what_settles_most_is_asked_first(vectors: Vectors) -> None:
    found = asked(vectors)
    assert pairs(found)[:2] == [(1, 2, None), (3, 4, None)]
    assert [one.settles for one in found] == [4, 2, 1, 1]
    assert {one.face for one in found[2:]} == {110}
    assert all(0.5 <= one.probability <= 1 for one in found)


def test_distance_is_the_root_mean_square_over_all_pairs_of_faces(vectors: Vectors) -> None:
    first, *_ = asked(vectors)
    both = np.linalg.norm(vectors[:5, None] - vectors[None, 5:9], axis=2)
    assert first.distance == pytest.approx(np.sqrt(np.mean(both**2)), rel=1e-4)


def test_the_named_album_comes_first(vectors: Vectors) -> None:
    first, *_ = asked(vectors, person={2: 7})
    assert (first.album, first.other, first.settles) == (2, 1, 5)


def test_two_people_what_is_apart_and_what_is_hidden_are_never_asked_about(vectors: Vectors) -> None:
    assert (1, 2, None) not in pairs(asked(vectors, person={1: 7, 2: 8}))
    assert (1, 2, None) not in pairs(asked(vectors, cannot_link=[(8, 0)]))
    assert (3, 4, None) in pairs(asked(vectors, cannot_link=[(8, 0)]))
    assert {one.album for one in asked(vectors, hidden=(2, 3))} == {1}


def test_no_albums_no_suggestions() -> None:
    none = np.full(3, -1, dtype=np.int64)
    no_pairs = np.empty((0, 2), dtype=np.int64)
    found = suggestions(
        np.arange(3), drawn_people([0, 0, 0]), none, none, no_pairs, np.zeros(3, dtype=np.bool_), CALIBRATION
    )
    assert found == []


def test_groups_with_faces_in_one_photo_are_two_people(vectors: Vectors) -> None:
    albums: Labels = np.array(ALBUMS, dtype=np.int64)
    ids, nobody = np.arange(101, 101 + len(ALBUMS)), np.full(len(ALBUMS), -1)
    no_pairs, shown = np.empty((0, 2), dtype=np.int64), np.zeros(len(ALBUMS), dtype=np.bool_)
    photos = np.arange(len(ALBUMS))
    photos[7] = photos[1]
    found = suggestions(ids, vectors, albums, nobody, no_pairs, shown, CALIBRATION, photos)
    assert (1, 2, None) not in pairs(found)
    assert (3, 4, None) in pairs(found)


def test_strangers_that_are_near_among_many_albums_are_not_asked_about() -> None:
    """At even odds half of these pairs would be called likely; no two of them are one person's."""
    people = [number // 2 for number in range(400)] + list(range(200, 400))
    vectors = 0.7 * drawn_people(people, spread=0.3)
    albums = np.array([number // 2 + 1 for number in range(400)] + [-1] * 200, dtype=np.int64)
    nobody, shown = np.full(len(people), -1), np.zeros(len(people), dtype=np.bool_)
    no_pairs = np.empty((0, 2), dtype=np.int64)
    found = suggestions(np.arange(1, 601), vectors, albums, nobody, no_pairs, shown, CALIBRATION)
    assert found == []
