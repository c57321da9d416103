"""Albums: how right, how fast with up to a million faces, how stable when photos come, and two faces of one photo.

--parts chooses among: quality (recipes on lfw-dev: the threshold that is best on half "a" of the people, its F on half
"b", and the default's F on all), speed (drawn faces, compared with dlib.chinese_whispers_clustering and with
scikit-learn's DBSCAN, one thread each), million (time and peak memory by number of faces, each in a new process), grow
(lfw-dev without some photos, which come later), gate (drawn faces with and without qualities, of which a tenth is low,
in turn), photos (pairs of faces of one photo that share an album, without and
with the rule against it).

Faces are drawn as make_library draws them, from plain dlib vectors, and grouped at DRAWN_THRESHOLD. --sizes are the
numbers of faces of million, --speed-sizes the two of speed, --workers the threads of million. --keep names a folder for
libraries, so that photos are analysed once; --plots names one for the picture of million.

--plan PHOTOS measures none of this, but plans for so many photos on a cluster: scripts/bench cluster_plan --photos.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import dlib
import numpy as np
from harness.measure import DATA, STATS, Cost, cost, in_new_process
from harness.report import Report
from make_library import DrawnFaces
from sklearn.cluster import DBSCAN

import faceindex
from faceindex.clustering.cluster import cluster
from faceindex.clustering.constraints import Constraints, cohabitants, pairs_in_photos, unconstrained
from faceindex.clustering.dbscan import density_clusters
from faceindex.clustering.extend import extend
from faceindex.clustering.linkage import agglomerate
from faceindex.clustering.methods import METHODS
from faceindex.clustering.neighbours import edge_recall, neighbour_graph
from faceindex.clustering.rules import rules_of
from faceindex.evaluation.bcubed import bcubed
from faceindex.evaluation.folds import half_of
from faceindex.evaluation.labelled import LabelledFaces, evaluation_library, ingest_labelled
from faceindex.faces.recipe import recipe
from faceindex.types import Labels, Vectors

STEPS = (0.94, 0.96, 0.98, 1.0, 1.02, 1.04)
DRAWN_THRESHOLD = 0.52
"""Best for linkage of 20,000 drawn faces; plain dlib vectors of one person are further apart than those of `dlib`."""

ROUNDS = 3
"""Of each that are measured in turn."""

DLIB_THRESHOLDS = (0.48, 0.50, 0.52)


def run(
    report: Report,
    *,
    parts: Sequence[str] = ("quality", "speed", "million", "grow", "gate", "photos"),
    recipes: Sequence[str] = ("dlib", "sface"),
    keep: Path | None = None,
    plots: Path | None = None,
    sizes: Sequence[int] = (10_000, 30_000, 100_000, 300_000, 1_000_000),
    speed_sizes: Sequence[int] = (20_000, 100_000),
    workers: int = 2,
    plan: float = 0,
) -> None:
    if plan:
        from benchmarks import cluster_plan

        cluster_plan.run(report, photos=plan)
        return
    if "speed" in parts:
        speed(report, *speed_sizes)
    if "gate" in parts:
        gate(report, speed_sizes[-1])
    if "million" in parts:
        million(report, sizes, workers, plots)
    for name in recipes:
        faces = lfw(name, keep) if {"quality", "grow"} & set(parts) else None
        if faces and "quality" in parts:
            quality(report, name, faces)
        if faces and "grow" in parts:
            grow(report, name, faces)
        if "photos" in parts:
            photos(report, name, keep)


def lfw(name: str, keep: Path | None) -> LabelledFaces:
    with evaluation_library(recipe(name), keep) as library:
        return ingest_labelled(library, DATA / "lfw-dev" / "images")


def quality(report: Report, name: str, faces: LabelledFaces) -> None:
    half = np.array([half_of(person) for person in faces.names])[faces.people]
    default = faces.recipe.cluster_threshold
    for method in METHODS:
        tried = {step: _f(faces, method, step * default, half == "a") for step in STEPS}
        best = max(tried, key=lambda step: tried[step])
        report.add(f"{name}, {method}, threshold that is best on half a", best * default)
        report.add(f"{name}, {method}, F of half a there", tried[best])
        report.add(f"{name}, {method}, F of half b there", _f(faces, method, best * default, half == "b"))
        report.add(f"{name}, {method}, F of all at {default:g}", _f(faces, method, default, half != ""))


def _f(faces: LabelledFaces, method: str, threshold: float, rows: np.ndarray) -> float:
    labels = cluster(
        faces.vectors[rows],
        method=method,
        threshold=threshold,
        qualities=faces.qualities[rows],
        modest_last=faces.recipe.card.poor_last,
    )
    return bcubed(labels, faces.people[rows]).f


def drawn(count: int) -> tuple[Vectors, Labels]:
    faces = DrawnFaces(count, STATS, recipe("dlib").card.length)
    return faces.all(), faces.person


def speed(report: Report, few: int, many: int) -> None:
    vectors, person = drawn(few)
    for method in METHODS:
        cluster(vectors[:12_000], method=method, threshold=DRAWN_THRESHOLD)  # compiled now

    def timed(name: str, work: Callable[[], Labels]) -> Cost:
        spent, labels = cost(work)
        report.add_costs(name, [spent])
        report.add(f"{name}, F", bcubed(labels, person).f)
        return spent

    ours = timed(f"{few:,} faces", lambda: cluster(vectors, threshold=DRAWN_THRESHOLD))
    listed = [dlib.vector(vector.tolist()) for vector in vectors]
    for threshold in DLIB_THRESHOLDS:
        name = f"{few:,} faces, dlib.chinese_whispers_clustering at {threshold}"
        found = timed(name, lambda: np.array(dlib.chinese_whispers_clustering(listed, threshold), np.int64))  # noqa: B023
        report.add_ratio(f"{name} by ours", [found], [ours])
    vectors, person = drawn(many)
    threshold = recipe("dlib").cluster_threshold
    ours = timed(f"{many:,} faces, graph and dbscan", lambda: density_clusters(neighbour_graph(vectors, threshold)))
    model = DBSCAN(eps=threshold, min_samples=3, n_jobs=1)
    theirs = timed(f"{many:,} faces, scikit-learn's DBSCAN", lambda: model.fit(vectors).labels_.astype(np.int64))
    report.add_ratio(f"{many:,} faces, scikit-learn's DBSCAN by ours", [theirs], [ours])


def gate(report: Report, count: int) -> None:
    vectors, person = drawn(count)
    qualities = np.where(np.random.default_rng(0).random(count) < 0.1, 0.0, 1.0)
    costs: dict[str, list[Cost]] = {"without": [], "with": []}
    for _ in range(ROUNDS):
        for name, known in (("without", None), ("with", qualities)):
            spent, labels = cost(lambda: cluster(vectors, threshold=DRAWN_THRESHOLD, qualities=known))  # noqa: B023
            costs[name].append(spent)
            report.add(f"{count:,} faces {name} the gate, F", bcubed(labels, person).f)
    for name, spent_each in costs.items():
        report.add_costs(f"{count:,} faces {name} the gate", spent_each)
    report.add_ratio(f"{count:,} faces, with the gate by without", costs["with"], costs["without"])


def million(report: Report, sizes: Sequence[int], workers: int, plots: Path | None) -> None:
    rows: list[tuple[int, list[Cost], float]] = []
    for size in sizes:
        (spent, figures), peak = in_new_process(one_size, size, workers)
        for name, one in zip(("graph", "linkage"), spent, strict=True):
            report.add_costs(f"{size:,} faces, {name}", [one])
        for name, value in figures.items():
            report.add(f"{size:,} faces, {name}", value)
        report.add(f"{size:,} faces, peak memory", peak, "MB")
        rows.append((size, spent, peak))
    if plots:
        draw(plots / "cluster.png", rows)


def one_size(size: int, workers: int) -> tuple[list[Cost], dict[str, float]]:
    """What graph and linkage cost, and what they are worth."""
    vectors, person = drawn(size)
    threshold = recipe("dlib").cluster_threshold
    first, graph = cost(lambda: neighbour_graph(vectors, threshold, workers=workers))
    rules = rules_of(unconstrained(size), vectors, 0)
    second, labels = cost(lambda: agglomerate(vectors, graph, rules, threshold, threads=workers, in_place=True))
    recall = edge_recall(graph, vectors, threshold, seed=5)
    figures = {"edges": len(graph.neighbour) // 2, "edge recall": recall, "F": bcubed(labels, person).f}
    return [first, second], figures


def draw(file: Path, rows: list[tuple[int, list[Cost], float]]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    faces = [size for size, _, _ in rows]
    axes.loglog(faces, [sum(one.clock for one in spent) for _, spent, _ in rows], marker="o", label="seconds")
    worked = [sum(one.processor for one in spent) for _, spent, _ in rows]
    axes.loglog(faces, worked, marker="x", label="seconds of processors")
    axes.set(xlabel="faces", ylabel="seconds", title="Albums of drawn faces: graph and linkage")
    memory = axes.twinx()
    memory.loglog(faces, [peak / 1e3 for *_, peak in rows], marker="s", color="tab:green", label="peak memory")
    memory.set_ylabel("GB")
    axes.grid(visible=True, alpha=0.3)
    figure.legend(loc="upper left", bbox_to_anchor=(0.1, 0.92))
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)


def grow(report: Report, name: str, faces: LabelledFaces) -> None:
    threshold, count = faces.recipe.cluster_threshold, len(faces.people)
    order = np.random.default_rng(0).permutation(count)
    whole = cluster(faces.vectors, threshold=threshold)
    report.add(f"{name}, F all at once", bcubed(whole, faces.people).f)
    extend(faces.vectors, whole, faces.vectors[:9], threshold=threshold)
    for share in (0.01, 0.02, 0.04, 0.08):
        new = order[: round(share * count)]
        old = np.setdiff1d(order, new)
        before = cluster(faces.vectors[old], threshold=threshold)
        spent, added = cost(lambda: extend(faces.vectors[old], before, faces.vectors[new], threshold=threshold))  # noqa: B023
        after = before.copy()
        after[added.woken[:, 0]] = added.woken[:, 1]
        moved = int(np.sum((before >= 0) & (after != before)))
        f = bcubed(np.concatenate([after, added.labels]), faces.people[np.concatenate([old, new])]).f
        title = f"{name}, {len(new)} new of {count}"
        report.add_costs(title, [spent], "ms")
        for what, value in (("F", f), ("old faces moved", moved), ("merges suggested", len(added.merges))):
            report.add(f"{title}, {what}", value)


def photos(report: Report, name: str, keep: Path | None) -> None:
    for folder in ("groups/photos", "album"):
        path = (keep or report.folder) / folder / f"{name}.faces"
        with faceindex.Library(path, recipe=recipe(name)) as library:
            library.ingest([DATA / folder])
            found = list(library.faces.with_vectors())
        vectors = np.array([vector for _, vector in found], dtype=np.float32)
        photo = np.unique([face.photo for face, _ in found], return_inverse=True)[1].astype(np.int64)
        nothing = unconstrained(len(vectors))
        known = Constraints(nothing.person, nothing.must_link, nothing.cannot_link, photo)
        report.add(f"{name}, {folder}, pairs in one photo", len(pairs_in_photos(photo)))
        for method in METHODS:
            for title, told in (("", nothing), (" with the rule", known)):
                threshold = recipe(name).cluster_threshold
                labels = cluster(vectors, method=method, threshold=threshold, constraints=told)
                shared = len(cohabitants(labels, photo))
                report.add(f"{name}, {folder}, {method}, pairs in one album{title}", shared)
