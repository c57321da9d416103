"""How fast faces are searched, how many are found, and how soon a change is seen: our index and others.

Faces are drawn as make_library draws them. Probes are further faces of the same people; they are in no index, and
nothing was tuned on them. With --real LIBRARY (of lfw-dev, say), half of its faces are put among the drawn ones, and
the others are probes, too. The true neighbours are the ten nearest in float64 among IndexFlatL2's. Queries come one at
a time, on one thread; their time is processor time, which other programs disturb less, as the median over all probes.
Each index is tried at several settings; its best is the fastest that finds .99. The best of all are then asked a few
probes each, in turn, so that what else the machine does disturbs all alike. hnswlib, usearch and ScaNN (pip install
hnswlib usearch scann) are left out where they are not installed. Memory is what the process grew by while the index was
built; bytes a face are those of the file without the vectors.

--only and --skip take names of indexes, and `library`: a whole library with the last number of --faces, which --library
names or which is drawn now. --growth takes libraries that make_library drew and that have an index, the smallest first:
they are searched in turn, and then the largest with --add more faces, in memory only. --plot names a picture.
"""

from __future__ import annotations

import hashlib
import importlib.util
import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
from harness.measure import DATA, STATS, cost, costs, in_new_process, in_turn, processors, resident
from harness.report import Report
from make_library import DrawnFaces, make_library

import faceindex
from benchmarks.indexes import ALONE, FAMILIES, OPTIONAL, K, Search
from faceindex.faces.recipe import recipe
from faceindex.search import index as face_index
from faceindex.store.folder import LibraryFolder
from faceindex.store.photos import writing
from faceindex.types import Vectors
from faceindex.vectors.exact import k_nearest_of_blocks
from faceindex.vectors.nearest import FaceIndex

ENOUGH = 0.99
"""Recall that the best setting of each index must have."""

TURN = 20
"""Probes after each other that an index is asked when all are in turn."""

DRAWN, REAL = "drawn faces", "real faces"

WITHIN = 0.335
"""A threshold within which a query has some tens of answers."""


@dataclass(frozen=True, slots=True)
class Best:
    """The fastest setting of an index that finds enough. of: whose faces the probes are. milliseconds: of a query, of
    the processor."""

    name: str
    of: str
    faces: int
    variant: str
    recall: float
    milliseconds: float
    search: Search


def run(
    report: Report,
    *,
    faces: Sequence[int] = (1_000_000,),
    probes: int = 300,
    threads: int = 2,
    only: Sequence[str] = (*FAMILIES, "library"),
    skip: Sequence[str] = (),
    real: Path | None = None,
    keep: Path | None = None,
    plot: Path | None = None,
    library: Path | None = None,
    add: int = 1000,
    photo: Path = DATA / "album" / "angelina" / "img1.jpg",
    growth: Sequence[Path] = (),
) -> None:
    if growth:
        grown = compare_libraries(growth, probes, add, report)
        if plot:
            draw(grown, plot)
        return
    names = [name for name in FAMILIES if name in only and name not in skip]
    best = list[Best]()
    for count in faces if names else ():
        vectors, others = drawn_and_probes(count, probes, real)
        best += compare(vectors, others, threads, names, keep, report)
        del vectors
    if plot:
        draw(best, plot)
    if "library" in only and "library" not in skip:
        path = library or report.folder / "drawn.faces"
        measure_library(path, faces[-1], threads, photo, add, report)


def drawn_faces(count: int, seed: int = 0) -> DrawnFaces:
    return DrawnFaces(count, STATS, recipe("dlib").card.length, seed)


