"""What an ingest costs beside OpenCV, starts told apart, and where the time of a photo goes."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path

from harness.measure import cost, ratios
from harness.report import Report

import faceindex
from benchmarks import opencv
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import Recipe
from faceindex.faces.stopwatch import Stopwatch
from faceindex.photos.read import read_bytes

PROCESSES = 2
STAGED = 40
"""Photos of which the stages are timed."""


def beside_opencv(name: str, paths: list[Path], rounds: int, recipes: list[Recipe], report: Report) -> None:
    """Processor time of a photo without starts, of the starts, and OpenCV's by ours."""
    few = paths[::4]
    works = dict[str, Callable[[list[Path]], object]]()
    if max(path.stat().st_size for path in few) > 500_000:  # a quarter of a small photo shows nothing
        works["OpenCV, reduced decode"] = lambda some: opencv.in_processes(some, PROCESSES, reduced=True)
    works["OpenCV, full decode"] = lambda some: opencv.in_processes(some, PROCESSES, reduced=False)
    numbers = count()
    for chosen in recipes:
        works[chosen.title] = lambda some, chosen=chosen: _ingest(  # type: ignore[misc]
            some, chosen, report.folder / f"beside-{next(numbers)}.faces"
        )
    slopes = {work: list[float]() for work in works}
    starts = {work: list[float]() for work in works}
    for number in range(rounds):
        for work in list(works)[:: -1 if number % 2 else 1]:
            less, _ = cost(lambda: works[work](few))  # noqa: B023
            all_of_them, _ = cost(lambda: works[work](paths))  # noqa: B023
            slope = (all_of_them.processor - less.processor) / (len(paths) - len(few))
            slopes[work].append(slope)
            starts[work].append(less.processor - slope * len(few))
    for work in works:
        report.add(f"{name}, {work}: a photo without starts, processor", [1e3 * one for one in slopes[work]], "ms")
        report.add(f"{name}, {work}: starts, processor", starts[work], "s")
    for theirs in (work for work in works if work.startswith("OpenCV")):
        for chosen in recipes:
            by_round = ratios(slopes[theirs], slopes[chosen.title])
            report.add(f"{name}, {theirs} by {chosen.title}, without starts", by_round, "times")


def _ingest(paths: list[Path], chosen: Recipe, where: Path) -> None:
    with faceindex.Library(where, recipe=chosen) as library:
        library.ingest(paths, workers=PROCESSES)


def stages(name: str, paths: list[Path], recipes: list[Recipe], report: Report) -> None:
    """Processor time of each stage of a photo, in this process. The medians of three rounds; they add up to "all"."""
    some = paths[:: max(1, len(paths) // STAGED)]
    reduced = max(path.stat().st_size for path in some) > 500_000
    staged: dict[str, Callable[[Path], Counter[str]]] = {
        "OpenCV": lambda path: _opencv(path, reduced=reduced),
    }
    for chosen in recipes:
        analyser = Analyser(chosen)
        analyser.try_out()
        staged[chosen.title] = lambda path, analyser=analyser: _ours(path, analyser)  # type: ignore[misc]
    rounds = {who: list[Counter[str]]() for who in staged}
    for _ in range(3):
        spent = {who: Counter[str]() for who in staged}
        for path in some:
            for who, work in staged.items():
                spent[who].update(work(path))
        for who, stages_of_round in spent.items():
            rounds[who].append(stages_of_round)
    for who, found in rounds.items():
        for stage in found[0]:
            milliseconds = 1e3 * statistics.median(one[stage] for one in found) / len(some)
            report.add(f"{name}, {who}, {stage}, processor", milliseconds, "ms")


def _ours(path: Path, analyser: Analyser) -> Counter[str]:
    began = time.process_time()
    stopwatch = Stopwatch(clock=time.process_time)
    with stopwatch.stage("read"):
        data, _ = read_bytes(str(path))
        photo = analyser.open(data, str(path))
    analyser(photo, stopwatch)
    return _with_rest(stopwatch, time.process_time() - began)


def _opencv(path: Path, *, reduced: bool) -> Counter[str]:
    began = time.process_time()
    stopwatch = opencv.seconds(path, reduced=reduced)
    return _with_rest(stopwatch, time.process_time() - began)


def _with_rest(stopwatch: Stopwatch, whole: float) -> Counter[str]:
    spent = Counter(stopwatch.seconds)
    spent["rest"] = whole - sum(spent.values())  # type: ignore[assignment]  # a Counter adds floats
    spent["all"] = whole  # type: ignore[assignment]
    return spent
