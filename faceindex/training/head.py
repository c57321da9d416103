"""A linear head, learnt by descent from the identity, with early stopping on people who are not learnt from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from faceindex.running.meter import Meter
from faceindex.training.batches import BatchSizes, batches
from faceindex.training.losses import DISTANCE_THRESHOLD, Floats, Loss, People, pair_hinge, triplet_loss
from faceindex.training.plda import plda_head

LOSSES = ("hinge", "triplet", "plda")

LOOK = 10
"""Steps between two looks at the people for validation."""

PATIENCE = 4
"""Looks without a better one, after which the descent ends."""

_MOMENTUM = 0.9


@dataclass(frozen=True, slots=True)
class Descent:
    """Settings. rate: of learning. decay: how strongly the identity draws the head back. steps: at most. seed: of the
    batches."""

    loss: str = "hinge"
    rate: float = 0.5
    decay: float = 0.003
    steps: int = 120
    seed: int = 0
    sizes: BatchSizes = field(default_factory=BatchSizes)


@dataclass(frozen=True, slots=True)
class Learnt:
    """head: float64 [d, d]. steps: that made it. looks: (step, loss of the people for validation)."""

    head: Floats
    steps: int
    looks: tuple[tuple[int, float], ...] = ()


def learn(
    vectors: Floats,
    people: People,
    families: Mapping[int, tuple[int, ...]],
    validation: tuple[Floats, People],
    threshold: float,
    settings: Descent,
    meter: Meter,
) -> Learnt:
    """The head with the least loss for other people of all looks, the identity among them.

    vectors: float64 [n, d]. people: int64 [n], from 0 on. families: see `batches`. validation: vectors and people who
    are not learnt from. threshold: the recipe's, Euclidean. Raises: JobCancelled.
    """
    if settings.loss == "plda":
        return Learnt(plda_head(vectors, people), 0)
    best, head = 0, np.eye(vectors.shape[1])
    others, loss = _units(validation[0], threshold, settings.loss)
    kept, looks = head, [(0, loss(others, validation[1]).value)]
    for step, head in _steps(vectors, people, families, threshold, settings):
        meter.advance()
        if step % LOOK and step != settings.steps:
            continue
        looks.append((step, loss(others @ head, validation[1]).value))
        if looks[-1][1] < looks[best][1]:
            best, kept = len(looks) - 1, head
        if step == settings.steps or len(looks) - 1 - best >= PATIENCE:
            break
    return Learnt(kept, looks[best][0], tuple(looks))


def relearn(
    vectors: Floats,
    people: People,
    families: Mapping[int, tuple[int, ...]],
    threshold: float,
    settings: Descent,
    steps: int,
    meter: Meter,
) -> Floats:
    """The head after `steps` of the descent, float64 [d, d], without looks. Raises: JobCancelled."""
    if settings.loss == "plda":
        return plda_head(vectors, people)
    head = np.eye(vectors.shape[1])
    if steps:
        for step, head in _steps(vectors, people, families, threshold, settings):  # noqa: B007  (the last one counts)
            meter.advance()
            if step == steps:
                break
    return head


def _steps(
    vectors: Floats, people: People, families: Mapping[int, tuple[int, ...]], threshold: float, settings: Descent
) -> Iterator[tuple[int, Floats]]:
    """Stochastic gradient descent with momentum on the loss plus decay / 2 * |head - identity|^2."""
    scaled, loss = _units(vectors, threshold, settings.loss)
    head = identity = np.eye(vectors.shape[1])
    velocity = np.zeros_like(head)
    random = np.random.default_rng(settings.seed)
    for step, batch in enumerate(batches(people, families, settings.sizes, random), start=1):
        inputs = scaled[batch]
        gradient = inputs.T @ loss(inputs @ head, people[batch]).gradient + settings.decay * (head - identity)
        velocity = _MOMENTUM * velocity + gradient
        head = head - settings.rate * velocity
        yield step, head


def _units(vectors: Floats, threshold: float, name: str) -> tuple[Floats, Callable[[Floats, People], Loss]]:
    """The vectors in the loss's own units: dlib's threshold is 0.6, and FaceNet's vectors have length 1."""
    if name == "triplet":
        return vectors / np.linalg.norm(vectors, axis=1).mean(), triplet_loss
    return vectors * (DISTANCE_THRESHOLD / threshold), pair_hinge
