"""Photos damaged at random are each read or failed with a reason; none is lost, and none takes the run with it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_damaged_photo_is_accounted_for(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "fuzz_photos.py", "--count", "66", "--seed", "1"],
        env=dict(os.environ, FACEINDEX_TEST_DATA=str(tmp_path), PYTHONPATH=str(ROOT)),  # only photos made here
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    counts = re.search(r"66 of 66 accounted for: (\d+) read, (\d+) duplicates, (\d+) failed", done.stdout)
    assert counts is not None, done.stdout
    read, duplicates, failed = map(int, counts.groups())
    assert read > 5
    assert failed > 5
    assert read + duplicates + failed == 66
    for extension in ("jpg", "mpo", "png", "webp", "tif", "gif", "bmp", "heic", "avif", "dng"):
        assert re.search(rf"^{extension} +\d+ +\d+ +\d+", done.stdout, re.MULTILINE), extension
