"""What a machine does to an ingest, for real and at full length: no photo may be recorded as failed for it.

    python scripts/circumstances.py [CASE...]

Stops workers (SIGSTOP) for 75 seconds, freezes them for 66, gives 0.15 of a core, and 512 MB of memory. Each run must
end with every photo stored, or with exit code 3 and one line that says why; none may fail. Freezing and limits need
control groups that may be made (mostly: root on Linux); what the machine does not allow is skipped, with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from PIL import Image, ImageEnhance
from skimage import data

from faceindex.ingest.workers.cgroups import frozen, groups

PHOTOS = 60
STOPPED_SECONDS, FROZEN_SECONDS = 75, 66
CORES = 0.15
MEMORY = 512 << 20
PATIENCE = 1800


class NotAllowed(Exception):
    """The machine does not let a case be tried."""


@dataclass(frozen=True)
class Ended:
    """How an ingest ended. report: its JSON, empty when it printed none."""

    code: int
    report: dict[str, dict[str, int]]
    errors: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"default all: {', '.join(CASES)}")
    chosen = parser.parse_args().cases or list(CASES)
    wrong = 0
    with TemporaryDirectory() as folder:
        draw_photos(Path(folder, "photos"))
        for name in chosen:
            library = Path(folder, f"{name}.faces")
            command = [sys.executable, "-m", "faceindex", "ingest", folder + "/photos", "-L", str(library), "--json"]
            began = time.monotonic()
            try:
                ended = CASES[name](command, library)
            except NotAllowed as reason:
                print(f"{name}: skipped, {reason}", flush=True)
                continue
            wrong += tell(name, ended, time.monotonic() - began, library)
    sys.exit(1 if wrong else 0)


def tell(name: str, ended: Ended, seconds: float, library: Path) -> bool:
    """Print one line about a case; True when it was not as it must be."""
    stored = json.loads(faceindex("status", "-L", str(library), "--json").stdout or "{}")
    photos, failed = stored.get("photos", 0), stored.get("failed", 0)
    lines = ended.errors.strip().splitlines()
    complete = ended.code == 0 and photos == PHOTOS
    right = failed == 0 and (complete or (ended.code == 3 and len(lines) == 1))
    workers = ended.report.get("workers", {})
    print(
        f"{name}: {'ok' if right else 'WRONG'}, exit code {ended.code}, {photos} of {PHOTOS} photos stored, "
        f"{failed} failed, {seconds:.0f} s, workers {workers.get('number')} ({workers.get('reason')})"
        + "".join(f"\n    {line}" for line in lines),
        flush=True,
    )
    return not right


def stopped_workers(command: list[str], library: Path) -> Ended:
    return interrupted(command, library, STOPPED_SECONDS, signal_to(signal.SIGSTOP), signal_to(signal.SIGCONT))


def stopped_run(command: list[str], library: Path) -> Ended:
    return interrupted(
        command, library, STOPPED_SECONDS, signal_to(signal.SIGSTOP), signal_to(signal.SIGCONT), parent=True
    )


def frozen_workers(command: list[str], library: Path, *, parent: bool = False) -> Ended:
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

        return interrupted(command, library, FROZEN_SECONDS, freeze, thaw, parent=parent)


def frozen_run(command: list[str], library: Path) -> Ended:
    return frozen_workers(command, library, parent=True)


def little_processor(command: list[str], _: Path) -> Ended:
    with made_group("cpu") as group:
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text(f"{CORES * 100_000:.0f} 100000")
        else:
            (group / "cpu.cfs_period_us").write_text("100000")
            (group / "cpu.cfs_quota_us").write_text(f"{CORES * 100_000:.0f}")
        return run_in(group, command)


def little_memory(command: list[str], _: Path) -> Ended:
    with made_group("memory") as group:
        limit = "memory.max" if (group / "memory.max").exists() else "memory.limit_in_bytes"
        (group / limit).write_text(str(MEMORY))
        for name in ("memory.swap.max", "memory.memsw.limit_in_bytes"):
            with suppress(OSError):
                (group / name).write_text("0" if "swap.max" in name else str(MEMORY))
        return run_in(group, command)


def little_memory_for_two(command: list[str], library: Path) -> Ended:
    return little_memory([*command, "--workers", "2"], library)


CASES: dict[str, Callable[[list[str], Path], Ended]] = {
    "workers stopped": stopped_workers,
    "all stopped": stopped_run,
    "workers frozen": frozen_workers,
    "all frozen": frozen_run,
    "0.15 of a core": little_processor,
    "512 MB": little_memory,
    "512 MB, two workers asked for": little_memory_for_two,
}


def interrupted(
    command: list[str],
    library: Path,
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
        raise NotAllowed(f"no control group of {controller} may be made here")
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


def faceindex(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "faceindex", *arguments], capture_output=True, text=True, check=False)


def draw_photos(folder: Path) -> None:
    """An astronaut (NASA, public domain), large, in many brightnesses."""
    folder.mkdir()
    face = Image.fromarray(data.astronaut()).resize((3000, 3000))
    for number in range(PHOTOS):
        ImageEnhance.Brightness(face).enhance(0.7 + number / 150).save(folder / f"{number:02d}.jpg", quality=85)


if __name__ == "__main__":
    main()
