"""Libraries as former versions of faceindex wrote them, one for each schema that was in use.

frozen/schema_N.tar.xz was made by a revision of the repository with that schema (scripts/freeze_library.py): two photos
of an astronaut (a NASA picture in the public domain) ingested, clustered and, from schema 3 on, named.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest

import faceindex
from faceindex.store.migrations import MIGRATIONS

FROZEN = Path(__file__).with_name("frozen")
SCHEMAS = sorted(int(file.name.split("_")[1].split(".")[0]) for file in FROZEN.glob("schema_*.tar.xz"))
NAMED_FROM = 3
NEVER_IN_USE = {9}
"""Schemas whose migration was merged together with the next one: no revision has made a library of them."""


def test_there_is_one_of_every_schema_before_todays() -> None:
    former = set(range(1, len(MIGRATIONS))) - NEVER_IN_USE
    assert former <= set(SCHEMAS), "run scripts/freeze_library.py COMMIT, with the last commit that has that schema"


@pytest.fixture(params=SCHEMAS)
def schema(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def frozen(schema: int, tmp_path: Path) -> Path:
    with tarfile.open(FROZEN / f"schema_{schema}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    library = tmp_path / f"schema_{schema}"
    for entry in (library, *library.rglob("*")):
        entry.chmod(0o700 if entry.is_dir() else 0o600)
    return library


def test_it_opens_with_all_that_was_in_it(frozen: Path, schema: int) -> None:
    with faceindex.Library(frozen, create=False) as library:
        assert [Path(photo.path).name for photo in library.photos] == ["astronaut.jpg", "smaller.jpg"]
        ids, vectors = library.faces.vectors()
        assert ids.tolist() == [1, 2]
        assert 0.01 < float(np.linalg.norm(vectors[0] - vectors[1])) < 0.4
        assert [album.faces for album in library.albums] == [2]
        names = [person.person for person in library.people]
        assert names == (["Eileen Collins"] if schema >= NAMED_FROM else [])
        assert library.care.check(deep=True).damage == ()


def test_it_is_searched_named_and_undone(frozen: Path, tmp_path: Path) -> None:
    with faceindex.Library(frozen, create=False) as library:
        np.save(tmp_path / "probes.npy", library.faces.vectors()[1])
        found = [
            [match.face for match in answer.matches] for answer in library.search_many(tmp_path / "probes.npy", k=2)
        ]
        assert found == [[1, 2], [2, 1]]
        before = [person.person for person in library.people]
        library.people.name("Commander", face=2)
        assert "Commander" in [person.person for person in library.people]
        library.history.undo()
        assert [person.person for person in library.people] == before
