"""Pictures are drawn when matplotlib is there, and asked for in one line when it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceindex.errors import UsageError
from faceindex.evaluation.bcubed import BCubed
from faceindex.evaluation.plots import draw_albums, draw_distances, draw_reject, draw_roc, require_matplotlib
from faceindex.evaluation.reject import ErrorVersusReject
from faceindex.evaluation.roc import PairCounts, count_pairs


@pytest.fixture
def counts() -> PairCounts:
    random = np.random.default_rng(1)
    return count_pairs(np.append(random.normal(0.4, 0.1, 50), random.normal(0.8, 0.1, 500)), np.arange(550) < 50)


def is_picture(file: Path) -> bool:
    with Image.open(file) as image:
        return image.format == "PNG" and len(image.convert("RGB").getcolors(1 << 24) or []) > 10


def test_every_picture_is_drawn(counts: PairCounts, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    new = tmp_path / "new" / "folder"
    curve = ErrorVersusReject(0.5, np.array([0.0, 0.5]), np.array([2, 0]), np.array([10, 0]))
    assert is_picture(draw_roc(new / "roc.png", {"one": counts, "two": counts}, "ROC"))
    assert is_picture(draw_distances(new / "distances.png", counts, {"default": 0.6}, "distances"))
    assert is_picture(draw_reject(new / "reject.png", curve, "rejection"))
    assert is_picture(draw_albums(new / "albums.png", [0.4, 0.5], [BCubed(1, 0.5, 0.67)] * 2, 0.45, "albums"))


def test_folder_that_takes_no_files_is_named(counts: PairCounts, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot write .*roc.png"):
        draw_roc(tmp_path / "file" / "roc.png", {"one": counts}, "ROC")


def test_matplotlib_keeps_nothing_in_the_users_folders(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    program = """
import os
from faceindex.evaluation.plots import require_matplotlib
before = dict(os.environ)
require_matplotlib()
assert dict(os.environ) == before
"""
    without = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "MPL"))}
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir()
    temporary.mkdir()
    folders = {"HOME": str(home), "TMPDIR": str(temporary), "FONTCONFIG_FILE": "/mine"}
    subprocess.run([sys.executable, "-c", program], env=without | folders, check=True)
    assert not [*home.iterdir(), *temporary.iterdir()]
    chosen = {"MPLCONFIGDIR": str(tmp_path / "mine")}
    subprocess.run([sys.executable, "-c", program], env=without | folders | chosen, check=True)
    assert list((tmp_path / "mine").glob("fontlist*"))


def test_missing_matplotlib_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UsageError, match=r"pip install 'faceindex\[plots\]'"):
        require_matplotlib()
