"""An ingest on Ray beside the local pool: photos per second of processor time, with as many workers, in turn.

Each set is ingested whole and a quarter of it, locally and on Ray, round by round. The difference between both is what
the other photos took with everything running already: it is compared. What is left of the quarter is the start of the
workers, and is told apart, as is the start of Ray itself. Processor time is that of all processes: the main process,
its workers and, on Ray, its actors and all of Ray's daemons. Both must store the same faces with the same vectors.

--lfw 4 takes every fourth photo of lfw-dev, 0 none; --photos is the number of photos of 12 megapixels, made and of
groups. --on takes the address of a cluster on this machine; by default Ray is started here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil
from harness.measure import processor_seconds, ratios
from harness.report import Report

import faceindex
from benchmarks.ingest import LFW, group_photos, made_photos
from faceindex.cluster.executor import RayExecutor
from faceindex.cluster.session import RaySession

PART = 4
"""The small set has one photo in so many."""


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
    before = of_all_processes()
    with RaySession(on, cpus=workers if on == "ray" else None) as session:
        report.add("start of Ray, processor", of_all_processes() - before, "s")
        for name, paths in sets.items():
            compare(name, paths, rounds, recipe, workers, session, report)


def compare(
    name: str, paths: list[Path], rounds: int, recipe: str, workers: int, session: RaySession, report: Report
) -> None:
    few = paths[::PART]
    more = len(paths) - len(few)
    ours: list[float] = []
    theirs: list[float] = []
    starts: dict[str, list[float]] = {"locally": [], "on Ray": []}
    for number in range(rounds):
        where = report.folder / f"{name}-{number}"
        local_few, _ = locally(few, where.with_suffix(".few.faces"), recipe, workers)
        ray_few, _ = on_ray(few, where.with_suffix(".ray.few.faces"), recipe, workers, session)
        ray_all, seen = on_ray(paths, where.with_suffix(".ray.faces"), recipe, workers, session)
        local_all, known = locally(paths, where.with_suffix(".faces"), recipe, workers)
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


def locally(paths: list[Path], where: Path, recipe: str, workers: int) -> tuple[float, set[bytes]]:
    """Processor seconds, and the vectors."""
    return ingested(where, recipe, lambda library: library.ingest(paths, workers=workers), processor_seconds)


def on_ray(paths: list[Path], where: Path, recipe: str, workers: int, session: RaySession) -> tuple[float, set[bytes]]:
    """Likewise, with those of Ray."""

    def work(library: faceindex.Library) -> faceindex.IngestReport:
        return library.ingest(paths, executor=RayExecutor(session, workers=workers))

    return ingested(where, recipe, work, of_all_processes)


def ingested(
    where: Path,
    recipe: str,
    work: Callable[[faceindex.Library], faceindex.IngestReport],
    spent: Callable[[], float],
) -> tuple[float, set[bytes]]:
    with faceindex.Library(where, recipe=recipe) as library:
        before = spent()
        work(library)
        seconds = spent() - before
        _, vectors = library.faces.vectors()
    return seconds, {vector.tobytes() for vector in vectors}


def of_all_processes() -> float:
    """Processor seconds of this process and all below it, living or ended."""
    seconds = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            seconds += sum(process.cpu_times()[:4])  # its own, and those of its children that have ended
        except psutil.Error:
            continue
    return seconds
