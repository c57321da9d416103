"""A typed program of a user's own: mypy --strict agrees with it, and it does what it says wherever it runs."""

from __future__ import annotations

import asyncio
import contextlib
import io
import runpy
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "programs" / "typed_program.py"

SAID = ["2 photos, 2 faces", "1 Ada True", "2 float32 2", "picture:/03 picture:/07", "[2] ['name']", "cancelled"]


def test_mypy_agrees_with_it(tmp_path: Path) -> None:
    """As on a user's machine: with none of this repository's settings."""
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = True\n")
    command = [sys.executable, "-m", "mypy", "--config-file", str(tmp_path / "mypy.ini"), "--strict", str(PROGRAM)]
    done = subprocess.run([*command, "--follow-imports", "silent"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert 35 <= sum(bool(line.strip()) for line in PROGRAM.read_text().splitlines()) <= 45


def as_a_script(folder: Path, library: Path) -> str:
    command = [sys.executable, "-W", "error::DeprecationWarning", str(PROGRAM), str(folder), str(library)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_a_cell(folder: Path, library: Path) -> str:
    """As a notebook runs one: the names of the session, and an event loop that is running already."""
    out, session = io.StringIO(), {"__name__": "cell", "folder": folder, "path": library}

    async def cell() -> None:
        exec(compile(PROGRAM.read_text() + "\nmain(folder, path)\n", "<cell>", "exec"), session)

    with contextlib.redirect_stdout(out):
        asyncio.run(cell())
    return out.getvalue()


def in_a_thread(folder: Path, library: Path) -> str:
    out, main = io.StringIO(), runpy.run_path(str(PROGRAM))["main"]
    thread = threading.Thread(target=main, args=(folder, library))
    with contextlib.redirect_stdout(out):
        thread.start()
        thread.join()
    return out.getvalue()


@pytest.mark.parametrize("run", [as_a_script, in_a_cell, in_a_thread])
def test_it_ingests_searches_names_pages_and_cancels(
    many_photos: Path, tmp_path: Path, run: Callable[[Path, Path], str]
) -> None:
    for name in ("03.jpg", "07.jpg"):
        shutil.copy(many_photos / name, tmp_path)
    lines = run(tmp_path, tmp_path / "x.faces").splitlines()
    assert [line for line in lines if not line.startswith("Progress(")] == SAID
