"""scripts/make_library.py draws libraries like real ones, of any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from make_library import DrawnFaces, make_library

import faceindex


def test_drawn_library_is_whole_and_its_distances_are_those_of_real_faces(shared_data: Path, tmp_path: Path) -> None:
    people = make_library(tmp_path / "x.faces", 20_000, stats=shared_data / "embedding_stats.npz")
    with faceindex.Library(tmp_path / "x.faces") as library:
        status = library.status()
        assert not library.care.check(deep=True).damage
        faces = list(library.faces.with_vectors())
    assert (status.faces, status.photos) == (20_000, 6_666)
    vectors = np.array([vector for _, vector in faces])
    who = people[[record.face for record, _ in faces]]
    near = np.linalg.norm(vectors[:-1] - vectors[1:], axis=1)
    assert near[who[:-1] != who[1:]].mean() == pytest.approx(0.85, abs=0.03)
    _, first, counts = np.unique(who, return_index=True, return_counts=True)
    pairs = [np.flatnonzero(who == who[place])[:2] for place in first[counts > 1][:500]]
    assert np.mean([np.linalg.norm(vectors[a] - vectors[b]) for a, b in pairs]) == pytest.approx(0.45, abs=0.03)
    assert counts.max() > 20 * np.median(counts)  # heavy-tailed


def test_faces_are_the_same_however_they_are_asked_for(shared_data: Path) -> None:
    drawn = DrawnFaces(1000, shared_data / "embedding_stats.npz", 1.48, seed=3)
    again = DrawnFaces(1000, shared_data / "embedding_stats.npz", 1.48, seed=3)
    again.vectors(0, 100)
    assert np.array_equal(drawn.vectors(100, 200), again.vectors(100, 200))
    assert np.linalg.norm(drawn.others(5, seed=1), axis=1) == pytest.approx(1.48, abs=1e-5)
