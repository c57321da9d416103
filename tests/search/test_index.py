"""The index follows the library, and is never trusted when it does not belong to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from faceindex.faces.recipe import recipe
from faceindex.photos.finding.entries import FoundFile
from faceindex.search.index import load_or_build, state
from faceindex.store.folder import LibraryFolder
from faceindex.store.writer import Batch
from faceindex.types import AnalysedPhoto, Box, Face


def add_faces(folder: LibraryFolder, name: str, count: int) -> None:
    random = np.random.default_rng(list(name.encode()))
    faces = tuple(
        Face(Box(0, 0, 9, 9), 1.0, np.zeros((5, 2), np.float32), random.standard_normal(128).astype(np.float32), 0.5)
        for _ in range(count)
    )
    with folder.writer() as writer:
        files = [FoundFile(f"/{name}.jpg", 1, 1, False)]
        writer.commit(Batch(photos={name.encode(): (AnalysedPhoto(9, 9, faces), files)}))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[LibraryFolder]:
    opened = LibraryFolder(tmp_path / "x.faces", wanted=recipe())
    add_faces(opened, "a", 5)
    yield opened
    opened.close()


def test_index_is_absent_then_current_then_stale_then_current(folder: LibraryFolder) -> None:
    assert state(folder) == "absent"
    assert len(load_or_build(folder).main.ids) == 5
    assert state(folder) == "current"
    add_faces(folder, "b", 3)
    assert state(folder) == "stale"
    assert len(load_or_build(folder).main.ids) == 8
    assert state(folder) == "current"


def test_saved_index_is_used(folder: LibraryFolder) -> None:
    load_or_build(folder)
    for segment in (folder.path / "vectors").iterdir():
        segment.unlink()  # so that it could not be built again
    assert len(load_or_build(folder).main.ids) == 5


@pytest.mark.parametrize("file", ["faces.faiss", "stamp.json"])
def test_damaged_index_is_rebuilt(folder: LibraryFolder, file: str) -> None:
    load_or_build(folder)
    data = bytearray((folder.index / file).read_bytes())
    data[len(data) // 2] ^= 0xFF
    (folder.index / file).write_bytes(data)
    assert len(load_or_build(folder).main.ids) == 5
    assert load_or_build(folder).main.vectors[0].tolist() == folder.vectors()[1][0].tolist()


def test_deleted_index_is_rebuilt(folder: LibraryFolder) -> None:
    load_or_build(folder)
    shutil.rmtree(folder.index)
    assert len(load_or_build(folder).main.ids) == 5


def test_index_of_another_library_is_not_used(folder: LibraryFolder, tmp_path: Path) -> None:
    other = LibraryFolder(tmp_path / "other.faces", wanted=recipe())
    add_faces(other, "z", 5)
    load_or_build(other)
    shutil.copytree(other.index, folder.index)
    other_vectors = other.vectors()[1]
    assert load_or_build(folder).main.vectors[0].tolist() == folder.vectors()[1][0].tolist()
    assert other_vectors[0].tolist() != folder.vectors()[1][0].tolist()
    other.close()


def test_removed_faces_leave_the_index(folder: LibraryFolder) -> None:
    load_or_build(folder)
    with folder.writer() as writer:  # the photo is edited and shows nobody any more
        files = [FoundFile("/a.jpg", 2, 2, False)]
        writer.commit(Batch(photos={b"edited": (AnalysedPhoto(9, 9, ()), files)}))
    assert len(load_or_build(folder).main.ids) == 0
