"""Photos of six people, and a library of them without names."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from moved_set import write_photos

import faceindex
from faceindex.faces.recipe import recipe


@pytest.fixture(scope="session")
def photos(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("moved") / "Photos"
    write_photos(shared_data / "lfw-dev" / "images", folder)
    return folder


@pytest.fixture(scope="session")
def ingested(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the photos without names; tests copy it."""
    path = tmp_path_factory.mktemp("moved") / "moved.faces"
    with faceindex.Library(path, recipe=recipe("sface")) as library:
        library.ingest([photos], workers=1)
        library.cluster()
    return path


@pytest.fixture
def library(ingested: Path, tmp_path: Path) -> Iterator[faceindex.Library]:
    shutil.copytree(ingested, tmp_path / "moved.faces")
    with faceindex.Library(tmp_path / "moved.faces") as opened:
        yield opened
