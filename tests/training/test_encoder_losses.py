"""The losses in torch are those in NumPy, value and gradient, and triplets those of pytorch-metric-learning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from faceindex.training import losses

torch = pytest.importorskip("torch", exc_type=ImportError)
encoder_losses = pytest.importorskip("faceindex.training.encoder.torch_losses")


def drawn_batch(random: np.random.Generator) -> tuple[losses.Floats, losses.People]:
    """Up to forty faces around dlib's threshold, few or many people, so that there are also few negatives."""
    count = int(random.integers(4, 41))
    people = random.integers(0, max(2, count // int(random.integers(2, 8))), count)
    people[:3] = (0, 0, 1)
    return random.normal(size=(count, 16)) * random.uniform(0.05, 0.2), people


def with_gradient(loss: Any, vectors: losses.Floats, people: losses.People) -> tuple[float, losses.Floats]:
    given = torch.tensor(vectors, requires_grad=True)
    value = loss(given, torch.tensor(people))
    value.backward()
    return float(value.detach()), given.grad.numpy()


def test_pair_hinge_has_the_value_and_the_gradient_of_numpys_on_a_thousand_batches() -> None:
    random, fewer = np.random.default_rng(0), 0
    for _ in range(1000):
        vectors, people = drawn_batch(random)
        wanted = losses.pair_hinge(vectors, people)
        value, gradient = with_gradient(encoder_losses.pair_hinge, vectors, people)
        assert value == pytest.approx(wanted.value, abs=1e-12)
        np.testing.assert_allclose(gradient, wanted.gradient, atol=1e-12)
        same = people[:, None] == people
        fewer += int(2 * same.sum() - len(people) > same.size)
    assert fewer > 20  # batches with more pairs of one person than of two


def test_faces_in_one_place_give_no_gradient_that_is_not_a_number() -> None:
    vectors, people = np.zeros((6, 4)), np.array([0, 0, 0, 1, 1, 1])
    vectors[:3, 0] = 0.7 * np.arange(3)
    wanted = losses.pair_hinge(vectors, people)
    value, gradient = with_gradient(encoder_losses.pair_hinge, vectors, people)
    assert value == pytest.approx(wanted.value)
    np.testing.assert_allclose(gradient, wanted.gradient, atol=1e-12)
    for of_one_kind in (np.zeros(6, dtype=np.int64), np.arange(6)):
        with pytest.raises(ValueError, match="a pair of one person and a pair of two people"):
            with_gradient(encoder_losses.pair_hinge, vectors, of_one_kind)


def test_triplets_and_their_loss_are_those_of_numpy() -> None:
    random, found = np.random.default_rng(1), 0
    for _ in range(200):
        vectors, people = drawn_batch(random)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        triplets = losses.semi_hard_triplets(vectors, people)
        found += len(triplets)
        mined = encoder_losses.semi_hard_triplets(torch.tensor(vectors), torch.tensor(people))
        np.testing.assert_array_equal(mined.numpy(), triplets)
        wanted = losses.triplet_loss(vectors, people)
        value, gradient = with_gradient(encoder_losses.triplet_loss, vectors, people)
        assert value == pytest.approx(wanted.value, abs=1e-12)
        np.testing.assert_allclose(gradient, wanted.gradient, atol=1e-12)
    assert found > 2_000


def test_triplets_are_among_the_semi_hard_ones_of_pytorch_metric_learning() -> None:
    pytest.importorskip("pytorch_metric_learning")
    from pytorch_metric_learning.distances import LpDistance
    from pytorch_metric_learning.miners import TripletMarginMiner

    miner = TripletMarginMiner(losses.ALPHA, "semihard", distance=LpDistance(normalize_embeddings=False, power=2))
    random = np.random.default_rng(3)
    for _ in range(50):
        vectors, people = drawn_batch(random)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        all_of_them = torch.stack(miner(torch.tensor(vectors), torch.tensor(people)), dim=1).numpy()
        mined = encoder_losses.semi_hard_triplets(torch.tensor(vectors), torch.tensor(people)).numpy()
        theirs = {tuple(each) for each in all_of_them.tolist()}
        assert {tuple(each) for each in mined.tolist()} <= theirs
        assert {each[:2] for each in theirs} == {tuple(each[:2]) for each in mined.tolist()}
