"""A library that nobody waits in says what is missing, and does not make it; jobs do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from people_library import drawn_people, store_vectors

import faceindex
from faceindex.errors import StaleError
from faceindex.people import review
from faceindex.search import index as face_index


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[faceindex.Library]:
    monkeypatch.setattr(face_index, "SMALL", 0)
    monkeypatch.setattr(review, "SMALL", 0)
    store_vectors(tmp_path / "x.faces", drawn_people([0] * 9 + [1, 1]))
    with faceindex.Library(tmp_path / "x.faces", create=False) as opened:
        opened.cluster()
    with faceindex.Library(tmp_path / "x.faces", create=False, wait=False) as opened:
        yield opened


def searched(library: faceindex.Library) -> int:
    (probe,) = library.faces.probes(face=1)
    return len(library.faces.matches(probe, k=3, threshold=1.0).matches)


def test_a_search_says_that_the_index_is_missing(library: faceindex.Library) -> None:
    stale = library.index.stale()
    assert stale is not None
    assert stale.what == "index"
    with pytest.raises(StaleError, match="index build"):
        searched(library)
    assert library.index.report().state == "absent"
    library.index.start_build().result()
    assert library.index.stale() is None
    assert searched(library) == 3


def test_few_new_faces_do_not_make_it_stale_and_many_do(library: faceindex.Library) -> None:
    library.index.build()
    store_vectors(library.path, drawn_people([0]), "new")
    assert library.index.stale() is None
    assert searched(library) == 3
    store_vectors(library.path, drawn_people([number % 3 for number in range(20)]), "many")
    assert library.index.stale() is not None
    with pytest.raises(StaleError):
        searched(library)


def test_suggestions_are_prepared_by_a_job(library: faceindex.Library) -> None:
    with pytest.raises(StaleError, match="not prepared"):
        library.people.suggestions()
    assert library.people.start_prepare().result() > 0
    library.people.suggestions()
    assert library.people.stale() is None
