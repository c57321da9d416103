"""Photos damaged at random are each read or failed with a reason; none is lost, and none takes the run with it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def fuzz(data: Path, count: int, seed: int) -> str:
    """What is said of so many damaged photos."""
    done = subprocess.run(
        [sys.executable, TESTS / "fuzzed_photos.py", "--count", str(count), "--seed", str(seed)],
        env=dict(os.environ, FACEINDEX_TEST_DATA=str(data), PYTHONPATH=str(TESTS.parent)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_every_damaged_photo_is_accounted_for(tmp_path: Path) -> None:
    said = fuzz(tmp_path, 66, 1)  # only photos made here
    counts = re.search(r"66 of 66 accounted for: (\d+) read, (\d+) duplicates, (\d+) failed", said)
    assert counts is not None, said
    read, duplicates, failed = map(int, counts.groups())
    assert read > 5
    assert failed > 5
    assert read + duplicates + failed == 66
    for extension in ("jpg", "mpo", "png", "webp", "tif", "gif", "bmp", "heic", "avif", "dng"):
        assert re.search(rf"^{extension} +\d+ +\d+ +\d+", said, re.MULTILINE), extension


@pytest.mark.long
def test_every_one_of_two_thousand_damaged_photos_is_accounted_for(
    shared_data: Path, sized: Callable[[int], int], seed: int
) -> None:
    said = fuzz(shared_data, sized(2000), seed)
    assert "HARM" not in said, said
