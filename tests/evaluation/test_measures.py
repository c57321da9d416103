"""Measures of labelled faces: pairs that no face was found for are counted, and thresholds are the recipe's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from faceindex.errors import UsageError
from faceindex.evaluation.folds import half_of
from faceindex.evaluation.labelled import LabelledFaces
from faceindex.evaluation.measures import (
    measure_albums,
    measure_albums_around,
    measure_all_pairs,
    measure_pairs,
    measure_rejection,
)
from faceindex.evaluation.pairs import parse_pairs
from faceindex.faces.recipe import recipe

DIMENSION = 512  # another recipe's
NAMES = ("Ann", "Bob", "Cid", "Dee")


@pytest.fixture
def faces() -> LabelledFaces:
    """Three people of ten faces each, well apart, but for two faces of one score; Dee has only photos without one."""
    random = np.random.default_rng(3)
    people = np.repeat(np.arange(3), 10)
    vectors = np.eye(3, DIMENSION)[people] + random.normal(scale=0.003, size=(30, DIMENSION))
    vectors[0] += 0.3 * np.eye(DIMENSION)[5]
    photos = tuple(f"/p/{NAMES[person]}/{NAMES[person]}_{n % 10:04d}.jpg" for n, person in enumerate(people))
    return LabelledFaces(
        recipe=recipe("dlib"),
        names=NAMES,
        people=people,
        vectors=vectors.astype(np.float32),
        scores=np.arange(30.0),
        qualities=0.5 + np.arange(30.0) / 60,
        photos=photos,
        without_face=("/p/Dee/1.jpg", "/p/Dee/2.jpg", "/p/Ann/x.jpg"),
        failed=(),
        faceless=np.array([3, 3, 0]),
        copies=0,
        rows={f"{photo.split('/')[2]}/{photo.split('/')[3][:-4]}": row for row, photo in enumerate(photos)},
    )


def test_rates_over_photos_count_those_without_a_face(faces: LabelledFaces) -> None:
    result = measure_all_pairs(faces)
    assert (result.roc.same_pairs, result.roc.different_pairs) == (3 * 45, 300)
    assert result.detectable == pytest.approx(135 / (135 + 10 + 1))
    assert result.tar_of_photos(0.5) == pytest.approx(0.5 * result.detectable)
    assert (result.roc.eer, result.roc.auc) == (0, 1)


def test_one_person_has_no_roc(faces: LabelledFaces) -> None:
    with pytest.raises(UsageError, match="two people"):
        measure_all_pairs(replace(faces, people=np.zeros(30, dtype=np.int64)))


def test_albums_are_made_at_the_threshold_of_the_recipe(faces: LabelledFaces) -> None:
    albums = measure_albums(faces)
    assert (albums.method, albums.threshold) == ("linkage", recipe("dlib").cluster_threshold)
    assert albums.score.bcubed.f == 1.0
    assert albums.threshold in [around.threshold for around in measure_albums_around(faces)]
    assert measure_albums(faces, 0.01).score.alone == 30


def test_albums_of_no_faces_are_refused(faces: LabelledFaces) -> None:
    none = replace(faces, people=faces.people[:0], vectors=faces.vectors[:0], photos=())
    with pytest.raises(UsageError, match="no face was found"):
        measure_albums(none)


def test_rejection_is_by_quality_and_by_the_detectors_score_where_that_is_unknown(faces: LabelledFaces) -> None:
    stranger = faces.vectors.copy()
    stranger[0] = stranger[10]  # Ann's face of lowest quality is one of Bob's
    mistaken = replace(faces, vectors=stranger, scores=faces.scores[::-1])
    counts = measure_all_pairs(faces).counts
    assert measure_rejection(mistaken, measure_all_pairs(mistaken).counts) is None  # a stranger at distance 0
    found = measure_rejection(mistaken, counts)
    assert found is not None
    assert found.by == "quality"
    assert (found.before.false_non_matches, found.before.pairs, found.after.pairs) == (9, 135, 6 + 2 * 45)
    assert found.curve.false_non_match_rate[[0, -1]].tolist() == pytest.approx([9 / 135, 0])
    assert (found.count_ratio, found.rate_ratio) == (0, 0)
    qualities = mistaken.qualities.copy()
    qualities[7] = np.nan
    by_score = measure_rejection(replace(mistaken, qualities=qualities), counts)
    assert by_score is not None
    assert by_score.by == "detector's score"
    assert (by_score.after.false_non_matches, by_score.after.pairs) == (9, 2 * 45 + 6)
    assert by_score.count_ratio == 1
    assert by_score.rate_ratio == pytest.approx(135 / 96)


def test_where_nothing_is_missed_rejection_has_no_ratio(faces: LabelledFaces) -> None:
    found = measure_rejection(faces, measure_all_pairs(faces).counts)
    assert found is not None
    assert (found.count_ratio, found.rate_ratio) == (None, None)


def test_pairs_of_a_half_are_those_of_its_people(faces: LabelledFaces) -> None:
    pairs = parse_pairs(["2", "Ann 1 2", "Bob 1 2", "Ann 1 Bob 1", "Bob 2 Cid 1"], "p")
    halves = {half: [name for name in NAMES[:3] if half_of(name) == half] for half in "ab"}
    whole, _ = measure_pairs(faces, pairs)
    assert (whole.pairs, whole.accuracy, whole.threshold) == (4, 1.0, recipe("dlib").match_threshold)
    for half, people in halves.items():
        inside = [p for p in pairs.pairs if p.first.person in people and p.second.person in people]
        if inside:
            assert measure_pairs(faces, pairs, half)[0].pairs == len(inside)
