"""Every person measured with a head learnt without them: against one fold measured by hand."""

from __future__ import annotations

import numpy as np
import pytest

from faceindex.errors import UsageError
from faceindex.evaluation.folds import person_fold
from faceindex.faces.recipe import recipe
from faceindex.running.meter import Meter
from faceindex.training import crossed as heads
from faceindex.training.crossed import crossed
from faceindex.training.gains import compared
from faceindex.training.head import Descent
from faceindex.training.labelled import TrainingFaces
from faceindex.training.near_pairs import near_pairs, shown
from faceindex.training.plda import plda_head
from faceindex.training.relatives import NO_RELATIVES

PEOPLE, FACES = 120, 3


def drawn(noise: float = 0.2) -> TrainingFaces:
    """People whose faces differ most in four directions out of twelve."""
    random = np.random.default_rng(4)
    who = np.repeat(np.arange(PEOPLE), FACES)
    spread = np.where(np.arange(12) < 4, noise, 0.05)
    vectors = (random.normal(size=(PEOPLE, 12)) * 0.15)[who] + random.normal(size=(len(who), 12)) * spread
    names = tuple(f"person {number}" for number in range(PEOPLE))
    unknown = np.full(len(who), np.nan)
    return TrainingFaces(recipe("dlib"), names, who, vectors.astype(np.float32), unknown, ("x.jpg",) * len(who))


def test_each_fold_is_measured_with_the_head_of_the_others() -> None:
    faces = drawn()
    folds = np.array([person_fold(NO_RELATIVES.family(name), 3) for name in faces.names])[faces.people]
    vectors = faces.vectors.astype(np.float64)
    after = vectors.copy()
    for fold in range(3):
        after[folds == fold] = vectors[folds == fold] @ plda_head(vectors[folds != fold], faces.people[folds != fold])
    found = crossed(faces, Descent("plda"), 3, Meter())
    expected = compared(vectors, after, faces.people, folds)
    assert found.gains[1e-3].after == pytest.approx(expected.gains[1e-3].after, abs=1e-9)
    assert found.gains[1e-3].before == expected.gains[1e-3].before
    assert found.gains[1e-3].gain > 0.05


def test_heads_of_different_scale_are_compared_at_one(monkeypatch: pytest.MonkeyPatch) -> None:
    faces, plain = drawn(), crossed(drawn(), Descent("plda"), 3, Meter())
    sizes = iter((0.5, 1.0, 3.0))
    monkeypatch.setattr(heads, "relearn", lambda x, who, *rest: plda_head(x, who) * next(sizes))
    assert crossed(faces, Descent("plda"), 3, Meter()).gains[1e-3].after == pytest.approx(plain.gains[1e-3].after)


def test_only_faces_of_one_part_are_pairs() -> None:
    faces = drawn()
    parts = (faces.people % 4).astype(np.int64)
    pairs = near_pairs(faces.vectors, faces.people, 0.1, parts)
    alone = [faces.vectors[parts == part] for part in range(4)]
    who = [faces.people[parts == part] for part in range(4)]
    near = []
    for vectors, people in zip(alone, who, strict=True):
        distances = np.linalg.norm(vectors[:, None].astype(np.float64) - vectors, axis=2)
        near.append(distances[np.triu(people[:, None] != people)])
    strangers = np.sort(np.concatenate(near))
    assert pairs.threshold(0.01) == pytest.approx(strangers[int(0.01 * len(strangers)) - 1], abs=1e-5)
    assert shown([1e-3], faces.people) == (1e-3,)
    assert shown([10 / len(strangers), 9.9 / len(strangers)], faces.people, parts) == (10 / len(strangers),)
    assert len(pairs.up_to(0.01).near) < len(pairs.near)
    assert pairs.up_to(0.01).rate(0.01) == pairs.rate(0.01)


def test_too_few_people_for_the_folds_are_refused_in_one_line() -> None:
    faces = drawn().among(np.arange(6))
    with pytest.raises(UsageError, match="too few people"):
        crossed(faces, Descent("plda"), 5, Meter())
