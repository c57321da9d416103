"""Albums measured: how right, how fast up to a million faces, how stable when photos come, and two faces of one photo.

    .venv/bin/python scripts/bench_cluster.py [--parts quality speed million grow photos] [--keep DIR] [--plots DIR]
        [--sizes 10000 30000 100000 300000 1000000] [--workers 2]

quality: recipes on lfw-dev; the threshold that is best on half "a" of the people, reported on half "b", and the default
on all. speed: 20,000 drawn faces beside dlib.chinese_whispers_clustering, 100,000 beside scikit-learn's DBSCAN, one
thread each. million: time and peak memory against faces, each size in a process of its own. grow: lfw-dev without some
photos, which then come. photos: pairs of faces of one photo that share an album, without and with the rule against it.

Faces are drawn as scripts/make_library.py draws them, from plain dlib vectors, at DRAWN_THRESHOLD. Times are of the
clock and, in brackets, of the processors. --keep keeps libraries, so that photos are analysed once.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dlib
import make_library
import numpy as np
from sklearn.cluster import DBSCAN

import faceindex
from faceindex.clustering.cluster import DEFAULT_METHOD, METHODS, cluster
from faceindex.clustering.constraints import Constraints, cohabitants, pairs_in_photos, unconstrained
from faceindex.clustering.dbscan import density_clusters
from faceindex.clustering.extend import extend
from faceindex.clustering.linkage import agglomerate
from faceindex.clustering.neighbours import edge_recall, neighbour_graph
from faceindex.clustering.rules import rules_of
from faceindex.evaluation.bcubed import bcubed
from faceindex.evaluation.folds import half_of
from faceindex.evaluation.labelled import LabelledFaces, evaluation_library, ingest_labelled
from faceindex.faces.recipe import recipe
from faceindex.types import Labels, Vectors

RECIPES = ("dlib", "sface")
STEPS = (0.94, 0.96, 0.98, 1.0, 1.02, 1.04)
DRAWN_THRESHOLD = 0.52
"""Best for linkage of 20,000 drawn faces; plain dlib vectors of one person are further apart than those of `dlib`."""

DLIB_THRESHOLDS = (0.48, 0.50, 0.52)
Clock = Callable[[], str]


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--data", type=Path, default=root.parent / "shared" / "data")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--plots", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 30_000, 100_000, 300_000, 1_000_000])
    parser.add_argument("--workers", type=int, default=2, help="threads of the graph in part million")
    options = parser.parse_args()
    options.data = Path(os.environ.get("FACEINDEX_TEST_DATA", options.data))
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    for part in options.parts:
        print(f"\n{part}", flush=True)
        PARTS[part](options)


@contextmanager
def clock() -> Iterator[Clock]:
    """Seconds since it began, of the clock and of the processors."""
    began, work = time.monotonic(), time.process_time()
    yield lambda: f"{time.monotonic() - began:.1f} s ({time.process_time() - work:.1f} s)"


def lfw(name: str, options: argparse.Namespace) -> LabelledFaces:
    with evaluation_library(recipe(name), options.keep) as library:
        return ingest_labelled(library, options.data / "lfw-dev" / "images")


def quality(options: argparse.Namespace) -> None:
    for name in RECIPES:
        faces = lfw(name, options)
        half = np.array([half_of(person) for person in faces.names])[faces.people]
        default = faces.recipe.cluster_threshold
        for method in METHODS:
            tried = {step: _f(faces, method, step * default, half == "a") for step in STEPS}
            best = max(tried, key=lambda step: tried[step])
            other = _f(faces, method, best * default, half == "b")
            whole = _f(faces, method, default, half != "")
            print(
                f"{name}, {method}: best on half a {tried[best]:.4f} at {best * default:.4f}, there half b {other:.4f};"
            )
            print(f"    all people at the default {default:g}: {whole:.4f}", flush=True)


def _f(faces: LabelledFaces, method: str, threshold: float, rows: np.ndarray) -> float:
    qualities = faces.qualities[rows] if faces.recipe.card.poor_last else None
    labels = cluster(faces.vectors[rows], method=method, threshold=threshold, qualities=qualities)
    return bcubed(labels, faces.people[rows]).f


def drawn(count: int, options: argparse.Namespace) -> tuple[Vectors, Labels]:
    faces = make_library.DrawnFaces(count, options.data / "embedding_stats.npz", recipe().card.length)
    blocks = [faces.vectors(start, min(start + (1 << 14), count)) for start in range(0, count, 1 << 14)]
    return np.concatenate(blocks), faces.person


def speed(options: argparse.Namespace) -> None:
    vectors, person = drawn(20_000, options)
    for method in METHODS:
        cluster(vectors[:12_000], method=method, threshold=DRAWN_THRESHOLD)  # compiled now
    began, work = time.monotonic(), time.process_time()
    ours = bcubed(cluster(vectors, threshold=DRAWN_THRESHOLD), person)
    clocked, worked = time.monotonic() - began, time.process_time() - work
    print(f"20,000 faces, {DEFAULT_METHOD} at {DRAWN_THRESHOLD}: F {ours.f:.4f}, {clocked:.2f} s ({worked:.2f} s)")
    listed = [dlib.vector(vector.tolist()) for vector in vectors]
    for threshold in DLIB_THRESHOLDS:
        began, work = time.monotonic(), time.process_time()
        theirs = bcubed(np.array(dlib.chinese_whispers_clustering(listed, threshold), dtype=np.int64), person)
        times = time.monotonic() - began, time.process_time() - work
        print(f"    dlib.chinese_whispers_clustering at {threshold}: F {theirs.f:.4f}, ", end="")
        print(
            f"{times[0]:.1f} s ({times[1]:.1f} s), {times[0] / clocked:.0f} ({times[1] / worked:.0f}) times", flush=True
        )
    vectors, person = drawn(100_000, options)
    with clock() as passed:
        labels = density_clusters(neighbour_graph(vectors, recipe().cluster_threshold))
    print(f"100,000 faces, our graph and dbscan: F {bcubed(labels, person).f:.4f}, {passed()}", flush=True)
    with clock() as passed:
        model = DBSCAN(eps=recipe().cluster_threshold, min_samples=3, n_jobs=1).fit(vectors)
        print(f"    scikit-learn's DBSCAN: F {bcubed(model.labels_.astype(np.int64), person).f:.4f}, {passed()}")


@dataclass(frozen=True)
class Run:
    """Of one size. seconds: graph and linkage. gigabytes: peak of the process, vectors included."""

    faces: int
    graph: float
    linkage: float
    worked: float
    gigabytes: float
    edges: int
    recall: float
    f: float


def million(options: argparse.Namespace) -> None:
    rows = []
    print("| faces | graph, s | linkage, s | processors, s | peak, GB | edges | edge recall | B-cubed F |")
    print("|---|---|---|---|---|---|---|---|")
    for size in options.sizes:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            run = pool.apply(one_size, (size, options))
        rows.append(run)
        print(
            f"| {run.faces:,} | {run.graph:.1f} | {run.linkage:.1f} | {run.worked:.1f} | {run.gigabytes:.2f} ", end=""
        )
        print(f"| {run.edges:,} | {run.recall:.4f} | {run.f:.4f} |", flush=True)
    if options.plots:
        draw(options.plots / "cluster.png", rows)


def one_size(size: int, options: argparse.Namespace) -> Run:
    vectors, person = drawn(size, options)
    threshold = recipe().cluster_threshold
    rules = rules_of(unconstrained(12_000), vectors[:12_000], 0)
    agglomerate(vectors[:12_000], neighbour_graph(vectors[:12_000], threshold), rules, threshold)  # compiled now
    work, began = time.process_time(), time.monotonic()
    graph = neighbour_graph(vectors, threshold, workers=options.workers)
    built = time.monotonic()
    labels = agglomerate(vectors, graph, rules_of(unconstrained(size), vectors, 0), threshold)
    done, worked = time.monotonic(), time.process_time() - work
    memory = peak()
    recall = edge_recall(graph, vectors, threshold, seed=5)
    f = bcubed(labels, person).f
    return Run(size, built - began, done - built, worked, memory, len(graph.neighbour) // 2, recall, f)


def peak() -> float:
    """Highest memory of this process ever, in GB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1e6


