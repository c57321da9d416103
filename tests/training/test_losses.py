"""Losses have the values and gradients of their definitions: dlib's loop over pairs, FaceNet's choice of triplets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from faceindex.training.losses import (
    ALPHA,
    DISTANCE_THRESHOLD,
    MARGIN,
    Floats,
    Loss,
    People,
    pair_hinge,
    semi_hard_triplets,
    triplet_loss,
)


def random_batches(count: int) -> Iterator[tuple[Floats, People]]:
    """Vectors some 0.3 to 1 apart, of two to six people; of two, most pairs are of one person."""
    random = np.random.default_rng(0)
    for _ in range(count):
        size, most = int(random.integers(3, 14)), int(random.integers(2, 7))
        people = random.integers(0, most, size)
        people[:3] = 0, 0, 1
        centres = random.standard_normal((most, 4)) * 0.2
        yield centres[people] + random.standard_normal((size, 4)) * random.uniform(0.05, 0.3), people


def by_dlib(vectors: Floats, people: People) -> Loss:
    """`loss_metric_::compute_loss_value_and_gradient` of dlib/dnn/loss.h, line by line."""
    count = len(vectors)
    distance = [[math.dist(a, b) for b in vectors] for a in vectors]
    num_pos_samps = num_neg_samps = 0.0001
    temp_threshs = []
    for r in range(count):
        for c in range(r + 1, count):
            if people[r] == people[c]:
                num_pos_samps += 1
            else:
                num_neg_samps += 1
                temp_threshs.append(distance[r][c] ** 2)
    scale = 0.5 / num_pos_samps
    temp_threshs.sort()
    neg_thresh = math.sqrt(temp_threshs[int(min(num_pos_samps, num_neg_samps) - 1)]) * (1 + 1e-12)
    grad_mul = np.zeros((count, count))
    loss = 0.0
    for r in range(count):
        for c in range(count):
            d2 = distance[r][c]
            if r == c:
                continue
            if people[r] == people[c]:
                if d2 >= DISTANCE_THRESHOLD - MARGIN:
                    loss += scale * (d2 - (DISTANCE_THRESHOLD - MARGIN))
                    grad_mul[r][r] += scale / d2
                    grad_mul[r][c] = -scale / d2
            elif not (d2 > DISTANCE_THRESHOLD + MARGIN or d2 > neg_thresh):
                loss += scale * ((DISTANCE_THRESHOLD + MARGIN) - d2)
                d2 = max(d2, 0.001)
                grad_mul[r][r] -= scale / d2
                grad_mul[r][c] = scale / d2
    return Loss(loss, grad_mul @ vectors)


def test_the_pair_hinge_is_dlibs_on_a_thousand_batches() -> None:
    fewer_negatives = 0
    for vectors, people in random_batches(1000):
        ours, theirs = pair_hinge(vectors, people), by_dlib(vectors, people)
        assert ours.value == pytest.approx(theirs.value, rel=1e-10, abs=1e-12)
        assert ours.gradient == pytest.approx(theirs.gradient, rel=1e-9, abs=1e-10)
        same = int(np.sum(np.triu(people[:, None] == people, k=1)))
        fewer_negatives += len(people) * (len(people) - 1) // 2 - same < same
    assert fewer_negatives > 40


@pytest.mark.parametrize("people", [[0, 0, 0], [0, 1, 2]])
def test_a_batch_without_pairs_of_both_kinds_is_refused(people: list[int]) -> None:
    with pytest.raises(ValueError, match="a pair of one person and a pair of two people"):
        pair_hinge(np.eye(3), np.array(people))


@pytest.mark.parametrize(("loss", "share"), [(pair_hinge, 0.5), (triplet_loss, 1.0)])
def test_gradients_are_those_of_the_value(loss: Callable[[Floats, People], Loss], share: float) -> None:
    """dlib's gradient is half of the derivative of the value that it reports."""
    step = 1e-7
    moved = 0
    for vectors, people in random_batches(30):
        found = loss(vectors, people)
        for place in np.ndindex(vectors.shape):
            high, low = vectors.copy(), vectors.copy()
            high[place] += step
            low[place] -= step
            slope = (loss(high, people).value - loss(low, people).value) / (2 * step)
            assert found.gradient[place] == pytest.approx(share * slope, abs=1e-6)
        moved += bool(found.value)
    assert moved > 20


def by_facenet(vectors: Floats, people: People) -> set[tuple[int, int, int]]:
    triplets = set()
    for a in range(len(vectors)):
        for p in range(len(vectors)):
            if p == a or people[p] != people[a]:
                continue
            near = math.dist(vectors[a], vectors[p]) ** 2
            away = [(math.dist(vectors[a], vectors[n]) ** 2, n) for n in range(len(vectors)) if people[n] != people[a]]
            semi_hard = [(d, n) for d, n in away if near < d < near + ALPHA]
            if semi_hard:
                triplets.add((a, p, min(semi_hard)[1]))
    return triplets


def test_triplets_are_those_of_brute_force() -> None:
    found = 0
    for vectors, people in random_batches(300):
        triplets = semi_hard_triplets(vectors, people)
        assert {tuple(each) for each in triplets.tolist()} == by_facenet(vectors, people)
        assert len({tuple(each) for each in triplets.tolist()}) == len(triplets)
        a, p, n = (vectors[places] for places in triplets.T)
        each = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + ALPHA
        assert triplet_loss(vectors, people).value == pytest.approx(each.mean() if len(each) else 0)
        found += len(triplets)
    assert found > 1000


def test_the_pair_hinge_is_pytorch_metric_learnings() -> None:
    """Its ContrastiveLoss(0.56, 0.64) over distances as they are: pairs of one person, and as many worst others."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    losses = pytest.importorskip("pytorch_metric_learning.losses", reason="pytorch-metric-learning is not installed")
    distances = pytest.importorskip("pytorch_metric_learning.distances")
    reducers = pytest.importorskip("pytorch_metric_learning.reducers")
    contrastive = losses.ContrastiveLoss(
        DISTANCE_THRESHOLD - MARGIN,
        DISTANCE_THRESHOLD + MARGIN,
        distance=distances.LpDistance(normalize_embeddings=False),
        reducer=reducers.MeanReducer(),
    )
    for vectors, people in random_batches(100):
        inputs = torch.tensor(vectors, requires_grad=True)
        first, second = np.triu_indices(len(people), k=1)
        same = people[first] == people[second]
        away = np.linalg.norm(vectors[first] - vectors[second], axis=1)
        worst = np.flatnonzero(~same)[np.argsort(away[~same])][: int(same.sum())]
        if len(worst) < same.sum() or len(worst) < 2:
            continue  # the mean of fewer negatives is another one than dlib's; and it takes a single pair for none
        pairs = [torch.tensor(places) for places in (first[same], second[same], first[worst], second[worst])]
        value = contrastive(inputs, torch.tensor(people), pairs)
        value.backward()
        ours = pair_hinge(vectors, people)
        assert ours.value == pytest.approx(float(value.detach()), rel=1e-3)
        assert 2 * ours.gradient == pytest.approx(inputs.grad.numpy(), rel=1e-3, abs=1e-6)
