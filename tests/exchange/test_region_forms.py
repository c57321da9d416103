"""Regions in every form, of photos of every orientation and format, name the faces they are of: none wrong or lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from region_forms import FORMS, SUFFIXES, measure

QUICK = [("mwg-upright", ".jpg"), ("microsoft-stored", ".heic"), ("picasa", ".tif"), ("digikam-6", ".png")]


@pytest.mark.parametrize(("form", "suffix"), QUICK)
def test_no_name_is_wrong_or_lost(form: str, suffix: str, tmp_path: Path) -> None:
    for counts in measure(tmp_path, form, [suffix]).values():
        assert tuple(counts) == (24, 0, 0)


@pytest.mark.long
@pytest.mark.parametrize("form", FORMS)
def test_no_name_is_wrong_or_lost_in_any_format(form: str, tmp_path: Path) -> None:
    assert {tuple(counts) for counts in measure(tmp_path, form, SUFFIXES).values()} == {(24, 0, 0)}
