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

import faiss
import numpy as np
import numpy.typing as npt
from harness.measure import STATS, cost, costs, in_new_process, in_turn, processors
from harness.report import Report
from make_library import DrawnFaces, make_library

import faceindex
from benchmarks.indexes import ALONE, DRAWN, FAISS, Best, K, Search
from faceindex.faces.recipe import recipe
from faceindex.search import index as face_index
from faceindex.search.files import FAISS_FILE
from faceindex.store.folder import LibraryFolder
from faceindex.store.photos import writing
from faceindex.types import Vectors
from faceindex.vectors.exact import k_nearest_of_blocks
from faceindex.vectors.nearest import FaceIndex

WITHIN = 0.335
"""A threshold within which a query has some tens of answers."""


def drawn_faces(count: int, seed: int = 0) -> DrawnFaces:
    return DrawnFaces(count, STATS, recipe("dlib").card.length, seed)


def compare_libraries(
    libraries: Sequence[Path], count: int, added: int, threads: int, build_anew: bool, report: Report
) -> list[Best]:
    """What each library costs by itself; then recall, and how long queries take in all libraries in turn, ours and by
    plain FAISS with the same file; then the largest with more faces, and checked."""
    rows = [by_itself(path, count, threads, build_anew, report) for path in libraries]
    folders = [LibraryFolder(path, create=False) for path in libraries]
    loaded = [face_index.load_or_build(folder) for folder in folders]
    asked: dict[str, Asked] = {}
    for folder, index in zip(folders, loaded, strict=True):
        probes, title = drawn_faces(len(index.main.ids)).others(count, 11), f"{len(index.main.ids):,} faces"
        asked[f"{title}, faceindex"] = Asked(searching(folder, index), probes)
        plain = faiss.read_index(str(folder.index / FAISS_FILE), FAISS.IO_FLAG_MMAP_IFC)
        asked[f"{title}, {ALONE}"] = Asked(partial(_nearest_by_faiss, plain), probes)
    spent = in_turn(asked, count, warm=count)  # the first half warms up
    grown: list[Best] = []
    for row, index in zip(rows, loaded, strict=True):
        title = f"{len(index.main.ids):,} faces"
        truth = true_neighbours(index.main, asked[f"{title}, faceindex"].probes)
        for name in ("faceindex", ALONE):
            who = f"{title}, {name}"
            report.add(f"{who}, recall@{K}", recall := asked[who].recall(truth))
            report.add_costs(f"{who}, a query", spent[who], "ms")
            milliseconds = 1e3 * statistics.median(processors(spent[who]))
            grown.append(Best(name, DRAWN, len(index.main.ids), who, recall, milliseconds, asked[who].search))
            row |= {f"recall, {name}": f"{recall:.4f}", f"a query in turn, {name}": f"{milliseconds:.3g} ms"}
        if len(grown) > 2:
            ratio = grown[-2].milliseconds / grown[-4].milliseconds
            report.add(f"{title}, by {grown[-4].faces:,}", ratio, "times")
            row["by the library before"] = f"{ratio:.3g} times"
    rows[-1] |= with_more_faces(folders[-1], loaded[-1], count, drawn_faces(added, seed=5).vectors(0, added), report)
    spent_checking, (_, most) = cost(lambda: in_new_process(check, libraries[-1]))
    report.add_costs("check", [spent_checking])
    report.add("check, peak memory", most, "MB")
    rows[-1] |= {"check": f"{spent_checking.clock:.0f} s", "check, peak": f"{most:,.0f} MB"}
    report.say(table(rows))
    return grown


def by_itself(path: Path, count: int, threads: int, build_anew: bool, report: Report) -> dict[str, str]:
    """Building and searching, each in a process of its own. A library that is missing is drawn, with as many faces as
    its name says."""
    if not path.exists():
        in_new_process(make_library, path, int(path.stem), stats=STATS)
    in_new_process(migrate, path)
    with closing(LibraryFolder(path, create=False)) as folder:
        faces, missing = folder.catalog.counts()["faces"], face_index.report(folder).state != "current"
    title, row = f"{faces:,} faces", {"faces": f"{faces:,}"}
    if build_anew or missing:
        spent, (_, most) = cost(lambda: in_new_process(build, path, threads))
        report.add_costs(f"{title}, index built", [spent])
        report.add(f"{title}, index built, peak memory", most, "MB")
        row |= {"index built": f"{spent.clock:.0f} s", "built, peak": f"{most:,.0f} MB"}
    with closing(LibraryFolder(path, create=False)) as folder:
        built = face_index.report(folder)
    report.say(f"{title}: {built}")
    beside = built.bytes / faces - 4 * recipe("dlib").dimension
    report.add(f"{title}, bytes a face beside the vectors", beside)
    row["bytes a face beside vectors"] = f"{beside:.1f}"
    for name, (values, unit) in in_new_process(queries, path, drawn_faces(faces).others(count, 1))[0].items():
        report.add(f"{title}, {name}", values, unit)
        row[name] = f"{statistics.median(values):.3g} {unit}"
    return row


