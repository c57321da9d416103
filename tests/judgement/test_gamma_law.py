"""The Gamma law's function and its inverse are scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from faceindex.judgement.gamma_law import lower_share, value_of

SHAPES = (0.5, 1.0, 6.3529, 16.125, 60.794, 1000.0)


@pytest.mark.parametrize("shape", SHAPES)
def test_shares_are_those_of_scipy(shape: float) -> None:
    values = np.geomspace(1e-3 * shape, 10 * shape, 600).reshape(20, 30)
    np.testing.assert_allclose(lower_share(shape, values), special.gammainc(shape, values), rtol=1e-11, atol=1e-290)
    assert lower_share(shape, [0.0, 1e12, np.inf]).tolist() == [0.0, 1.0, 1.0]
    assert lower_share(shape, shape).shape == ()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("share", [1e-18, 1e-9, 1e-5, 0.01, 0.5])
def test_the_value_of_a_share_is_that_of_scipy(shape: float, share: float) -> None:
    assert value_of(shape, share) == pytest.approx(special.gammaincinv(shape, share), rel=1e-11)


def test_a_share_too_small_for_a_number_has_a_value_whose_share_it_is() -> None:
    assert lower_share(60.0, value_of(60.0, 1e-300)) == pytest.approx(1e-300, rel=1e-9)