def draw(file: Path, rows: list[Run]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    faces = [run.faces for run in rows]
    axes.loglog(faces, [run.graph + run.linkage for run in rows], marker="o", label="seconds")
    axes.loglog(faces, [run.worked for run in rows], marker="x", label="seconds of processors")
    axes.set(xlabel="faces", ylabel="seconds", title="Albums of drawn faces: graph and linkage")
    memory = axes.twinx()
    memory.loglog(faces, [run.gigabytes for run in rows], marker="s", color="tab:green", label="peak memory")
    memory.set_ylabel("GB")
    axes.grid(visible=True, alpha=0.3)
    figure.legend(loc="upper left", bbox_to_anchor=(0.1, 0.92))
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)
    print(file)


def grow(options: argparse.Namespace) -> None:
    for name in RECIPES:
        faces = lfw(name, options)
        threshold, count = faces.recipe.cluster_threshold, len(faces.people)
        order = np.random.default_rng(0).permutation(count)
        whole = bcubed(cluster(faces.vectors, threshold=threshold), faces.people).f
        extend(faces.vectors, cluster(faces.vectors, threshold=threshold), faces.vectors[:9], threshold=threshold)
        for share in (0.01, 0.02, 0.04, 0.08):
            new = order[: round(share * count)]
            old = np.setdiff1d(order, new)
            before = cluster(faces.vectors[old], threshold=threshold)
            began = time.process_time()
            added = extend(faces.vectors[old], before, faces.vectors[new], threshold=threshold)
            worked = time.process_time() - began
            after = before.copy()
            after[added.woken[:, 0]] = added.woken[:, 1]
            moved = int(np.sum((before >= 0) & (after != before)))
            f = bcubed(np.concatenate([after, added.labels]), faces.people[np.concatenate([old, new])]).f
            print(
                f"{name}, {len(new)} new of {count}: F {f:.4f}, all at once {whole:.4f}; {moved} old faces moved, ",
                end="",
            )
            print(f"{len(added.merges)} merges suggested; {1e3 * worked:.1f} ms of a processor", flush=True)


