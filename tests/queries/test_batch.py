"""Many probes find, each, what a search with it alone finds."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from people_library import BOX, drawn_people, store_vectors

import faceindex
from faceindex.errors import UsageError
from faceindex.queries.probes import Probe
from faceindex.queries.vector_files import OtherLength

PEOPLE = [number % 6 for number in range(240)]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[faceindex.Library]:
    """Six people with forty faces each; all but the last ten of the first three have names. Some faces are removed."""
    vectors = drawn_people(PEOPLE)
    store_vectors(tmp_path / "x.faces", vectors[:120], "first/photo")
    store_vectors(tmp_path / "x.faces", vectors[120:], "last/photo")
    with faceindex.Library(tmp_path / "x.faces", create=False) as opened:
        for number, person in enumerate(PEOPLE[:180], start=1):
            if person < 3:
                opened.people.name(f"Person {person}", face=number)
        yield opened


@pytest.mark.parametrize("removed", [False, True], ids=["whole", "with faces removed since the index was built"])
@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"unnamed": True},
        {"group_by": "person"},
        {"group_by": "photo", "unnamed": True},
        {"among": faceindex.Selection(under="/last")},
        {"among": faceindex.Selection(shows=("Person 1",)), "k": 100},
        {"among": faceindex.Selection(first="1990")},
    ],
    ids=["all", "unnamed", "by person", "unnamed, by photo", "in a folder", "with a person", "of a time"],
)
def test_each_of_many_finds_what_it_finds_alone(
    library: faceindex.Library, tmp_path: Path, wish: dict[str, Any], removed: bool
) -> None:
    library.index.build()
    if removed:
        library.photos.remove([f"/first/photo-{number:05d}.jpg" for number in range(0, 40, 3)])
    vectors = drawn_people([0, 1, 2, 3, 4, 5, 1, 4, 0, 5], seed=0)
    np.save(tmp_path / "v.npy", vectors)
    options = {"k": 7, "threshold": 1.2} | wish
    answers = list(library.search_many(tmp_path / "v.npy", **options))
    alone = [library.faces.matches(Probe(vector, "", "", BOX, 1.0), **options) for vector in vectors]
    assert [answer.matches for answer in answers] == [found.matches for found in alone]
    assert all(len(found.matches) > 0 for found in alone) == ("among" not in wish or wish["among"].first is None)


@pytest.mark.parametrize("length", [1.48, 1.47, 1.0, 1.55])
def test_vectors_of_another_length_than_the_recipes_are_warned_of_once(tmp_path: Path, length: float) -> None:
    store_vectors(tmp_path / "x.faces", drawn_people(PEOPLE[:9]))
    vectors = np.random.default_rng(0).normal(size=(9000, 128)).astype(np.float32)
    vectors *= 1.48 / np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[8500:] *= length / 1.48
    np.save(tmp_path / "v.npy", vectors)
    with (
        faceindex.Library(tmp_path / "x.faces", create=False) as library,
        warnings.catch_warnings(record=True) as said,
    ):
        warnings.simplefilter("always", OtherLength)
        assert len(list(library.search_many(tmp_path / "v.npy", k=1, threshold=1.0))) == 9000
    if abs(length - 1.48) < 0.02:
        assert not said
    else:
        (only,) = said
        assert f"the first is row 8500 ({length:.3f})" in str(only.message)
        assert "recipe dlib (1.48)" in str(only.message)


def test_what_is_no_wish_is_told_before_anything_is_searched(library: faceindex.Library, tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", drawn_people([0]))
    with pytest.raises(UsageError, match="grouped by colour"):
        library.search_many(tmp_path / "v.npy", group_by="colour")
    with pytest.raises(UsageError, match="nobody is called Zoe"):
        list(library.search_many(tmp_path / "v.npy", among=faceindex.Selection(shows=("Zoe",))))
