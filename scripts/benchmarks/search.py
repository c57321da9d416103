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
names or which is drawn now. --growth takes libraries that make_library drew, the smallest first; one that is missing
is drawn, with as many faces as its name says (100000.faces). Each is searched by a process of its own, for times and
memory; all are searched in turn, also by plain FAISS with the same file; then the largest with --add more faces,
which are removed again, and it is checked. --build builds their indexes anew before. --plot names a picture.
"""

from __future__ import annotations

import hashlib
import importlib.util
import statistics
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt
from harness.measure import DATA, cost, processors, resident
from harness.report import Report

from benchmarks.indexes import ALONE, DRAWN, FAMILIES, OPTIONAL, Best, K, Search
from benchmarks.searched_libraries import compare_libraries, drawn_faces, measure_library
from faceindex.store.folder import LibraryFolder
from faceindex.types import Vectors

ENOUGH = 0.99
"""Recall that the best setting of each index must have."""

TURN = 20
"""Probes after each other that an index is asked when all are in turn."""

REAL = "real faces"


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
    build: bool = False,
) -> None:
    if growth:
        grown = compare_libraries(growth, probes, add, threads, build, report)
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
