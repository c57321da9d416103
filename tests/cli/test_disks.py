"""On a full disk and on one that became read-only: ingest is refused in one line, what only reads goes on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_COMMANDS = """
import os, subprocess, sys
from pathlib import Path

disk, photos = Path(sys.argv[1]), Path(sys.argv[2])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", disk], check=True)
library, ballast = disk / "x.faces", disk / "ballast"

def faceindex(*arguments):
    command = [sys.executable, "-m", "faceindex", *map(str, arguments), "-L", str(library)]
    return subprocess.run(command, capture_output=True, text=True)

def fill(pages):
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    os.truncate(ballast, ballast.stat().st_size - 4096 * pages)

def refused(done, *words):
    assert (done.returncode, done.stdout) == (3, ""), done
    (line,) = done.stderr.splitlines()
    assert line.startswith("faceindex: cannot write to the library") and "is safe" in line, line
    assert all(word in line for word in words), line

def can_be_read():
    for command in (["status"], ["search", photos / "1.jpg"], ["export", "-", "--vectors"]):
        done = faceindex(*command)
        assert (done.returncode, done.stderr) == (0, ""), done
    assert len(done.stdout.splitlines()) == 1

fill(30)  # room for the catalog in the making, and not for all of it
refused(faceindex("ingest", photos / "1.jpg"), "the disk is full")
ballast.unlink()
assert faceindex("ingest", photos / "1.jpg").returncode == 0
fill(0)
refused(faceindex("ingest", photos), "the disk is full")
can_be_read()
ballast.unlink()
subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
refused(faceindex("ingest", photos), "Read-only file system")
can_be_read()
subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
done = faceindex("ingest", photos, "--json")
assert done.returncode == 0 and '"new": 1,' in done.stdout and '"unchanged": 1,' in done.stdout, done
"""


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small file system for itself alone")
def test_an_ingest_on_a_bad_disk_is_refused_and_resumes_while_reading_commands_work(
    many_photos: Path, tmp_path: Path
) -> None:
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system does not let a user mount a small file system (unshare -rm)")
    (tmp_path / "disk").mkdir()
    (tmp_path / "photos").mkdir()
    for name in ("1.jpg", "2.jpg"):
        shutil.copy(many_photos / f"0{name}", tmp_path / "photos" / name)
    command = ["unshare", "-rm", sys.executable, "-c", _COMMANDS, str(tmp_path / "disk"), str(tmp_path / "photos")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
