"""A typed program of a user's own: mypy --strict agrees with it, and it does what it says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parent / "programs" / "typed_program.py"


def test_mypy_agrees_with_it(tmp_path: Path) -> None:
    """As on a user's machine: with none of this repository's settings."""
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = True\n")
    command = [sys.executable, "-m", "mypy", "--config-file", str(tmp_path / "mypy.ini"), "--strict", str(PROGRAM)]
    done = subprocess.run([*command, "--follow-imports", "silent"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_ingests_arrays_searches_names_and_lists(many_photos: Path, tmp_path: Path) -> None:
    for name in ("03.jpg", "07.jpg"):
        shutil.copy(many_photos / name, tmp_path)
    command = [sys.executable, str(PROGRAM), str(tmp_path), str(tmp_path / "x.faces")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["2 photos, 2 faces", "Ada True", "picture:/03 1", "picture:/07 1"], done.stderr
