"""Whether descriptors and memory stay constant, however many threads read, and however often.

A small library is drawn. --threads threads, of which --at-once live at a time, each make their share of --calls calls
of several kinds. Descriptors, connections and resident memory are shown ten times.
"""

from __future__ import annotations

import gc
import threading
import time

import psutil
from harness.measure import STATS, resident
from harness.report import Report
from make_library import make_library

import faceindex


def run(report: Report, *, threads: int = 10_000, calls: int = 1_000_000, at_once: int = 32) -> None:
    path = report.folder / "drawn.faces"
    make_library(path, 2_000, stats=STATS)
    with faceindex.Library(path, create=False) as library:
        library.cluster()
        library.people.name("Ann", album=1)
        gc.disable()  # nothing waits for a collection
        read(library, threads, calls // threads, at_once, report)


def read(library: faceindex.Library, threads: int, calls: int, at_once: int, report: Report) -> None:
    began, found = time.monotonic(), [state(library)]
    for start in range(0, threads, at_once):
        count = min(at_once, threads - start)
        living = [threading.Thread(target=ask, args=(library, calls)) for _ in range(count)]
        for thread in living:
            thread.start()
        for thread in living:
            thread.join()
        if (start + count) * 10 // threads >= len(found):
            found.append(state(library))
            report.say(f"{start + count:7,} threads, {(start + count) * calls:9,} calls: {found[-1]}")
    for name, unit in (("descriptors", ""), ("connections", ""), ("memory", "MB")):
        report.add(f"{name}, at the start", found[0][name], unit)
        report.add(f"{name}, on the way", [one[name] for one in found[1:]], unit)
    report.add("all calls", time.monotonic() - began, "s")


def ask(library: faceindex.Library, calls: int) -> None:
    for number in range(calls):
        match number % 5:
            case 0:
                library.albums.list(limit=5)
            case 1:
                library.faces.get(1 + number)
            case 2:
                library.people.get("Ann")
            case 3:
                str(library.version)
            case _:
                library.albums.faces(1, limit=5)


def state(library: faceindex.Library) -> dict[str, float]:
    connections = library._opened.folder.connections
    return {"descriptors": psutil.Process().num_fds(), "connections": connections, "memory": resident()}
