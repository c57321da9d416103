"""Whatever is decided holds: after rebuilds by every method, and undone as if it had not been."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from people_library import drawn_people, store_vectors
from random_decisions import decide_and_rebuild

import faceindex
from faceindex.faces.recipe import recipe


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 30), people=st.lists(st.integers(0, 7), min_size=12, max_size=40))
def test_random_decisions_hold_on_drawn_faces(seed: int, people: list[int]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "x.faces"
        store_vectors(path, drawn_people(people))
        with faceindex.Library(path, create=False) as library:
            library.cluster()
            problems = list(decide_and_rebuild(library, random.Random(seed), 30, (0.3, 0.6)))
    assert problems == []


def test_two_hundred_decisions_hold_on_real_faces(shared_data: Path, tmp_path: Path) -> None:
    images = shared_data / "lfw-dev" / "images"
    several = [folder for folder in sorted(images.iterdir()) if len(list(folder.iterdir())) in range(4, 7)]
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("sface")) as library:
        library.ingest(several[:30], workers=0)  # several workers give ids by chance, and so other decisions each time
        library.cluster()
        problems = list(decide_and_rebuild(library, random.Random(1), 200, (0.98, 0.9)))
        assert len(list(library.history)) >= 200
    assert problems == []


@pytest.mark.long
@pytest.mark.parametrize("name", ["dlib", "sface"])
def test_decisions_hold_on_all_faces(
    name: str, sized: Callable[[int], int], seed: int, shared_data: Path, tmp_path: Path
) -> None:
    chosen = recipe(name)
    people = sorted((shared_data / "lfw-dev" / "images").iterdir())
    with faceindex.Library(tmp_path / "x.faces", recipe=chosen) as library:
        library.ingest(people[: sized(len(people))])
        library.cluster()
        thresholds = (chosen.cluster_threshold, 0.9 * chosen.cluster_threshold)
        assert list(decide_and_rebuild(library, random.Random(seed), sized(200), thresholds)) == []
