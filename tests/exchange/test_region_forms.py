"""Regions in every form, of photos of every orientation and format, name the faces they are of: none wrong, none lost.

All forms and formats: scripts/region_forms.py.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "region_forms.py"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


@pytest.mark.parametrize(
    ("form", "suffix"),
    [("mwg-upright", ".jpg"), ("microsoft-stored", ".heic"), ("picasa", ".tif"), ("digikam-6", ".png")],
)
def test_no_name_is_wrong_or_lost(script: dict[str, Any], form: str, suffix: str, tmp_path: Path) -> None:
    for counts in script["measure"](tmp_path, form, [suffix]).values():
        assert tuple(counts) == (24, 0, 0)
