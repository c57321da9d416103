"""Whole libraries that are searched: what each costs and finds, how cost grows with their faces, and how soon a change
is seen."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from harness.measure import STATS, cost, costs, in_new_process, in_turn, processors
from harness.report import Report
from make_library import DrawnFaces, make_library

import faceindex
from benchmarks.indexes import DRAWN, Best, K
from faceindex.faces.recipe import recipe
from faceindex.search import index as face_index
from faceindex.store.folder import LibraryFolder
from faceindex.store.photos import writing
from faceindex.types import Vectors
from faceindex.vectors.exact import k_nearest_of_blocks
from faceindex.vectors.nearest import FaceIndex

WITHIN = 0.335
"""A threshold within which a query has some tens of answers."""


def drawn_faces(count: int, seed: int = 0) -> DrawnFaces:
    return DrawnFaces(count, STATS, recipe("dlib").card.length, seed)


def compare_libraries(libraries: Sequence[Path], count: int, added: int, report: Report) -> list[Best]:
    """Recall, and how many times longer than in the library before it a query in each takes, all in turn."""
    folders = [LibraryFolder(path, create=False) for path in libraries]
    opened = [cost(partial(face_index.load_or_build, folder)) for folder in folders]
    loaded = [index for _, index in opened]
    probes = [drawn_faces(len(one.main.ids)).others(count, 11) for one in loaded]
    asked = [Asked(*each) for each in zip(folders, loaded, probes, strict=True)]
    spent = in_turn({str(which): one for which, one in enumerate(asked)}, count, warm=count)  # the first half warms up
    grown: list[Best] = []
    for which, one in enumerate(asked):
        title, costs_of = f"{len(one.index.main.ids):,} faces", spent[str(which)]
        built = face_index.report(one.folder)
        report.say(f"\n{title}: {built}")
        report.add(f"{title}, bytes a face beside the vectors", built.bytes / built.faces - one.probes.nbytes / count)
        report.add_costs(f"{title}, opened", [opened[which][0]], "ms")
        report.add(f"{title}, recall@{K}", recall := one.recall(count))
        report.add_costs(f"{title}, a query", costs_of, "ms")
        milliseconds = 1e3 * statistics.median(processors(costs_of))
        if grown:
            report.add(f"{title}, by {grown[-1].faces:,}", milliseconds / grown[-1].milliseconds, "times")
        grown.append(Best("faceindex", DRAWN, len(one.index.main.ids), title, recall, milliseconds, one.ask))
    new = drawn_faces(added, seed=5).vectors(0, added)
    ids = np.arange(added) + loaded[-1].main.ids.max() + 1
    compared, listed = (face_index.Delta(loaded[-1].main, ids, new) for _ in range(2))
    report.add_costs(f"{added:,} faces more, put into lists", [cost(listed.put_into_lists)[0]])
    ways = {"all compared": compared, "in lists": listed}
    near = new[:count] + np.float32(0.01)
    both = {way: Asked(folders[-1], replace(loaded[-1], delta=delta), near) for way, delta in ways.items()}
    for way, costs_of in in_turn(both, len(near), warm=0).items():
        report.add_costs(f"{added:,} faces more, {way}, a query", costs_of, "ms")
    pairs = zip(both["all compared"].found, both["in lists"].found, strict=True)
    report.add("the same found in lists", float(np.mean([np.isin(a, b).mean() for a, b in pairs])))
    return grown


class Asked:
    """An index that is asked for the nearest of one probe after the other. found: ids, for each time."""

    def __init__(self, folder: LibraryFolder, index: Any, probes: Vectors) -> None:
        self.folder, self.index, self.probes = folder, index, probes
        self.found: list[npt.NDArray[np.int64]] = []

    def __call__(self) -> None:
        self.found.append(self.ask(self.probes[len(self.found) % len(self.probes)]))

    def ask(self, probe: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """Ids of the nearest."""
        found: npt.NDArray[np.int64] = face_index.find_nearest(self.folder, self.index, probe, K, np.inf)[0]
        return found

    def recall(self, last: int) -> float:
        """Of the last answers, which are about all probes in their order."""
        main: FaceIndex = self.index.main
        blocks = (main.vectors[start : start + (1 << 16)] for start in range(0, len(main.vectors), 1 << 16))
        true = main.ids[k_nearest_of_blocks(self.probes, blocks, K, threads=2)[1]]
        return float(np.mean([np.isin(a, b).mean() for a, b in zip(true, self.found[-last:], strict=True)]))


def measure_library(path: Path, faces: int, threads: int, photo: Path, added: int, report: Report) -> None:
    """Building, opening, a whole command, and how soon new and deleted faces are told apart from others."""
    if not path.exists():
        in_new_process(make_library, path, faces, stats=STATS)
    report.say(f"\nlibrary of {faces:,} faces")
    spent, (_, most) = cost(lambda: in_new_process(build, path, threads))
    report.add_costs("index built, tuned and saved", [spent])
    report.add("index built, peak memory", most, "MB")
    command = [sys.executable, "-P", "-m", "faceindex", "search", str(photo), "-L", str(path), "--json"]
    probes = drawn_faces(faces).others(300, 1)
    new = drawn_faces(added, seed=5).vectors(0, added)
    with closing(LibraryFolder(path, create=False)) as folder:
        report.say(str(face_index.report(folder)))
        report.add_costs("opened", costs(lambda: face_index.load_or_build(folder), 5))
        whole = costs(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), 7)
        report.add_costs(f"`faceindex search {photo.name} --json`", whole)
        for name, (values, unit) in in_new_process(queries, path, probes)[0].items():
            report.add(name, values, unit)
        index = face_index.load_or_build(folder)
        first = add_faces(folder, new)

        def found_by_who_had_it_open() -> Any:
            followed = face_index.load_or_build(folder, index)
            found, _ = face_index.find_nearest(folder, followed, new[0], K, np.inf)
            assert found[0] == first, found
            return followed

        spent, followed = cost(found_by_who_had_it_open)
        report.add_costs(f"{added:,} new faces found by who had it open", [spent])
        opened = costs(lambda: face_index.load_or_build(folder), 1)
        report.add_costs(f"{added:,} new faces, opened", opened)
        asked = Asked(folder, followed, new[:200])
        report.add_costs(f"{added:,} new faces, a query", costs(asked, len(asked.probes)), "ms")
        with folder.writer() as writer, writer.catalog.transaction() as transaction:
            transaction.execute("DELETE FROM faces WHERE id % 1000 = 7")
            writing.note_change_of_faces(transaction)
        asked = Asked(folder, face_index.load_or_build(folder, followed), new[:200])
        deleted = f"{asked.index.deleted:,} deleted, too, a query"
        report.add_costs(deleted, costs(asked, len(asked.probes)), "ms")
    spent, (_, most) = cost(lambda: in_new_process(check, path))
    report.add_costs("check", [spent])
    report.add("check, peak memory", most, "MB")


def build(path: Path, threads: int) -> None:
    with closing(LibraryFolder(path, create=False)) as folder:
        face_index.build(folder, threads=threads)


def check(path: Path) -> None:
    with faceindex.Library(path, create=False) as library:
        library.care.check()


def queries(path: Path, probes: Vectors) -> dict[str, tuple[Sequence[float], str]]:
    """Of a process that does nothing else: times, and memory of its own and of mapped files."""
    with closing(LibraryFolder(path, create=False)) as folder:
        loaded = face_index.load_or_build(folder)

        def times(k: int, threshold: float, some: Vectors) -> list[float]:
            asked = [partial(face_index.find_nearest, folder, loaded, probe, k, threshold) for probe in some]
            return [1e3 * cost(one)[0].processor for one in asked]

        times(K, np.inf, probes)
        found: dict[str, tuple[Sequence[float], str]] = {
            "a query, ten nearest, processor": (times(K, np.inf, probes), "ms"),
            f"a query, within {WITHIN}, processor": (times(K, WITHIN, probes), "ms"),
        }
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(("RssAnon", "RssFile")):
                found[f"searching process, {line.split(':')[0]}"] = ([int(line.split()[1]) / 1e3], "MB")
        all_of_them = times(loaded.faces, WITHIN, probes[:9])
        return found | {f"all within {WITHIN}, exactly, processor": (all_of_them, "ms")}


def add_faces(folder: LibraryFolder, vectors: Vectors) -> int:
    """Store faces as make_library does; the id of the first."""
    with folder.writer() as writer:
        first = writer.last_id("faces") + 1
        ids = np.arange(first, first + len(vectors), dtype=np.int64)
        segment = writer.write_segment(iter([(ids, vectors)]), len(vectors))
        with writer.catalog.transaction() as transaction:
            writing.insert_segment(transaction, segment)
            transaction.executemany(
                "INSERT INTO faces (id, photo, segment, x, y, width, height, score, landmarks, quality) "
                "VALUES (?, 1, ?, 0, 0, 9, 9, 0.9, ?, 0.5)",
                [(face, segment.number, bytes(40)) for face in ids.tolist()],
            )
            writing.note_change_of_faces(transaction)
    return first
