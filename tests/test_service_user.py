"""A user with nothing to write to but the library reads every photo that root reads, and can use every command."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FORMATS = Path(os.environ.get("FACEINDEX_TEST_DATA", ROOT.parent / "shared" / "data")) / "formats"
LARGEST = 1_000_000
"""Bytes of a photo of ours that is tried; `scripts/service_user.py` takes any."""


def test_nobody_without_a_home_reads_every_photo_that_root_reads(many_photos: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(many_photos, photos)
    for photo in filter(Path.is_file, FORMATS.rglob("*")):
        if photo.stat().st_size < LARGEST and not photo.name.startswith(("Landscape", "Portrait")):  # orientations
            shutil.copy(photo, photos)
    photos.chmod(0o755)
    script = [sys.executable, str(ROOT / "scripts" / "service_user.py"), str(photos)]
    done = subprocess.run(script, capture_output=True, text=True, timeout=600)
    if done.returncode == 2:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    said = done.stdout + done.stderr
    assert re.search(r"^\d+ photos: (\d{2}) read as nobody, \1 as this user; (\d+) of \2 commands did", said), said
    assert done.returncode == 0
