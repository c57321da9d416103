"""What a head gains on every person, each measured with a head that was learnt without them."""

from __future__ import annotations

import numpy as np

from faceindex.errors import UsageError
from faceindex.evaluation.folds import person_fold
from faceindex.running.meter import Meter
from faceindex.training.gains import Comparison, compared
from faceindex.training.head import Descent, learn, relearn
from faceindex.training.labelled import TrainingFaces
from faceindex.training.relatives import NO_RELATIVES, Relatives
from faceindex.training.scale import at_scale
from faceindex.training.split import numbered

_FOLDS, _VALIDATION = 1000, 150
"""Of those who are left to learn from, these folds tell when to stop: about as many as in `train head`."""


def crossed(
    faces: TrainingFaces, settings: Descent, folds: int, meter: Meter, relatives: Relatives = NO_RELATIVES
) -> Comparison:
    """Learn as many heads as there are folds of people, as `train_head` does, and measure each on its own fold.

    Faces are compared within their folds, and the pairs of all folds are counted together, so that far more false pairs
    are allowed than in one test. The errors are over people, not over heads. Raises: UsageError when a fold has no two
    people, or nobody with two faces is left to learn from; JobCancelled.
    """
    fold = np.array([person_fold(relatives.family(name), folds) for name in faces.names])
    parts = fold[faces.people]
    before = faces.vectors.astype(np.float64)
    after = before.copy()
    meter.stage("learning", 2 * settings.steps * folds)
    for number in range(folds):
        rows = parts == number
        if len(np.unique(faces.people[rows])) < 2:
            raise UsageError(f"there are too few people for {folds} folds")
        after[rows] = before[rows] @ _head(faces, np.flatnonzero(fold != number), settings, relatives, meter)
    meter.stage("measuring")
    return compared(before, after, numbered(faces.people), parts)


def _head(faces: TrainingFaces, known: np.ndarray, settings: Descent, relatives: Relatives, meter: Meter) -> np.ndarray:
    """Learnt from the people `known`: the number of steps from a part of them, then the head from all."""
    watching = np.array([person_fold(relatives.family(faces.names[one]), _FOLDS) < _VALIDATION for one in known])
    inputs = []
    for people in (known[~watching], known[watching], known):
        part = faces.among(people)
        numbers = numbered(part.people)
        if not len(numbers) or np.bincount(numbers).max() < 2:
            raise UsageError("there are too few people with two faces to learn from")
        names = [faces.names[person] for person in np.unique(part.people)]
        inputs.append((part.vectors.astype(np.float64), numbers, relatives.of_people(names)))
    threshold = faces.recipe.match_threshold
    learnt = learn(*inputs[0], inputs[1][:2], threshold, settings, meter)
    return at_scale(relearn(*inputs[2], threshold, settings, learnt.steps, meter), inputs[2][0])
