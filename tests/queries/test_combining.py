"""One probe of several faces, and the first matches of those that are meant."""

from __future__ import annotations

import numpy as np
import pytest

from faceindex.queries.combining import best_overlap, combined, first_accepted, firsts
from faceindex.vectors.nearest import Found


def test_combined_faces_are_nearer_to_their_person_than_most_of_them_are() -> None:
    random = np.random.default_rng(0)
    centre = random.standard_normal(128)
    faces = (centre + 0.7 * random.standard_normal((6, 128))).astype(np.float32)
    probe = combined(faces[:5])
    assert probe.dtype == np.float32
    assert np.linalg.norm(probe - faces[5]) < min(np.linalg.norm(faces[:5] - faces[5], axis=1))


def test_combined_has_the_length_of_its_faces_and_one_face_is_itself() -> None:
    faces = np.array([[3, 0], [0, 5]], dtype=np.float32)
    assert np.linalg.norm(combined(faces)) == pytest.approx(4)
    assert combined(faces)[0] == pytest.approx(combined(faces)[1])  # a long vector counts no more than a short one
    assert combined(faces[:1]) == pytest.approx(faces[0])


def test_opposite_faces_have_a_mean_that_is_no_nan() -> None:
    assert np.isfinite(combined(np.array([[1, 0], [-1, 0]], dtype=np.float32))).all()


def test_as_many_are_looked_for_as_it_takes() -> None:
    ids = np.arange(1000)
    asked: list[int] = []

    def find(k: int) -> Found:
        asked.append(k)
        return ids[:k], ids[:k] / 1000

    def every_hundredth(found: Found) -> Found:
        chosen = found[0] % 100 == 99
        return found[0][chosen], found[1][chosen]

    found, distances = first_accepted(find, 3, every_hundredth)
    assert found.tolist() == [99, 199, 299]
    assert distances.tolist() == [0.099, 0.199, 0.299]
    assert first_accepted(find, 50, every_hundredth)[0].tolist() == list(range(99, 1000, 100))  # there are no more
    assert max(asked) < 4000
    assert first_accepted(find, 5, lambda found: found)[0].tolist() == [0, 1, 2, 3, 4]


def test_firsts_of_groups() -> None:
    assert list(firsts(["a", "b", "a", 3, "b", 3])) == [0, 1, 3]


def test_best_overlap_is_one_that_overlaps() -> None:
    assert best_overlap([0.1, 0.5, 0.2]) == 1
    assert best_overlap([0.0, 0.0]) is None
    assert best_overlap([]) is None
