"""Without fcntl, resource, os.fchmod, os.fork, O_DIRECTORY and /proc faceindex does its work, too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from faceindex.store.lock import WriterLock

HIDING = Path(__file__).parents[1] / "without_posix"
LOCKED = """
import sys
from pathlib import Path
from faceindex.errors import LibraryLocked
from faceindex.store.lock import WriterLock
try:
    WriterLock(Path(sys.argv[1]))
except LibraryLocked as error:
    print(error)
"""


def run(*command: str, code: int = 0) -> str:
    """What a program that is started without POSIX's own says."""
    environment = os.environ | {"PYTHONPATH": str(HIDING)}
    done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "program",
    [
        "import fcntl",
        "import resource",
        "import os; os.fchmod",
        "import os; os.fork",
        "import os; os.O_DIRECTORY",
        "from pathlib import Path; Path('/proc/self/status').read_text()",
    ],
)
def test_they_are_hidden_from_our_modules(program: str) -> None:
    ours = (
        f"exec(compile({program!r}, 'x', 'exec'), {{'__name__': 'faceindex.store.lock', '__builtins__': __builtins__}})"
    )
    done = subprocess.run(
        [sys.executable, "-c", ours], env=os.environ | {"PYTHONPATH": str(HIDING)}, capture_output=True, check=False
    )
    assert done.returncode == 1, done.stderr


def test_from_photos_to_albums(many_photos: Path, tmp_path: Path) -> None:
    library = str(tmp_path / "family.faces")
    face = ("-m", "faceindex")
    done = json.loads(run(*face, "ingest", str(many_photos), "-L", library, "--workers", "2", "--json"))
    assert done["faces"]["total"] > 0
    assert done["photos"]["failed"] == 1  # the one that is cut off
    run(*face, "cluster", "-L", library)
    run(*face, "albums", "export", str(tmp_path / "albums"), "-L", library, "--unnamed")
    assert any((tmp_path / "albums").rglob("*.jpg"))
    assert json.loads(run(*face, "check", "-L", library, "--json"))["whole"]
    assert Path(library, "catalog.sqlite").stat().st_mode & 0o077 == 0


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    held = WriterLock(tmp_path / "lock")
    assert f"process {os.getpid()}" in run("-c", LOCKED, str(tmp_path / "lock"))
    held.release()
    assert not run("-c", LOCKED, str(tmp_path / "lock"))
