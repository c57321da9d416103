"""Albums in a crowd resemble many others, and nobody is asked about each of these likenesses."""

from __future__ import annotations

import numpy as np
import pytest

from faceindex.faces.recipe import recipe
from faceindex.judgement import library_calibration as calibrated
from faceindex.judgement.company import SMALLEST, people_among
from faceindex.people.crowded_groups import LONELY, crowding_by, crowding_of_each
from faceindex.people.suggestions import suggestions
from faceindex.types import Labels, Suggestion, Vectors

CALIBRATION = calibrated.of_recipe(recipe("sface-dlib"))
NEAR = 1.0  # at which two albums of seventy are probably one person's
OTHERS = 70


def suggested(resembling: int) -> list[Suggestion]:
    """Of albums of two faces, so many of which are NEAR each other, and OTHERS are far from all."""
    total = resembling + OTHERS
    centres = np.eye(total, dtype=np.float32) * 1.1
    centres[:resembling] *= NEAR / 1.1 / np.sqrt(2)
    vectors: Vectors = np.repeat(centres, 2, axis=0)
    albums: Labels = np.repeat(np.arange(1, total + 1), 2)
    nobody, shown = np.full(2 * total, -1), np.zeros(2 * total, dtype=np.bool_)
    no_pairs = np.empty((0, 2), dtype=np.int64)
    return suggestions(np.arange(2 * total), vectors, albums, nobody, no_pairs, shown, CALIBRATION)


def test_two_that_resemble_each_other_are_asked_about_and_twenty_are_not() -> None:
    assert [(one.album, one.other) for one in suggested(2)] == [(1, 2)]
    assert suggested(20) == []


def test_how_crowded_it_is_follows_from_the_nearest_albums() -> None:
    assert crowding_by([0.5] * 8, SMALLEST - 1, CALIBRATION) == 1
    assert crowding_by([0.5] * (people_among(100) - 1), 100, CALIBRATION) == 1
    crowded = [crowding_by([0.5, *[square] * 7], 100, CALIBRATION) for square in (0.6, 1.0, 1.4, 3.0)]
    assert crowded == sorted(crowded)
    assert crowded[0] < 0.8
    assert crowded[-1] == LONELY
    group = np.array([3, 0, 3, 0, 3, 3, 3, 3, 3, 3])
    square = np.array([0.9, 0.1, 0.8, 0.1, 0.7, 0.6, 0.5, 0.65, 0.75, 0.85])
    each = crowding_of_each(group, square, 5, 100, CALIBRATION)
    assert each.tolist() == pytest.approx([1, 1, 1, crowding_by(sorted(square[group == 3]), 100, CALIBRATION), 1])
    assert each[3] < 1
