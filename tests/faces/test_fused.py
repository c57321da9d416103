"""Two encoders side by side, through the projection of recipe `sface-dlib`; and projections of a user's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

import faceindex
from faceindex.errors import ModelError, UsageError
from faceindex.faces.align import align
from faceindex.faces.detect import detect
from faceindex.faces.encode import encode
from faceindex.faces.recipe import Recipe, recipe
from faceindex.models.cards import ProjectionCard, RecipeCard, card_from, forget_cards, read_table
from faceindex.models.projections import projection
from faceindex.types import Pixels

SHIPPED = Path(__file__).parents[2] / "models" / "recipes"


def fused_card() -> ProjectionCard:
    card = recipe("sface-dlib").card.projection
    assert card is not None
    return card


def without_projection() -> Recipe:
    fused = recipe("sface-dlib")
    return replace(fused, card=replace(fused.card, projection=None), dimension=256)


def test_vector_is_the_projection_of_both_vectors_side_by_side(astronaut: Pixels) -> None:
    (found,) = detect(astronaut)
    landmarks, chips = align(astronaut, found, recipe("sface-dlib"))
    assert [chip.shape[0] for chip in chips] == [112, 150]
    assert found.points is not None
    assert np.array_equal(landmarks, found.points)
    sface = encode([chips[:1]], recipe("sface"))[0]
    dlib = encode([chips[1:]], recipe("dlib-raw"))[0].astype(np.float64)
    both = np.concatenate([sface, 1.2 * dlib / np.linalg.norm(dlib)])
    matrix = projection(fused_card(), 256)
    (vector,) = encode([chips], recipe("sface-dlib"))
    assert vector.shape == (128,)
    assert np.abs(vector - (both @ matrix[1:] + matrix[0])).max() <= 1e-5
    (side_by_side,) = encode([chips], without_projection())
    assert np.abs(side_by_side - both).max() <= 1e-5


def test_faces_encoded_together_and_alone_have_the_same_vectors(astronaut: Pixels) -> None:
    (found,) = detect(astronaut)
    chips = align(astronaut, found, recipe("sface-dlib"))[1]
    darker = [chip // 2 for chip in chips]
    together = encode([chips, darker], recipe("sface-dlib"))
    alone = [encode([face], recipe("sface-dlib"))[0] for face in (chips, darker)]
    assert np.abs(together - alone).max() <= 1e-5
    assert encode([], recipe("sface-dlib")).shape == (0, 128)


def test_whatever_changes_a_fused_vector_changes_the_fingerprint() -> None:
    fused = recipe("sface-dlib")
    card, second = fused.card, fused.card.second
    assert second is not None
    others = [
        replace(card, second=replace(second, weight=1.3)),
        replace(card, second=replace(second, paddings=(0.25,))),
        replace(card, follow_tilt=None),
        replace(card, projection=replace(fused_card(), sha256="0" * 64)),
    ]
    prints = {fused.fingerprint, *(replace(fused, card=other).fingerprint for other in others)}
    assert len(prints) == 5


def test_it_needs_the_points_of_yunet() -> None:
    for name in ("sface-dlib", "sface-upright"):
        with pytest.raises(UsageError, match="yunet"):
            recipe(name, detector="hog")


def test_a_library_is_moved_to_it(astronaut: Pixels, many_photos: Path, tmp_path: Path) -> None:
    with faceindex.Library(tmp_path / "library", recipe="dlib") as library:
        library.ingest([many_photos])
        library.reencode(tmp_path / "fused", "sface-dlib", workers=0)
    with faceindex.Library(tmp_path / "fused") as library:
        assert library.recipe.name == "sface-dlib"
        assert library.faces.vectors()[1].shape == (20, 128)
        (probe,) = library.search(astronaut, k=1)
        assert probe.matches[0].distance < recipe("sface-dlib").match_threshold


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "models"
    (folder / "recipes").mkdir(parents=True)
    monkeypatch.setenv("FACEINDEX_MODELS", str(folder))
    forget_cards()
    yield folder
    forget_cards()


def npy(matrix: np.ndarray) -> bytes:
    file = BytesIO()
    np.save(file, matrix)
    return file.getvalue()


def own_projection(models: Path, data: bytes, digest: str | None = None) -> None:
    (models / "recipes" / "mine.npy").write_bytes(data)
    card = (SHIPPED / "sface.toml").read_text().replace('name = "sface"', 'name = "mine"')
    table = (
        f'[projection]\nfile = "mine.npy"\ndimension = 16\nsha256 = "{digest or hashlib.sha256(data).hexdigest()}"\n'
    )
    (models / "recipes" / "mine.toml").write_text(f"{card}\n{table}")
    forget_cards()


def test_a_users_own_projection_is_used(models: Path, astronaut: Pixels) -> None:
    matrix = np.random.default_rng(0).normal(size=(129, 16)).astype(np.float32)
    own_projection(models, npy(matrix))
    (plain,) = faceindex.analyse(astronaut, recipe="sface")
    (face,) = faceindex.analyse(astronaut, recipe="mine")
    expected = plain.vector @ matrix[1:] + matrix[0]
    assert np.abs(face.vector - expected / np.linalg.norm(expected)).max() <= 1e-5  # the card's length is 1


@pytest.mark.parametrize(
    ("data", "digest", "reason"),
    [
        (npy(np.zeros((129, 16), dtype=np.float32)), "0" * 64, "sha256 differs"),
        (npy(np.zeros((128, 16), dtype=np.float32)), None, "129 x 16"),
        (npy(np.zeros((129, 16), dtype=np.int64)), None, "floats"),
        (npy(np.full((129, 16), np.nan, dtype=np.float32)), None, "not numbers"),
        (b"nothing", None, "NumPy file"),
    ],
)
def test_a_projection_that_is_not_what_the_card_says_is_refused(
    models: Path, astronaut: Pixels, data: bytes, digest: str | None, reason: str
) -> None:
    own_projection(models, data, digest)
    with pytest.raises(ModelError, match=reason):
        faceindex.analyse(astronaut, recipe="mine")


def test_a_missing_projection_is_named(models: Path, astronaut: Pixels) -> None:
    own_projection(models, npy(np.zeros((129, 16), dtype=np.float32)))
    (models / "recipes" / "mine.npy").unlink()
    with pytest.raises(ModelError, match=r"mine\.npy"):
        faceindex.analyse(astronaut, recipe="mine")


def test_tables_of_a_card_are_checked() -> None:
    values = read_table(SHIPPED / "sface-dlib.toml")
    for table, wrong in (("second", {"encoder": "sface"}), ("projection", {"file": "x"}), ("second", 3)):
        with pytest.raises(ModelError, match=table):
            card_from(values | {table: wrong}, RecipeCard, "the card")
