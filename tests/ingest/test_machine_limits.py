"""What a machine does to an ingest, for real and at full length: no photo is recorded as failed for it.

Workers, or all processes, are stopped (SIGSTOP) or frozen for longer than a worker may be idle, and go on; then every
photo must be stored. They get 0.15 of a core, and 512 MB of memory; then every photo must be stored, or the exit code
be 3, with one line that says why. Freezing and limits need control groups that may be made (mostly: root on Linux).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image, ImageEnhance
from skimage import data

from faceindex.ingest.workers.limits import IDLE_LIMIT
from faceindex.system.cgroups import frozen, groups

PHOTOS = 60
STOPPED_SECONDS = round(IDLE_LIMIT) + 15
CORES = 0.15
MEMORY = 512 << 20
PATIENCE = 1800
FACEINDEX = [sys.executable, "-m", "faceindex"]


@dataclass(frozen=True)
class Ended:
    """How an ingest ended. report: its JSON, empty when it printed none."""

    code: int
    report: dict[str, Any]
    errors: str


def stopped_workers(command: list[str], seconds: float, *, parent: bool = False) -> Ended:
    return interrupted(command, seconds, signal_to(signal.SIGSTOP), signal_to(signal.SIGCONT), parent=parent)


def frozen_workers(command: list[str], seconds: float, *, parent: bool = False) -> Ended:
    with made_group("freezer") as group:
        file, on, off = ("freezer.state", "FROZEN", "THAWED")
        if not (group / file).exists():
            file, on, off = ("cgroup.freeze", "1", "0")

        def freeze(processes: list[psutil.Process]) -> None:
            for process in processes:
                (group / "cgroup.procs").write_text(str(process.pid))
            (group / file).write_text(on)
            while not all(frozen(process.pid) for process in processes):
                time.sleep(0.01)

        def thaw(_: list[psutil.Process]) -> None:
            (group / file).write_text(off)

        return interrupted(command, seconds, freeze, thaw, parent=parent)


def little_processor(command: list[str]) -> Ended:
    with made_group("cpu") as group:
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text(f"{CORES * 100_000:.0f} 100000")
        else:
            (group / "cpu.cfs_period_us").write_text("100000")
            (group / "cpu.cfs_quota_us").write_text(f"{CORES * 100_000:.0f}")
        return run_in(group, command)


def little_memory(command: list[str]) -> Ended:
    with made_group("memory") as group:
        limit = "memory.max" if (group / "memory.max").exists() else "memory.limit_in_bytes"
        (group / limit).write_text(str(MEMORY))
        for name in ("memory.swap.max", "memory.memsw.limit_in_bytes"):
            with suppress(OSError):
                (group / name).write_text("0" if "swap.max" in name else str(MEMORY))
        return run_in(group, command)


INTERRUPTIONS: dict[str, Callable[[list[str], float], Ended]] = {
    "workers stopped": stopped_workers,
    "all stopped": partial(stopped_workers, parent=True),
    "workers frozen": frozen_workers,
    "all frozen": partial(frozen_workers, parent=True),
}
SHORTAGES: dict[str, Callable[[list[str]], Ended]] = {
    "0.15 of a core": little_processor,
    "512 MB": little_memory,
    "512 MB, two workers asked for": lambda command: little_memory([*command, "--workers", "2"]),
}


class Photos:
    """A folder of drawn photos, and a library for them."""

    def __init__(self, folder: Path, count: int) -> None:
        self.count = max(8, count)
        self._library = folder / "x.faces"
        draw_photos(folder / "photos", self.count)
        self.ingest = [*FACEINDEX, "ingest", str(folder / "photos"), "-L", str(self._library), "--json"]

    def stored(self) -> tuple[int, int]:
        """Photos in the library, and failures."""
        done = subprocess.run([*FACEINDEX, "status", "-L", self._library, "--json"], capture_output=True, check=False)
        status = json.loads(done.stdout or "{}")
        return status.get("photos", 0), status.get("failed", 0)


@pytest.fixture
def photos(tmp_path: Path, sized: Callable[[int], int]) -> Photos:
    return Photos(tmp_path, sized(PHOTOS))


@pytest.mark.long
@pytest.mark.parametrize("case", INTERRUPTIONS)
def test_every_photo_is_stored_after_an_interruption(case: str, photos: Photos, sized: Callable[[int], int]) -> None:
    ended = INTERRUPTIONS[case](photos.ingest, sized(STOPPED_SECONDS))
    assert (ended.code, photos.stored()) == (0, (photos.count, 0)), ended


@pytest.mark.long
@pytest.mark.parametrize("case", SHORTAGES)
def test_no_photo_fails_where_the_machine_gives_too_little(case: str, photos: Photos) -> None:
    ended = SHORTAGES[case](photos.ingest)
    stored, failed = photos.stored()
    assert failed == 0, ended
    complete = (ended.code, stored) == (0, photos.count)
    assert complete or (ended.code == 3 and len(ended.errors.strip().splitlines()) == 1), ended


def interrupted(
    command: list[str],
    seconds: float,
    stop: Callable[[list[psutil.Process]], None],
    go_on: Callable[[list[psutil.Process]], None],
    *,
    parent: bool = False,
) -> Ended:
    """Run a command whose workers, or all of it, are stopped for a time once they are at work."""
    process = subprocess.Popen([*command, "--workers", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    whole = psutil.Process(process.pid)
    while sum(map(at_work, whole.children())) < 2:
        time.sleep(0.05)
        if process.poll() is not None:
            raise RuntimeError(f"it ended before it could be stopped: {process.communicate()}")
    halted = [whole, *whole.children()] if parent else whole.children()
    stop(halted)
    time.sleep(seconds)
    go_on(halted)
    return ended(process)


def at_work(worker: psutil.Process) -> bool:
    """Whether a worker has opened the null device in place of stderr, which it does when it has tried itself out."""
    with suppress(OSError, psutil.Error):
        return os.readlink(f"/proc/{worker.pid}/fd/2") == os.devnull  # noqa: PTH115
    return False


def signal_to(number: int) -> Callable[[list[psutil.Process]], None]:
    def send(processes: list[psutil.Process]) -> None:
        for process in processes:
            process.send_signal(number)

    return send


@contextmanager
def made_group(controller: str) -> Iterator[Path]:
    """A control group of its own, under the one that this process is in or the next above that takes one."""
    for above in groups(controller):
        group = above / f"faceindex-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        names = {"cpu": ("cpu.max", "cpu.cfs_quota_us"), "memory": ("memory.max", "memory.limit_in_bytes")}
        if any((group / name).exists() for name in names.get(controller, ("freezer.state", "cgroup.freeze"))):
            break
        group.rmdir()
    else:
        pytest.skip(f"no control group of {controller} may be made here")
    try:
        yield group
    finally:
        while group.exists():
            with suppress(OSError):
                group.rmdir()
            time.sleep(0.1)


def run_in(group: Path, command: list[str]) -> Ended:
    """Run a command in a control group from its first instruction on."""
    enter = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(group / "cgroup.procs")]
    process = subprocess.Popen([*enter, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return ended(process)


def ended(process: subprocess.Popen[str]) -> Ended:
    out, errors = process.communicate(timeout=PATIENCE)
    return Ended(process.returncode, json.loads(out) if out.strip() else {}, errors)


def draw_photos(folder: Path, count: int) -> None:
    """An astronaut (NASA, public domain), large, in many brightnesses."""
    folder.mkdir()
    face = Image.fromarray(data.astronaut()).resize((3000, 3000))
    for number in range(count):
        ImageEnhance.Brightness(face).enhance(0.7 + number / 150).save(folder / f"{number:02d}.jpg", quality=85)
