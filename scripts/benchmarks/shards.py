"""An index in shards on Ray beside the same index in this process: the same neighbours, queries a second, latency, and
the seconds until all is right again after a shard was killed; and the graph and albums of many faces as blocks.

--library is one that make_library drew, with as many faces as its name says; it is drawn if it is missing. --on takes
the address of a cluster; by default Ray is started here, with --cpus processors. Probes are further faces of the drawn
people. They are asked one at a time, and --block at a time, both indexes in turn, after a round that does not count.
Processor time is that of all processes: this one, the actors, and Ray's daemons. A shard is killed (kill -9) while two
threads ask; every answer is compared with that of the one index. That is repeated with two replicas.

--albums is the number of drawn faces that are grouped here and on Ray; 0 leaves that out.
"""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
from harness.measure import STATS, Cost, in_new_process
from harness.report import Report
from make_library import make_library

from benchmarks.searched_libraries import drawn_faces
from faceindex.cluster.blocks import RayBlocks
from faceindex.cluster.session import RaySession
from faceindex.cluster.sharded_search import ShardedSearch
from faceindex.clustering.cluster import cluster
from faceindex.faces.recipe import recipe
from faceindex.search import index as face_index
from faceindex.search.index import LibraryIndex, find_nearest, find_nearest_of_each
from faceindex.search.partial import taking_partial_answers
from faceindex.store.folder import LibraryFolder
from faceindex.types import Labels, Vectors
from faceindex.vectors.nearest import Found

ROUNDS = 3
"""Of each that are measured in turn."""

K = (10, 64)
"""Neighbours; 64 are what the company of a face is judged by."""


def run(
    report: Report,
    *,
    library: Path = Path("1000000.faces"),
    on: str = "ray",
    shards: int = 4,
    probes: int = 500,
    block: int = 256,
    cpus: int = 2,
    albums: int = 100_000,
) -> None:
    began = time.monotonic()
    with RaySession(on, cpus=cpus if on == "ray" else None) as session:
        report.add("Ray started", time.monotonic() - began, "s")
        if shards:
            if not library.exists():
                in_new_process(make_library, library, int(library.stem), stats=STATS)
            with closing(LibraryFolder(library, create=False)) as folder:
                searches(report, session, folder, shards, probes, block)
        if albums:
            same_albums(report, session, albums)


def searches(report: Report, session: RaySession, folder: LibraryFolder, shards: int, count: int, block: int) -> None:
    here = face_index.load_or_build(folder)
    asked = drawn_faces(len(here.main.ids)).others(count, 21)
    report.add("faces", here.faces)
    for replicas in (1, 2):
        search, began = ShardedSearch(session, shards=shards, replicas=replicas), time.monotonic()
        there = search.scattered(folder, here) or search.scattered(folder, here)  # an old library is migrated first
        assert there is not None
        report.add(f"{shards} shards, {replicas} of each, cut and loaded", time.monotonic() - began, "s")
        if replicas == 1:
            compared(report, folder, {"one index": here, f"{shards} shards": there}, asked, block)
        killed(report, folder, here, there, search, asked, f"{shards} shards, {replicas} of each")
        search.close()


def compared(
    report: Report, folder: LibraryFolder, indexes: dict[str, LibraryIndex], asked: Vectors, block: int
) -> None:
    for k, within in itertools.product(K, (np.inf, 0.335)):
        found = [list(find_nearest_of_each(folder, index, asked, k, within)) for index in indexes.values()]
        report.add(f"the same, k {k}, within {within:g}, share of {len(asked)} probes", share_same(*found))
    single: dict[str, list[float]] = {name: [] for name in indexes}
    together: dict[str, list[Cost]] = {name: [] for name in indexes}
    for number in range(-1, ROUNDS):
        for name, index in list(indexes.items())[:: -1 if number % 2 else 1]:
            times = [clock(lambda: find_nearest(folder, index, probe, K[0], np.inf)) for probe in asked[:100]]  # noqa: B023
            blocks = [asked[start : start + block] for start in range(0, len(asked), block)]
            spent = cost_of_all(lambda: [ask(folder, index, one) for one in blocks])  # noqa: B023
            if number >= 0:
                single[name] += times
                together[name].append(spent)
    for name in indexes:
        report.add(f"{name}, one probe, median", 1e3 * float(np.median(single[name])), "ms")
        report.add(f"{name}, one probe, 99 of 100", 1e3 * float(np.quantile(single[name], 0.99)), "ms")
        report.add(f"{name}, {block} at a time", [len(asked) / one.clock for one in together[name]], "queries/s")
        report.add(
            f"{name}, {block} at a time, processor of a query",
            [1e3 * one.processor / len(asked) for one in together[name]],
            "ms",
        )


