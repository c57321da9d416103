"""Weights are found without importing their package, and are never used unchecked."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from faceindex.errors import ModelError
from faceindex.models.cards import ENVIRONMENT, model_cards
from faceindex.models.weights import find_weights, weights

SMALL = "mmod_human_face_detector"


def test_every_model_is_installed_and_as_its_card_says() -> None:
    for name in (name for name, card in model_cards().items() if card.package):
        assert weights(name).is_file()


def test_the_package_that_carries_the_weights_is_not_imported() -> None:
    weights(SMALL)
    assert "face_recognition_models" not in sys.modules


def test_folder_in_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(weights(SMALL), tmp_path)
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    assert weights(SMALL).parent == tmp_path


def test_altered_weights_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = model_cards()[SMALL]
    altered = bytearray(weights(SMALL).read_bytes())
    altered[len(altered) // 2] ^= 1
    (tmp_path / card.file).write_bytes(altered)
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    with pytest.raises(ModelError, match=card.file):
        weights(SMALL)


def test_file_that_is_altered_later_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = Path(shutil.copy(weights(SMALL), tmp_path))
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    weights(SMALL)
    copy.write_bytes(copy.read_bytes() + b"x")
    with pytest.raises(ModelError):
        weights(SMALL)


def test_missing_weights_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceindex.models.weights.find_spec", lambda name: None)
    assert find_weights(model_cards()[SMALL]) is None
    with pytest.raises(ModelError, match="pip install face_recognition_models"):
        weights(SMALL)
