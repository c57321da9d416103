"""Ctrl-C and SIGTERM cancel the work of a command; its exit code says which of them came."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import faceindex

_STOPPED = """
import os, signal, sys, time
from faceindex.cli import app
from faceindex.running.meter import Meter

signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background
real, sent, number = Meter.stage, [], int(sys.argv[1])

def stage(self, name, total=None):
    real(self, name, total)
    if not sent:
        sent.append(os.kill(os.getpid(), number))
        while not self.stop.is_set():
            time.sleep(0.01)

Meter.stage = stage
sys.argv = ["faceindex", *sys.argv[2:]]
app.main()
"""


@pytest.mark.parametrize(
    ("line", "number", "code"),
    [
        ("cluster --rebuild", signal.SIGINT, 130),
        ("index build", signal.SIGTERM, 143),
        ("export out.h5 --format hdf5", signal.SIGINT, 130),
        ("backup out.faces", signal.SIGTERM, 143),
    ],
)
def test_a_stopped_command_leaves_nothing_half_done(
    line: str, number: int, code: int, small_library: faceindex.Library, tmp_path: Path
) -> None:
    shutil.copytree(small_library.path, tmp_path / "x.faces")
    program = [sys.executable, "-c", _STOPPED, str(int(number)), *line.split(), "-L", "x.faces"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "faceindex: stopped\n")
    assert [path.name for path in tmp_path.iterdir()] == ["x.faces"]
    with faceindex.Library(tmp_path / "x.faces", create=False) as library:
        assert not library.care.check(deep=True).damage
        assert [album.faces for album in library.albums] == [album.faces for album in small_library.albums]