def table(rows: list[dict[str, str]]) -> str:
    """In Markdown: a column for each library."""
    names = dict.fromkeys(name for row in rows for name in row)
    lines = [[name, *(row.get(name, "") for row in rows)] for name in names]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def with_more_faces(folder: LibraryFolder, loaded: Any, count: int, new: Vectors, report: Report) -> dict[str, str]:
    """Queries in the library with more faces, which are removed again."""
    title = f"{len(new):,} faces more"
    first, _, row = stored_and_found(folder, loaded, new, report)
    compared, listed = (face_index.Delta(loaded.main, first + np.arange(len(new)), new) for _ in range(2))
    report.add_costs(f"{title}, put into lists", [cost(listed.put_into_lists)[0]])
    near = new[:count] + np.float32(0.01)
    ways = {"all compared": compared, "in lists": listed}
    both = {way: Asked(searching(folder, replace(loaded, delta=delta)), near) for way, delta in ways.items()}
    for way, costs_of in in_turn(both, len(near), warm=0).items():
        report.add_costs(f"{title}, {way}, a query", costs_of, "ms")
        row[f"{title}, {way}, a query"] = f"{1e3 * statistics.median(processors(costs_of)):.3g} ms"
    pairs = zip(both["all compared"].found, both["in lists"].found, strict=True)
    report.add("the same found in lists", float(np.mean([np.isin(a, b).mean() for a, b in pairs])))
    with folder.writer() as writer, writer.catalog.transaction() as transaction:
        transaction.execute("DELETE FROM faces WHERE id >= ?", (first,))
        writing.note_change_of_faces(transaction)
    return row


def stored_and_found(
    folder: LibraryFolder, loaded: Any, new: Vectors, report: Report
) -> tuple[int, Any, dict[str, str]]:
    """Store faces, and look for one of them with an index that was opened before: the first id, the index, figures."""
    title = f"{len(new):,} faces more"
    stored, first = cost(lambda: add_faces(folder, new))

    def found_by_who_had_it_open() -> Any:
        followed = face_index.load_or_build(folder, loaded)
        found, _ = face_index.find_nearest(folder, followed, new[0], K, np.inf)
        assert found[0] == first, found
        return followed

    followed_by, followed = cost(found_by_who_had_it_open)
    opened = cost(lambda: face_index.load_or_build(folder))[0]
    figures = {"stored": stored, "found by who had the index open": followed_by, "opened": opened}
    for what, spent in figures.items():
        report.add_costs(f"{title}, {what}", [spent])
    return first, followed, {f"{title}, {what}": f"{spent.clock:.2f} s" for what, spent in figures.items()}


Ids = npt.NDArray[np.int64]


class Asked:
    """A search that is asked for the nearest of one probe after the other. found: ids, for each time."""

    def __init__(self, search: Search, probes: Vectors) -> None:
        self.search, self.probes = search, probes
        self.found: list[Ids] = []

    def __call__(self) -> None:
        self.found.append(self.search(self.probes[len(self.found) % len(self.probes)]))

    def recall(self, truth: Ids) -> float:
        """Of the last answers, which are about all probes in their order. truth: int64 [probes, K]."""
        return float(np.mean([np.isin(a, b).mean() for a, b in zip(truth, self.found[-len(truth) :], strict=True)]))


def searching(folder: LibraryFolder, index: Any) -> Search:
    """Ids of the nearest in the library."""
    return lambda probe: face_index.find_nearest(folder, index, probe, K, np.inf)[0]


def _nearest_by_faiss(index: Any, probe: npt.NDArray[np.float32]) -> Ids:
    found: Ids = index.search(probe[None], K)[1][0]
    return found


def true_neighbours(main: FaceIndex, probes: Vectors) -> Ids:
    """Ids of the nearest of each probe: int64 [probes, K]."""
    blocks = (main.vectors[start : start + (1 << 16)] for start in range(0, len(main.vectors), 1 << 16))
    found: Ids = main.ids[k_nearest_of_blocks(probes, blocks, K, threads=2)[1]]
    return found


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
        _, followed, _ = stored_and_found(folder, index, new, report)
        asked = Asked(searching(folder, followed), new[:200])
        report.add_costs(f"{added:,} new faces, a query", costs(asked, len(asked.probes)), "ms")
        with folder.writer() as writer, writer.catalog.transaction() as transaction:
            transaction.execute("DELETE FROM faces WHERE id % 1000 = 7")
            writing.note_change_of_faces(transaction)
        fewer = face_index.load_or_build(folder, followed)
        asked = Asked(searching(folder, fewer), new[:200])
        deleted = f"{fewer.deleted:,} deleted, too, a query"
        report.add_costs(deleted, costs(asked, len(asked.probes)), "ms")
    spent, (_, most) = cost(lambda: in_new_process(check, path))
    report.add_costs("check", [spent])
    report.add("check, peak memory", most, "MB")


def migrate(path: Path) -> None:
    """Bring a library to today's schema: a reader would do so in memory whenever it opens an earlier one."""
    with closing(LibraryFolder(path, create=False)) as folder, folder.writer():
        pass


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
