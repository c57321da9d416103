"""A calibration is tried on people that it was not fitted to, and refused for too few."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_library import MadeLibrary
from named_people import named_people, store_named

import faceindex
from faceindex.errors import UsageError
from faceindex.evaluation.cross_fit import FEWEST_PEOPLE, CrossFit, cross_fit
from faceindex.evaluation.pictures import draw_calibration


@pytest.fixture(scope="module")
def fitted() -> CrossFit:
    return cross_fit(*named_people(400, 4))


def test_confidences_are_true_of_people_held_out(fitted: CrossFit) -> None:
    assert [each.half for each in fitted.held_out] == ["a", "b"]
    for each in fitted.held_out:
        assert each.pairs.error < 0.03
        assert each.found.error < 0.1
        assert each.found.confidence == pytest.approx(each.found.share, abs=0.1)
        for point in each.fpir[1:]:
            assert point.asked / 2 < point.measured < point.asked * 2
    assert fitted.held_out[0].calibration != fitted.held_out[1].calibration


def test_what_was_fitted_to_is_counted(fitted: CrossFit) -> None:
    assert (fitted.people, fitted.faces) == (400, 1600)
    assert len(fitted.suspects) <= 1
    assert (fitted.same_pairs, fitted.different_pairs) == (400 * 6, 1600 * 1596 // 2)


def test_too_few_people_are_refused_with_the_number_needed() -> None:
    vectors, people, names = named_people(FEWEST_PEOPLE - 1, 3)
    with pytest.raises(UsageError, match="takes 200 people with two faces or more, and there are 199"):
        cross_fit(vectors, people, names)
    with pytest.raises(UsageError, match="there are 0"):
        cross_fit(vectors[:0], people[:0], [])


def test_vectors_that_tell_nothing_are_refused() -> None:
    vectors, people, names = named_people(220, 3)
    with pytest.raises(UsageError, match="no calibration can be fitted"):
        cross_fit(vectors, np.random.default_rng(0).permutation(people), names)


def test_of_people_with_very_many_faces_only_some_are_compared() -> None:
    vectors, people, names = named_people(220, 30)
    assert cross_fit(vectors, people, names).faces == 220 * 22


def test_reliability_is_drawn(fitted: CrossFit, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = draw_calibration(tmp_path / "new" / "reliability.png", "drawn", fitted)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_library_calibrates_on_its_own_named_people(made: MadeLibrary) -> None:
    vectors, people, names = named_people(220, 3)
    store_named(made.folder, vectors, people, names)
    with faceindex.Library(made.folder.path) as library:
        default = library.calibration
        fit = library.care.calibrate()
        assert (fit.people, fit.faces, library.calibration) == (220, 660, default)
        saved = library.care.calibrate(save=True)
        assert (library.calibration, library.status().calibration) == (saved.calibration, "own")
        expected = cross_fit(vectors, people, names).calibration
        assert saved.calibration.threshold(0.01, 10**6) == pytest.approx(expected.threshold(0.01, 10**6), abs=1e-3)
    with faceindex.Library(made.folder.path) as again:
        assert again.calibration == saved.calibration
        again.care.forget_calibration()
        assert (again.calibration, again.status().calibration) == (default, "default")
