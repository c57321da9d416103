"""No damaged picture is read as if nothing had happened, and no whole one is doubted."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


@pytest.fixture(scope="module")
def script() -> Iterator[dict[str, Any]]:
    sys.path.insert(0, str(SCRIPTS))
    yield runpy.run_path(str(SCRIPTS / "damaged_photos.py"))
    sys.path.remove(str(SCRIPTS))


def test_no_png_with_an_altered_byte_is_silent(script: dict[str, Any]) -> None:
    for damaged in script["damaged_pngs"](90, seed=11):
        outcome, reason = script["judged"](damaged)
        assert outcome != "SILENT", (damaged.name, reason)
        assert "\n" not in reason


def test_no_photo_whose_tail_is_zeros_is_silent(script: dict[str, Any]) -> None:
    outcomes = [(damaged.name, script["judged"](damaged)) for damaged in script["zeroed_tails"](53, seed=12)]
    assert not [name for name, (outcome, _) in outcomes if outcome == "SILENT"]
    assert sum(outcome == "failure" for _, (outcome, _) in outcomes) > 30


@pytest.mark.parametrize("picture", ["face", "half-black", "black-above", "black", "white", "island"])
def test_whole_photos_of_every_format_are_read_without_a_word(script: dict[str, Any], picture: str) -> None:
    photo = script["Photo"]
    written = script["written_photos"]
    pixels = np.ascontiguousarray(written.__globals__["pictures"]()[picture][:300, :300])
    for kind, data in written(pixels):
        whole = photo(data, kind.name)
        whole.image()
        assert whole.warning is None, kind.name