def killed(
    report: Report,
    folder: LibraryFolder,
    here: LibraryIndex,
    there: LibraryIndex,
    search: ShardedSearch,
    asked: Vectors,
    title: str,
) -> None:
    """Kill a shard in mid-query."""
    some = asked[:64]
    expected, stop = ask(folder, here, some), threading.Event()
    answers: list[tuple[float, float, bool, int]] = []

    def asking() -> None:
        while not stop.is_set():
            began = time.monotonic()
            with taking_partial_answers() as unsearched:
                found = ask(folder, there, some)
            answers.append((began, time.monotonic(), share_same(found, expected) == 1, unsearched.faces))

    threads = [threading.Thread(target=asking) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert search.shards is not None
    victim = next(process for shard, process in search.shards.processes() if shard == 1)
    time.sleep(1)
    at, before, lost = time.monotonic(), sum(search.shards.ready()), False
    os.kill(victim, signal.SIGKILL)
    while not lost or sum(search.shards.ready()) < before:
        lost = lost or sum(search.shards.ready()) < before
        time.sleep(0.02)
    loaded = time.monotonic() - at
    time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join()
    after = [one for one in answers if one[1] > at]
    report.add(f"{title}, kill -9: answers", len(after))
    wrong = sum(not right and not missed for *_, right, missed in after)
    report.add(f"{title}, kill -9: wrong answers that are not marked", wrong)
    report.add(f"{title}, kill -9: answers marked incomplete", sum(missed > 0 for *_, missed in after))
    report.add(f"{title}, kill -9: the longest wait for a complete answer", max(e - b for b, e, *_ in after), "s")
    report.add(f"{title}, kill -9: until every replica is there again", loaded, "s")


def same_albums(report: Report, session: RaySession, count: int) -> None:
    vectors, threshold = drawn_faces(count).all(), recipe("dlib").cluster_threshold
    found: list[Labels] = []
    here = cost_of_all(lambda: found.append(cluster(vectors, threshold=threshold)))  # first: actors take theirs along
    with closing(RayBlocks(session)) as blocks:
        spent = cost_of_all(lambda: found.append(cluster(vectors, threshold=threshold, elsewhere=blocks)))
        report.add(f"{count:,} faces, albums on Ray, clock", spent.clock, "s")
        report.add(f"{count:,} faces, albums on Ray, processor", spent.processor, "s")
    report.add(f"{count:,} faces, albums here, clock", here.clock, "s")
    report.add(f"{count:,} faces, albums here, processor", here.processor, "s")
    report.add(f"{count:,} faces, albums", int(found[1].max()) + 1)
    report.add(f"{count:,} faces, the same album, share of faces", float(np.mean(found[0] == found[1])))


def ask(folder: LibraryFolder, index: LibraryIndex, probes: Vectors) -> list[Found]:
    return list(find_nearest_of_each(folder, index, probes, K[0], np.inf))


def share_same(found: list[Found], expected: list[Found]) -> float:
    """Of answers, those with the same ids at the same distances, in the same order."""
    pairs = zip(found, expected, strict=True)
    return float(np.mean([np.array_equal(a, b) and np.array_equal(c, d) for (a, c), (b, d) in pairs]))


def clock(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def cost_of_all(work: Callable[[], object]) -> Cost:
    """Of this process and all processes that it started, those of Ray among them."""
    before, began = processor_of_all(), time.perf_counter()
    work()
    return Cost(time.perf_counter() - began, processor_of_all() - before)


def processor_of_all() -> float:
    total = 0.0
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        try:
            spent = process.cpu_times()
        except psutil.Error:
            continue
        total += spent.user + spent.system
    return total
