"""Naming over drawn people: who is enrolled is named, and too few photos are said to be so."""

from __future__ import annotations

import numpy as np
import pytest
from named_people import named_people

from faceindex.errors import UsageError
from faceindex.evaluation.identify_methods import METHODS, measure_naming
from faceindex.evaluation.labelled import LabelledFaces
from faceindex.faces.recipe import recipe


def labelled(people: int, photos: int) -> LabelledFaces:
    vectors, who, names = named_people(people, photos)
    return LabelledFaces(
        recipe=recipe("dlib"),
        names=tuple(names),
        people=who,
        vectors=vectors,
        scores=np.ones(len(who)),
        qualities=np.ones(len(who)),
        photos=tuple(f"/{number}.jpg" for number in range(len(who))),
        without_face=(),
        failed=(),
        faceless=np.array([], dtype=np.int64),
        copies=0,
        rows={},
    )


@pytest.mark.parametrize(("photos", "gallery", "mated"), [(1, 10, 30), (3, 30, 10), (None, 30, 10)])
def test_every_method_names_well_parted_people(photos: int | None, gallery: int, mated: int) -> None:
    found = measure_naming(labelled(20, 4), photos, most=1000)
    assert [one.method for one in found] == list(METHODS)
    for one in found:
        assert (one.photos, one.gallery) == (photos, gallery)
        named = one.identification
        assert (len(named.scores), len(named.stranger_scores)) == (mated, 40)
        assert named.rank_1 == 1.0
        assert named.dir(0.1) > 0.9


def test_one_photo_of_each_leaves_no_probe() -> None:
    with pytest.raises(UsageError, match="too few photos"):
        measure_naming(labelled(20, 1), 1, most=10)
