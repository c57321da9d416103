"""Heads brought to one scale: a factor changes no ranking of pairs."""

from __future__ import annotations

import numpy as np

from faceindex.training.losses import Floats


def at_scale(head: Floats, vectors: Floats) -> Floats:
    """The head, times what keeps the mean squared deviation of `vectors`, so that distances of two heads compare."""
    middle = vectors - vectors.mean(axis=0)
    scaled: Floats = head * np.sqrt(np.square(middle).sum() / np.square(middle @ head).sum())
    return scaled
