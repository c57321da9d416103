"""Detection: found faces matched with true ones, each used once."""

from __future__ import annotations

import pytest

from faceindex.evaluation.detection import MIN_OVERLAP, DetectionScore, score_boxes, score_points
from faceindex.types import Box


def square(x: int, y: int, side: int = 10) -> Box:
    return Box(x, y, side, side)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (square(0, 0), square(0, 0), 1.0),
        (square(0, 0), square(5, 0), 50 / 150),
        (square(0, 0), square(5, 5), 25 / 175),
        (square(0, 0), square(10, 0), 0.0),
        (square(0, 0), square(30, 40), 0.0),
        (square(0, 0), square(2, 2, side=5), 0.25),
        (square(-5, -5), square(0, 0), 25 / 175),
        (Box(0, 0, 20, 10), Box(0, 0, 10, 20), 100 / 300),
    ],
)
def test_overlap_is_intersection_over_union(a: Box, b: Box, expected: float) -> None:
    assert a.overlap(b) == pytest.approx(expected)
    assert b.overlap(a) == pytest.approx(expected)


def test_boxes_apart_in_both_directions_do_not_overlap() -> None:
    assert square(0, 0).overlap(square(100, 100)) == 0.0  # two negative sides make no area


def test_every_true_face_found_and_nothing_else() -> None:
    true = [square(0, 0), square(50, 50)]
    assert score_boxes([square(51, 49), square(1, 1)], true) == DetectionScore(found=2, true=2, false=0)


def test_missed_faces_and_false_ones_are_counted() -> None:
    found, true = [square(0, 0), square(200, 200)], [square(0, 0), square(50, 50), square(90, 90)]
    assert score_boxes(found, true) == DetectionScore(found=1, true=3, false=1)


def test_a_true_face_is_found_once_and_the_second_box_on_it_is_false() -> None:
    assert score_boxes([square(0, 0), square(1, 0)], [square(0, 0)]) == DetectionScore(found=1, true=1, false=1)


def test_one_box_over_two_faces_finds_one() -> None:
    true = [Box(0, 0, 10, 10), Box(10, 0, 10, 10)]
    assert score_boxes([Box(0, 0, 20, 10)], true) == DetectionScore(found=1, true=2, false=0)


def test_the_best_overlap_is_matched_first() -> None:
    # Matched in the order given, the first box would take the first face and leave the second box none.
    true = [square(0, 0), square(6, 0)]
    found = [square(3, 0), square(0, 0)]
    assert score_boxes(found, true) == DetectionScore(found=2, true=2, false=0)


def test_a_box_counts_from_the_least_overlap_on() -> None:
    assert MIN_OVERLAP == 0.3
    true = [Box(0, 0, 10, 10)]
    assert score_boxes([Box(0, 0, 3, 10)], true) == DetectionScore(found=1, true=1, false=0)
    assert score_boxes([Box(0, 0, 2, 10)], true) == DetectionScore(found=0, true=1, false=1)


def test_a_photo_without_faces_has_only_false_ones() -> None:
    assert score_boxes([], []) == DetectionScore(0, 0, 0)
    assert score_boxes([square(0, 0)], []) == DetectionScore(found=0, true=0, false=1)
    assert score_boxes([], [square(0, 0)]) == DetectionScore(found=0, true=1, false=0)


def test_scores_of_photos_add_up() -> None:
    assert DetectionScore(1, 2, 3) + DetectionScore(10, 20, 30) == DetectionScore(11, 22, 33)
    assert sum([DetectionScore(1, 1, 0)] * 3, DetectionScore()) == DetectionScore(3, 3, 0)


def test_a_nose_inside_a_box_is_a_face_found() -> None:
    assert score_points([square(0, 0), square(50, 50)], [(5, 5), (90, 90)]) == DetectionScore(found=1, true=2, false=1)


@pytest.mark.parametrize(
    ("nose", "inside"), [((0, 0), True), ((9, 9), True), ((10, 5), False), ((5, 10), False), ((-1, 5), False)]
)
def test_a_box_ends_before_its_right_and_lower_edges(nose: tuple[int, int], inside: bool) -> None:
    assert score_points([square(0, 0)], [nose]).found == inside


def test_a_nose_is_found_once_and_so_is_a_box() -> None:
    assert score_points([square(0, 0), square(1, 1)], [(5, 5)]) == DetectionScore(found=1, true=1, false=1)
    assert score_points([square(0, 0)], [(4, 4), (6, 6)]) == DetectionScore(found=1, true=2, false=0)


def test_the_nose_nearest_to_the_middle_is_matched_first() -> None:
    # The large box holds both noses; the small one only that in its middle.
    found = [Box(0, 0, 30, 30), Box(2, 2, 6, 6)]
    assert score_points(found, [(5, 5), (14, 14)]) == DetectionScore(found=2, true=2, false=0)
