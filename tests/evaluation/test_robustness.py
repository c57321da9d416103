"""Robustness on real faces: what is mild is accepted, what nobody can see is not, and strangers are counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceindex.errors import JobCancelled, UsageError
from faceindex.evaluation.robustness import find_subjects, measure_robustness
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import recipe
from faceindex.running.meter import Meter

SFACE = Analyser(recipe("sface"), rated=False)


def photos(labelled_photos: Path) -> list[str]:
    names = ("Al_Pacino", "Adrien_Brody", "Abdullah_Gul")
    return [str(labelled_photos / name / f"{name}_0001.jpg") for name in names]


def test_levels_of_real_faces(labelled_photos: Path) -> None:
    nobody = labelled_photos / "Nobody"
    files = [*photos(labelled_photos), str(nobody / "Nobody_0001.png"), str(nobody / "Nobody_0002.jpg")]
    seen = find_subjects(files, SFACE, Meter())
    assert [subject.person for subject in seen.found] == ["Al_Pacino", "Adrien_Brody", "Abdullah_Gul"]
    assert len(seen.readable) == 4
    assert [Path(failure.path).name for failure in seen.failed] == ["Nobody_0002.jpg"]
    threshold = SFACE.recipe.match_threshold
    levels = {
        (one.kind, one.level): one
        for one in measure_robustness(SFACE, seen.found, ["tilt", "small"], threshold, Meter())
    }
    mild, small, tiny = levels["tilt", 10], levels["small", 48], levels["small", 16]
    assert (mild.tried, mild.found, mild.accepted) == (6, 6, 6)
    assert (small.tried, small.accepted, small.stranger_pairs) == (3, 3, 3)
    assert mild.low is not None
    assert 0.4 < mild.low < 1 == mild.high
    assert tiny.accepted < 3 or tiny.found == 3
    assert levels["tilt", 50].accepted <= levels["tilt", 30].accepted <= 6
    (strict,) = {one.accepted for one in measure_robustness(SFACE, seen.found, ["small"], 0.0, Meter())}
    assert strict == 0
    everybody = measure_robustness(SFACE, seen.found, ["small"], 2.0, Meter())[0]
    assert (everybody.strangers, everybody.stranger_pairs) == (3, 3)


def test_nobody_and_a_stop(labelled_photos: Path) -> None:
    with pytest.raises(UsageError, match="no face"):
        find_subjects([str(labelled_photos / "Nobody" / "Nobody_0001.png")], SFACE, Meter())
    meter = Meter()
    meter.stop.set()
    with pytest.raises(JobCancelled):
        find_subjects(photos(labelled_photos), SFACE, meter)
