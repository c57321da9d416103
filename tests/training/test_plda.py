"""The head of PLDA ranks pairs as the likelihood ratio of its model does, of faces of the same lengths."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from faceindex.training.plda import SHRINKAGE, plda_head


def test_distances_behind_the_head_are_the_difference_term_of_the_likelihood_ratio() -> None:
    random = np.random.default_rng(0)
    root_within, root_between = random.standard_normal((2, 3, 3)) * np.array([0.5, 1.5])[:, None, None]
    people = np.repeat(np.arange(4000), 3)
    vectors = (
        random.standard_normal((4000, 3))[people] @ root_between + random.standard_normal((12000, 3)) @ root_within
    )
    head = plda_head(vectors, people)
    rest = root_within.T @ root_within
    within = (1 - SHRINKAGE) * rest + SHRINKAGE * np.trace(rest) / 3 * np.eye(3)  # as it is shrunk
    between = root_between.T @ root_between + rest / 3 - within / 3

    def ratio(x: np.ndarray, y: np.ndarray) -> float:
        total = between + within
        pair = np.block([[total, between], [between, total]])
        alone = scipy.stats.multivariate_normal(np.zeros(3), total)
        together = scipy.stats.multivariate_normal(np.zeros(6), pair).logpdf(np.concatenate([x, y]))
        return float(together - alone.logpdf(x) - alone.logpdf(y))

    directions = random.standard_normal((20, 3))
    terms = [ratio(x, -x) - ratio(x, x) for x in directions]  # of one length: only the distance differs
    squares = [float(np.square(2 * x @ head).sum()) for x in directions]
    assert np.corrcoef(terms, squares)[0, 1] == pytest.approx(-1, abs=5e-3)
    assert np.abs(head - head.T).max() < 1e-9 * np.abs(head).max()
