"""An ingest on Ray beside the local pool: photos a second, of processor time and by the clock, with as many workers.

Each set is ingested whole and a quarter of it, locally and on Ray, round by round. The difference between both is what
the other photos took with everything running already: it is compared. What is left of the quarter is the start of the
workers, and is told apart, as is the start of Ray itself. Processor time is that of all processes: the main process,
its workers and, on Ray, its actors and all of Ray's daemons. Both must store the same faces; the largest difference of
their vectors is shown.

--lfw 4 takes every fourth photo of lfw-dev, 0 none; --photos is the number of photos of 12 megapixels, made and of
groups. --lfw-copies and --copies take each so many times, under other bytes: with many workers, a quarter must last for
some seconds. --device takes a device for both, such as cuda. --on takes the address of a cluster on this machine; by
default Ray is started here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from harness.all_processes import AllProcesses
from harness.measure import Cost, clocks, processors, ratios
from harness.report import Report
from make_photos import with_copies

import faceindex
from benchmarks.ingest import LFW, group_photos, made_photos
from faceindex.cluster.executor import RayExecutor
from faceindex.cluster.session import RaySession
from faceindex.faces.engine import Engine
from faceindex.types import Box

PART = 4
"""The small set has one photo in so many."""

Stored = dict[tuple[str, Box], npt.NDArray[np.float32]]
"""The vector of each face, by its photo and box."""

Work = Callable[[faceindex.Library], faceindex.IngestReport]


def run(
    report: Report,
    *,
    rounds: int = 3,
    recipe: str = "sface",
    lfw: int = 4,
    lfw_copies: int = 1,
    photos: int = 60,
    copies: int = 1,
    workers: int = 2,
    device: str = "cpu",
    on: str = "ray",
) -> None:
    pictures = report.folder / "photos"
    sets: dict[str, list[Path]] = {}
    if lfw:
        sets["lfw-dev"] = with_copies(sorted(LFW.rglob("*.jpg"))[::lfw], pictures / "lfw", lfw_copies)
    if photos:
        groups = group_photos(pictures / "groups", photos)
        made = made_photos(pictures / "made", photos - len(groups.paths))
        sets["12 megapixels"] = with_copies(sorted([*groups.paths, *made.paths]), pictures / "large", copies)
    with AllProcesses() as spent:
        before = spent()
        with RaySession(on, cpus=workers if on == "ray" else None) as session:
            report.add_costs("start of Ray", [between(before, spent())])

            def locally(paths: list[Path]) -> Work:
                return lambda library: library.ingest(paths, workers=workers)

            def on_ray(paths: list[Path]) -> Work:
                return lambda library: library.ingest(paths, executor=RayExecutor(session, workers=workers))

            for name, paths in sets.items():
                ways = {"locally": locally, "on Ray": on_ray}
                compare(name, paths, ways, rounds, recipe, Engine("onnx", device), report, spent)


def compare(
    name: str,
    paths: list[Path],
    ways: Mapping[str, Callable[[list[Path]], Work]],
    rounds: int,
    recipe: str,
    engine: Engine,
    report: Report,
    spent: AllProcesses,
) -> None:
    """ways: the local pool, and Ray."""
    few = paths[::PART]
    photo: dict[str, list[Cost]] = {who: [] for who in ways}
    start: dict[str, list[Cost]] = {who: [] for who in ways}
    differences = []
    ingested(report.folder / f"{name} before.faces", recipe, engine, ways["locally"](few[:1]), spent)  # fills caches
    for number in range(rounds):
        stored: list[Stored] = []
        for who in list(ways)[:: -1 if number % 2 else 1]:
            where = report.folder / f"{name} {who} {number}.faces"
            part, _ = ingested(where.with_suffix(".few.faces"), recipe, engine, ways[who](few), spent)
            whole, faces = ingested(where, recipe, engine, ways[who](paths), spent)
            stored.append(faces)
            one = between(part, whole, of=len(paths) - len(few))
            photo[who].append(one)
            start[who].append(Cost(part.clock - one.clock * len(few), part.processor - one.processor * len(few)))
        differences.append(largest_difference(name, *stored))
    for who, some in photo.items():
        report.add(f"{name}, a photo {who}, processor", [1e3 * one for one in processors(some)], "ms")
        report.add(f"{name}, photos a second {who}, clock", [1 / one for one in clocks(some)], "photos/s")
    theirs, ours = photo.values()
    report.add(
        f"{name}, photos per processor second, Ray by local", ratios(processors(theirs), processors(ours)), "times"
    )
    report.add(f"{name}, photos a second by the clock, Ray by local", ratios(clocks(theirs), clocks(ours)), "times")
    for who, some in start.items():
        report.add_costs(f"{name}, start of workers {who}", some)
    report.add(f"{name}, largest difference of vectors", differences)


def largest_difference(name: str, one: Stored, other: Stored) -> float:
    """The Euclidean distance, at most, of the vectors of the same face."""
    if one.keys() != other.keys():
        raise SystemExit(f"{name}: not the same faces on Ray as locally")
    return max((float(np.linalg.norm(one[face] - other[face])) for face in one), default=0.0)


def ingested(where: Path, recipe: str, engine: Engine, work: Work, spent: AllProcesses) -> tuple[Cost, Stored]:
    with faceindex.Library(where, recipe=recipe, engine=engine) as library:
        before = spent()
        work(library)
        cost = between(before, spent())
        ids, vectors = library.faces.vectors()
        places = {face.face: (face.photo, face.box) for face in library.faces}
    return cost, {places[face]: vector for face, vector in zip(ids, vectors, strict=True)}


def between(before: Cost, after: Cost, *, of: int = 1) -> Cost:
    """The difference, of one of so many."""
    return Cost((after.clock - before.clock) / of, (after.processor - before.processor) / of)
