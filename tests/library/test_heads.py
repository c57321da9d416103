"""A head is put on a library's vectors: a new library with the same ids and decisions, and no photo opened."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from named_people import named_people, store_named
from PIL import Image

import faceindex
from faceindex.errors import RecipeMismatch, UsageError
from faceindex.faces.recipe import recipe
from faceindex.models.cards import ENVIRONMENT, LearntCard, forget_cards, recipe_cards
from faceindex.models.heads import add_head, headed_card
from faceindex.models.projections import Matrix
from faceindex.store.folder import LibraryFolder
from faceindex.types import Pixels

MATRIX: Matrix = np.eye(128) + 0.05 * np.random.default_rng(0).standard_normal((128, 128))


@pytest.fixture
def heads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Recipes `first` and `second`: `dlib` with a head; `other`: `sface` with one."""
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "models"))
    forget_cards()
    learnt = LearntCard("2026-01-02", "hinge", 100, 0, 200, 0, 10, 0.03, 0.03, 0, 25, 50)
    for name, base, matrix in (("first", "dlib", MATRIX), ("second", "dlib", MATRIX.T), ("other", "sface", MATRIX)):
        add_head(*headed_card(recipe_cards()[base], name, "With a head", matrix, learnt))
    yield
    forget_cards()


@pytest.fixture
def library(heads: None, tmp_path: Path) -> Iterator[faceindex.Library]:
    """Ten named people, two photos each, none of which is there; one was renamed, and one face was erased."""
    folder = LibraryFolder(tmp_path / "old.faces", wanted=recipe("dlib"))
    store_named(folder, *named_people(10, 2))
    folder.close()
    with faceindex.Library(tmp_path / "old.faces", create=False) as opened:
        opened.cluster()
        opened.people.rename("person 0-3", "Ann")
        opened.people.forget("person 0-9")
        yield opened


def test_vectors_go_through_the_head_and_everything_else_stays(library: faceindex.Library, tmp_path: Path) -> None:
    before = library.status()
    done = library.apply_head(tmp_path / "new.faces", "first")
    assert library.status() == before
    assert (done.recipe, done.faces, done.away, done.found) == ("first", 18, 0, done.decided)
    ids, vectors = library.faces.vectors()
    with faceindex.Library(tmp_path / "new.faces", create=False) as new:
        new_ids, headed = new.faces.vectors()
        assert new_ids.tolist() == ids.tolist()
        assert headed == pytest.approx(vectors @ MATRIX, abs=1e-6)
        assert [(face.face, face.person, face.album) for face in new.faces] == [
            (face.face, face.person, face.album) for face in library.faces
        ]
        assert [(one.person, one.id) for one in new.people] == [(one.person, one.id) for one in library.people]
        assert new.care.check(deep=True).damage == ()
        new.history.undo(1)
        assert len(list(new.faces)) == 18


def test_new_photos_go_through_encoder_and_head(heads: None, tmp_path: Path, astronaut: Pixels) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.fromarray(astronaut).save(photos / "one.png")
    with faceindex.Library(tmp_path / "old.faces", recipe="dlib") as old:
        old.ingest([photos])
        old.apply_head(tmp_path / "new.faces", "first")
    with faceindex.Library(tmp_path / "new.faces", create=False) as new:
        (stored,) = new.faces.vectors()[1]
        Image.fromarray(astronaut[:, ::-1]).save(photos / "two.png")
        assert new.ingest([photos]).unchanged == 1
        (analysed,) = faceindex.analyse(astronaut, recipe="first")
        assert analysed.vector == pytest.approx(stored, abs=1e-6)
        assert len(new.faces.vectors()[1]) == 2


def test_libraries_of_different_heads_never_mix(library: faceindex.Library, tmp_path: Path) -> None:
    library.apply_head(tmp_path / "first.faces", "first")
    fingerprints = {recipe(name).fingerprint for name in ("dlib", "first", "second")}
    assert len(fingerprints) == 3
    for name in ("second", "dlib"):
        with pytest.raises(RecipeMismatch, match=f"holds vectors of recipe first, not {name}"):
            faceindex.Library(tmp_path / "first.faces", recipe=name)
    with (
        faceindex.Library(tmp_path / "first.faces") as first,
        pytest.raises(RecipeMismatch, match="the head second was learnt for recipe dlib, not for first"),
    ):
        first.apply_head(tmp_path / "x.faces", "second")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("other", "was learnt for recipe sface, not for dlib"), ("dlib", "there are first, other, second")],
)
def test_a_head_of_another_recipe_is_refused(
    library: faceindex.Library, tmp_path: Path, name: str, reason: str
) -> None:
    with pytest.raises((UsageError, RecipeMismatch), match=reason):
        library.apply_head(tmp_path / "new.faces", name)
    assert not (tmp_path / "new.faces").exists()


def test_a_library_that_holds_anything_is_not_overwritten(library: faceindex.Library, tmp_path: Path) -> None:
    library.apply_head(tmp_path / "new.faces", "first")
    with pytest.raises(UsageError, match="holds a library already"):
        library.apply_head(tmp_path / "new.faces", "first")


def test_a_library_of_an_earlier_schema_is_read_and_stays_as_it_is(heads: None, tmp_path: Path) -> None:
    with tarfile.open(Path(__file__).parents[1] / "store" / "frozen" / "schema_5.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    source = tmp_path / "schema_5"
    ids, vectors = faceindex.Library(source, create=False).faces.vectors()
    before = (source / "catalog.sqlite").read_bytes()
    with faceindex.Library(source, create=False) as old:
        old.apply_head(tmp_path / "new.faces", "first")
    assert (source / "catalog.sqlite").read_bytes() == before
    with faceindex.Library(tmp_path / "new.faces", create=False) as new:
        new_ids, headed = new.faces.vectors()
        assert new_ids.tolist() == ids.tolist()
        assert headed == pytest.approx(vectors @ MATRIX, abs=1e-6)
