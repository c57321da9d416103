"""No damaged picture is read as if nothing had happened, and no whole one is doubted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain

import numpy as np
import pytest
from damaged_photos import Damaged, damaged_pngs, judged, zeroed_tails
from written_photos import COMMANDS, photos_by_commands, photos_by_other_modules, pictures, written_photos

from faceindex.photos.decode import Photo

Sized = Callable[[int], int]


def silent(photos: Iterable[Damaged]) -> list[tuple[str, str]]:
    """Those that are read as if they were whole, and are not."""
    outcomes = [(photo.name, *judged(photo)) for photo in photos]
    return [(name, reason) for name, outcome, reason in outcomes if outcome == "SILENT"]


def test_no_png_with_an_altered_byte_is_silent() -> None:
    for damaged in damaged_pngs(90, seed=11):
        outcome, reason = judged(damaged)
        assert outcome != "SILENT", (damaged.name, reason)
        assert "\n" not in reason


def test_no_photo_whose_tail_is_zeros_is_silent() -> None:
    outcomes = [(damaged.name, judged(damaged)) for damaged in zeroed_tails(53, seed=12)]
    assert not [name for name, (outcome, _) in outcomes if outcome == "SILENT"]
    assert sum(outcome == "failure" for _, (outcome, _) in outcomes) > 30


@pytest.mark.parametrize("picture", ["face", "half-black", "black-above", "black", "white", "island"])
def test_whole_photos_of_every_format_are_read_without_a_word(picture: str) -> None:
    pixels = np.ascontiguousarray(pictures()[picture][:300, :300])
    for kind, data in written_photos(pixels):
        whole = Photo(data, kind.name)
        whole.image()
        assert whole.warning is None, kind.name


@pytest.mark.long
def test_none_of_many_damaged_photos_is_silent(sized: Sized, seed: int) -> None:
    assert silent(damaged_pngs(sized(1800), seed)) == []
    assert silent(zeroed_tails(sized(600), seed)) == []


@pytest.mark.long
@pytest.mark.parametrize("picture", list(pictures()))
def test_whole_photos_by_every_writer_are_read_without_a_word(picture: str, sized: Sized) -> None:
    pixels = pictures()[picture]
    by_pillow = ((kind.name, data) for kind, data in written_photos(pixels))
    by_commands = photos_by_commands(pixels, sized(len(COMMANDS)))
    for name, data in chain(by_pillow, photos_by_other_modules(pixels), by_commands):
        whole = Photo(data, name)
        whole.image()
        assert whole.warning is None, name
