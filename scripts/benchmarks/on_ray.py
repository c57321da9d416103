"""An ingest on Ray beside the local pool: photos per second of processor time, with as many workers, in turn.

Each set is ingested whole and a quarter of it, locally and on Ray, round by round. The difference between both is what
the other photos took with everything running already: it is compared. What is left of the quarter is the start of the
workers, and is told apart, as is the start of Ray itself. Processor time is that of all processes: the main process,
its workers and, on Ray, its actors and all of Ray's daemons. Both must store the same faces with the same vectors.

--lfw 4 takes every fourth photo of lfw-dev, 0 none; --photos is the number of photos of 12 megapixels, made and of
groups. --on takes the address of a cluster on this machine; by default Ray is started here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from harness.measure import ratios
from harness.report import Report

import faceindex
from benchmarks.ingest import LFW, group_photos, made_photos
from faceindex.cluster.executor import RayExecutor
from faceindex.cluster.session import RaySession

PART = 4
"""The small set has one photo in so many."""

LOOK = 0.1


def run(
    report: Report,
    *,
    rounds: int = 3,
    recipe: str = "sface",
    lfw: int = 4,
    photos: int = 60,
    workers: int = 2,
    on: str = "ray",
) -> None:
    sets: dict[str, list[Path]] = {}
    if lfw:
        sets["lfw-dev"] = sorted(LFW.rglob("*.jpg"))[::lfw]
    if photos:
        groups = group_photos(report.folder / "photos" / "groups", photos)
        made = made_photos(report.folder / "photos" / "made", photos - len(groups.paths))
        sets["12 megapixels"] = sorted([*groups.paths, *made.paths])
    spent = AllProcesses()
    before = spent()
    with RaySession(on, cpus=workers if on == "ray" else None) as session:
        report.add("start of Ray, processor", spent() - before, "s")
        for name, paths in sets.items():
            compare(name, paths, rounds, recipe, workers, session, report, spent)


def compare(
    name: str,
    paths: list[Path],
    rounds: int,
    recipe: str,
    workers: int,
    session: RaySession,
    report: Report,
    spent: AllProcesses,
) -> None:
    few = paths[::PART]
    more = len(paths) - len(few)
    ours: list[float] = []
    theirs: list[float] = []
    starts: dict[str, list[float]] = {"locally": [], "on Ray": []}
    for number in range(rounds):
        where = report.folder / f"{name}-{number}"
        local_few, _ = locally(few, where.with_suffix(".few.faces"), recipe, workers, spent)
        ray_few, _ = on_ray(few, where.with_suffix(".ray.few.faces"), recipe, workers, session, spent)
        ray_all, seen = on_ray(paths, where.with_suffix(".ray.faces"), recipe, workers, session, spent)
        local_all, known = locally(paths, where.with_suffix(".faces"), recipe, workers, spent)
        if seen != known:
            raise SystemExit(f"{name}: not the same faces on Ray as locally")
        ours.append((ray_all - ray_few) / more)
        theirs.append((local_all - local_few) / more)
        starts["on Ray"].append(ray_few - ours[-1] * len(few))
        starts["locally"].append(local_few - theirs[-1] * len(few))
    report.add(f"{name}, a photo locally, processor", [1e3 * one for one in theirs], "ms")
    report.add(f"{name}, a photo on Ray, processor", [1e3 * one for one in ours], "ms")
    report.add(f"{name}, photos per processor second, Ray by local", ratios(theirs, ours), "times")
    for who, seconds in starts.items():
        report.add(f"{name}, start of workers {who}, processor", seconds, "s")


def locally(paths: list[Path], where: Path, recipe: str, workers: int, spent: AllProcesses) -> tuple[float, set[bytes]]:
    """Processor seconds, and the vectors."""
    return ingested(where, recipe, lambda library: library.ingest(paths, workers=workers), spent)


def on_ray(
    paths: list[Path], where: Path, recipe: str, workers: int, session: RaySession, spent: AllProcesses
) -> tuple[float, set[bytes]]:
    """Likewise, by actors."""

    def work(library: faceindex.Library) -> faceindex.IngestReport:
        return library.ingest(paths, executor=RayExecutor(session, workers=workers))

    return ingested(where, recipe, work, spent)


def ingested(
    where: Path,
    recipe: str,
    work: Callable[[faceindex.Library], faceindex.IngestReport],
    spent: AllProcesses,
) -> tuple[float, set[bytes]]:
    with faceindex.Library(where, recipe=recipe) as library:
        before = spent()
        work(library)
        seconds = spent() - before
        _, vectors = library.faces.vectors()
    return seconds, {vector.tobytes() for vector in vectors}


class AllProcesses:
    """Processor seconds of this process and all below it, also of those that have ended: Ray does not wait for its own,
    so that the system forgets their time. Each is looked at every LOOK seconds while it lives."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, float], float] = {}
        self._looking = 0.0
        self._lock = threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    def __call__(self) -> float:
        with self._lock:
            began = time.thread_time()
            for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
                try:
                    self._seen[process.pid, process.create_time()] = sum(process.cpu_times()[:2])
                except psutil.Error:
                    continue
            self._looking += time.thread_time() - began
            return sum(self._seen.values()) - self._looking

    def _watch(self) -> None:
        while True:
            self()
            time.sleep(LOOK)
