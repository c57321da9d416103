"""The first photos are scanned by dlib's own detector, so that nobody waits for a compiler; many are by our loops."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from faceindex.faces.engine import Engine
from faceindex.faces.hog_start import COMPILED_PIXELS, LOADED_PIXELS, HogStart
from faceindex.files.user_folders import CACHE_ENVIRONMENT

PROGRAM = """
import sys
import numpy as np
from skimage import data
from faceindex.faces.detect import detect
(face,) = detect(data.astronaut(), detector="hog")
print(*sorted({"numba", "onnx"} & set(sys.modules)))
"""
MEGAPIXEL = np.zeros((1000, 1000, 3), dtype=np.uint8)


def megapixels_by_dlib() -> int:
    start = HogStart()
    count = 0
    while start.engine(Engine(), MEGAPIXEL).name == "dlib":
        count += 1
    assert start.engine(Engine(), MEGAPIXEL).name == "onnx"
    return count


def test_a_photo_loads_no_compiler(tmp_path: Path) -> None:
    environment = os.environ | {CACHE_ENVIRONMENT: str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_loops_are_used_sooner_when_they_were_compiled_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path))
    assert megapixels_by_dlib() == COMPILED_PIXELS // 1_000_000
    (tmp_path / "kernels").mkdir(mode=0o700, exist_ok=True)
    (tmp_path / "kernels" / "fhog.cell_histograms-0").touch()
    assert megapixels_by_dlib() == LOADED_PIXELS // 1_000_000


def test_who_asks_for_dlib_gets_dlib() -> None:
    start = HogStart()
    assert {start.engine(Engine("dlib"), MEGAPIXEL).name for _ in range(200)} == {"dlib"}
