"""Recipes and their fingerprints."""

from __future__ import annotations

import pytest

from faceindex.errors import UsageError
from faceindex.faces.recipe import recipe
from faceindex.models.cards import recipe_cards


def test_whatever_changes_a_vector_changes_the_fingerprint() -> None:
    variants = [recipe("dlib"), recipe("dlib-raw"), recipe("dlib", jitter=1), recipe("dlib", jitter=2)]
    variants += [recipe("dlib", landmarks=68), recipe("sface-dlib"), recipe("sface-dlib", jitter=1)]
    assert len({variant.fingerprint for variant in variants}) == len(variants)


def test_fingerprint_is_stable_from_call_to_call() -> None:
    assert recipe("dlib").fingerprint == recipe("dlib").fingerprint


def test_title_names_what_differs_from_the_default() -> None:
    assert recipe().title == "sface-dlib"
    assert recipe("dlib-raw", landmarks=68, jitter=5).title == "dlib-raw landmarks=68 jitter=5"


def test_unknown_recipes_and_options_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="no recipe"):
        recipe("vgg")
    with pytest.raises(UsageError, match="5 or 68"):
        recipe(landmarks=6)
    for jitter in (-1, 1000):
        with pytest.raises(UsageError, match="between 0 and"):
            recipe(jitter=jitter)


def test_error_lists_the_recipes_there_are() -> None:
    with pytest.raises(UsageError, match=", ".join(recipe_cards())):
        recipe("vgg")
