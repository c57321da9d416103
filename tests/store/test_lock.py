"""One writer at a time, and no lock outlives its owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from faceindex.errors import LibraryLocked
from faceindex.store.lock import WriterLock

_HOLD = """
import sys, time
from pathlib import Path
from faceindex.store.lock import WriterLock
lock = WriterLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of tmp_path."""
    process = subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as stdout:
        assert stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_second_writer_is_told_who_the_first_is(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(LibraryLocked, match=f"process {holder.pid}"):
        WriterLock(tmp_path / "lock")
    with pytest.raises(LibraryLocked, match=f"process {holder.pid}"):  # asking does not wipe the owner's name
        WriterLock(tmp_path / "lock")


def test_lock_of_a_killed_writer_is_free(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    WriterLock(tmp_path / "lock").release()


def test_released_lock_can_be_taken_again(tmp_path: Path) -> None:
    WriterLock(tmp_path / "lock").release()
    WriterLock(tmp_path / "lock").release()


def test_child_processes_do_not_inherit_the_lock(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / "lock")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"], close_fds=False)
    lock.release()
    WriterLock(tmp_path / "lock").release()
    child.kill()
    child.wait()