def photos(options: argparse.Namespace) -> None:
    for name in RECIPES:
        for folder in ("groups/photos", "album"):
            with tempfile.TemporaryDirectory() as temporary:
                path = (options.keep or Path(temporary)) / folder / f"{name}.faces"
                with faceindex.Library(path, recipe=recipe(name)) as library:
                    library.ingest([options.data / folder])
                    found = list(library.faces.with_vectors())
            vectors = np.array([vector for _, vector in found], dtype=np.float32)
            photo = np.unique([face.photo for face, _ in found], return_inverse=True)[1].astype(np.int64)
            report_photos(f"{name}, {folder}", vectors, photo, recipe(name).cluster_threshold)


def report_photos(title: str, vectors: Vectors, photo: Labels, threshold: float) -> None:
    nothing = unconstrained(len(vectors))
    known = Constraints(nothing.person, nothing.must_link, nothing.cannot_link, photo)
    pairs = len(pairs_in_photos(photo))
    for method in METHODS:
        counts = [
            len(cohabitants(cluster(vectors, method=method, threshold=threshold, constraints=told), photo))
            for told in (nothing, known)
        ]
        print(
            f"{title}, {method}: of {pairs} pairs in one photo {counts[0]} shared an album, {counts[1]} with the rule"
        )


PARTS = {"quality": quality, "speed": speed, "million": million, "grow": grow, "photos": photos}


if __name__ == "__main__":
    main()
