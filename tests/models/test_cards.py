"""Model cards say what a model is, where it comes from and what it may be used for."""

from __future__ import annotations

import re

from faceindex.models.cards import model_cards


def test_every_card_is_complete() -> None:
    cards = model_cards()
    assert len(cards) >= 6
    for name, card in cards.items():
        assert card.name == name
        assert re.fullmatch(r"[0-9a-f]{64}", card.sha256) or not card.package
        assert card.kind in ("detector", "landmarks", "encoder")
        assert card.licence
        assert card.source


def test_an_encoder_says_how_its_vectors_are_compared() -> None:
    for card in model_cards().values():
        if card.kind == "encoder":
            assert card.dimension is not None
            assert card.size is not None
            assert card.metric is not None


def test_the_predictor_trained_on_non_commercial_data_says_so() -> None:
    assert "non-commercial" in model_cards()["shape_predictor_68_face_landmarks"].licence
