"""Settings of learning an encoder, and the rate of learning at each step."""

from __future__ import annotations

import math
from dataclasses import dataclass

LOSSES = ("hinge", "triplet")
DEVICES = ("cpu", "cuda")

LOOK = 20
"""Steps between two looks at the people for validation; a checkpoint is written at each."""

PATIENCE = 5
"""Looks without a better one, after which learning ends."""

_WARM_UP, _LAST = 10, 0.1
"""Steps in which the rate rises to its full value, and the part of it that is left at the end."""


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """loss: see LOSSES. rate: of learning, Adam's. steps: at most. people, faces: P and K of a batch, people with two
    faces or more and faces of each at most. others: further people in a batch, one face each. seed: of batches and
    disturbances. threads: of the CPU."""

    loss: str = "hinge"
    rate: float = 3e-6
    steps: int = 300
    people: int = 24
    faces: int = 4
    others: int = 48
    seed: int = 0
    threads: int = 1

    def rate_at(self, step: int) -> float:
        """Rising linearly at first, then falling as half a cosine (Loshchilov, Hutter 2017, SGDR). step: from 1."""
        if step < _WARM_UP:
            return self.rate * step / _WARM_UP
        share = (step - _WARM_UP) / max(self.steps - _WARM_UP, 1)
        return self.rate * (_LAST + (1 - _LAST) * (1 + math.cos(math.pi * min(share, 1))) / 2)