def drawn_and_probes(faces: int, count: int, real: Path | None) -> tuple[Vectors, dict[str, Vectors]]:
    """Faces, float32 [faces, 128], and probes that are not among them: of drawn people, and of real ones."""
    drawn = drawn_faces(faces)
    vectors, probes = drawn.all(), {DRAWN: drawn.others(count, 1)}
    if real is not None:
        with closing(LibraryFolder(real, create=False)) as folder:
            _, own = folder.vectors()
        order = np.random.default_rng(0).permutation(len(own))
        half = min(len(own) // 2, faces)
        vectors[np.random.default_rng(1).choice(faces, half, replace=False)] = own[order[:half]]
        probes[REAL] = np.ascontiguousarray(own[order[half : half + count]])
    return vectors, probes


def compare(
    vectors: Vectors, probes: dict[str, Vectors], threads: int, names: list[str], keep: Path | None, report: Report
) -> list[Best]:
    """The best setting of each index for each kind of probes, after telling how it was built and all its settings."""
    truth = {of: true_neighbours(vectors, some) for of, some in probes.items()}
    report.say(
        f"\n{len(vectors):,} faces, {' and '.join(f'{len(some)} probes of {of}' for of, some in probes.items())}"
    )
    if keep is not None:
        keep = keep / hashlib.blake2b(vectors[::1000].tobytes(), digest_size=8).hexdigest()
        keep.mkdir(parents=True, exist_ok=True)
    best = list[Best]()
    for name in names:
        package = name.partition("-")[0]
        if package in OPTIONAL and importlib.util.find_spec(package) is None:
            report.say(f"{name}: not installed")
            continue
        title, memory = f"{name}, {len(vectors):,} faces", resident()
        variants = FAMILIES[name](vectors, threads, keep)
        built, first = cost(lambda: next(variants))  # noqa: B023
        report.add_costs(f"{title}, built", [built])
        report.add(f"{title}, memory of building", resident() - memory, "MB")
        measured: list[Best] = []
        for variant, search in chain([first], variants):
            faiss.omp_set_num_threads(1)
            for of, some in probes.items():
                who = f"{name} {ALONE}" if ALONE in variant else name
                one = Best(who, of, len(vectors), variant, *measure(search, some, truth[of]), search)
                report.say(f"    {variant}: {of}, recall@{K} {one.recall:.4f}, {one.milliseconds:.3f} ms")
                measured.append(one)
            if all(_much_slower(measured, of) for of in probes):
                break
        for who in dict.fromkeys(one.name for one in measured):
            best += [_fastest([one for one in measured if (one.name, one.of) == (who, of)]) for of in probes]
    return [one for of, some in probes.items() for one in _told([one for one in best if one.of == of], some, report)]


def _fastest(measured: list[Best]) -> Best:
    """That finds enough; the last if none does."""
    enough = [one for one in measured if one.recall >= ENOUGH]
    return min(enough or measured[-1:], key=lambda one: one.milliseconds)


def _much_slower(measured: list[Best], of: str) -> bool:
    """Whether the last setting for these probes finds enough and is much slower than another that does."""
    own = [one for one in measured if one.of == of]
    return own[-1].recall >= ENOUGH and own[-1].milliseconds > 1.5 * _fastest(own).milliseconds


def _told(best: list[Best], probes: Vectors, report: Report) -> list[Best]:
    """The same, asked in turn, after telling how they compare."""
    best = asked_in_turn(best, probes)
    fastest = min(one.milliseconds for one in best)
    for one in sorted(best, key=lambda one: one.milliseconds):
        short = "" if one.recall >= ENOUGH else ", which does not get there"
        title = f"{one.name}, {one.faces:,} faces, probes of {one.of}"
        report.say(f"\n{one.variant}{short}")
        report.add(f"{title}, recall@{K}", one.recall)
        report.add(f"{title}, a query, processor", one.milliseconds, "ms")
        report.add(f"{title}, by the fastest", one.milliseconds / fastest, "times")
    return best


def asked_in_turn(best: list[Best], probes: Vectors) -> list[Best]:
    """The same indexes, with the median times of a run in which each is asked TURN probes after the other."""
    times: list[list[float]] = [[] for _ in best]
    for start in range(0, len(probes), TURN):
        for one, own in zip(best, times, strict=True):
            own += processors(cost(partial(one.search, probe))[0] for probe in probes[start : start + TURN])
    return [replace(one, milliseconds=1e3 * statistics.median(own)) for one, own in zip(best, times, strict=True)]


def true_neighbours(vectors: Vectors, probes: Vectors) -> npt.NDArray[np.int64]:
    """Rows of the K nearest in float64: int64 [probes, K]."""
    _, candidates = faiss.knn(probes, vectors, 4 * K)
    exact = np.stack(
        [
            np.linalg.norm(vectors[near].astype(np.float64) - probe.astype(np.float64), axis=1)
            for near, probe in zip(candidates, probes, strict=True)
        ]
    )
    order = np.lexsort((candidates, exact), axis=1)[:, :K]
    return np.take_along_axis(candidates, order, axis=1)


def measure(search: Search, probes: Vectors, truth: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Recall, and the median milliseconds of a query."""
    search(probes[0])
    answers = [cost(partial(search, probe)) for probe in probes]
    found = [len(np.intersect1d(ids, near)) / K for (_, ids), near in zip(answers, truth, strict=True)]
    return float(np.mean(found)), 1e3 * statistics.median(processors(spent for spent, _ in answers))


def compare_libraries(libraries: Sequence[Path], count: int, added: int, report: Report) -> list[Best]:
    """Recall, and how many times longer than in the library before it a query in each takes, all in turn."""
    folders = [LibraryFolder(path, create=False) for path in libraries]
    loaded = [face_index.load_or_build(folder) for folder in folders]
    probes = [drawn_faces(len(one.main.ids)).others(count, 11) for one in loaded]
    asked = [Asked(*each) for each in zip(folders, loaded, probes, strict=True)]
    spent = in_turn({str(which): one for which, one in enumerate(asked)}, count, warm=count)  # the first half warms up
    grown: list[Best] = []
    for which, one in enumerate(asked):
        title, costs_of = f"{len(one.index.main.ids):,} faces", spent[str(which)]
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


def draw(best: list[Best], path: Path) -> None:
    """Milliseconds of a query by number of faces, of every index."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    for name in dict.fromkeys(one.name for one in best):
        own = [one for one in best if one.name == name and one.of == DRAWN]
        axes.loglog([one.faces for one in own], [one.milliseconds for one in own], marker="o", label=name)
    axes.set_xlabel("faces")
    axes.set_ylabel(f"ms of a query, one thread, recall@10 of {ENOUGH} and more")
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


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
                "INSERT INTO faces VALUES (?, 1, ?, 0, 0, 9, 9, 0.9, ?, 0.5)",
                [(face, segment.number, bytes(40)) for face in ids.tolist()],
            )
            writing.note_change_of_faces(transaction)
    return first
