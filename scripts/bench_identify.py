"""How well people are named, by each method: closed and open set, with one, three and all but one photos of each.

    .venv/bin/python scripts/bench_identify.py [--recipe dlib,sface] [--keep DIR] [--plot identify.png] [--probes 600]

Half of lfw-dev's people are enrolled, by chance but always the same; their other photos and those of the other half
are probes, of each at most --probes, drawn by chance. Rank-1 is the share of enrolled people's probes named rightly;
DIR the share named rightly when the threshold lets 1 % or 10 % of strangers be named.
Photos are analysed once and kept under --keep, as `faceindex evaluate --keep` does.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from faceindex.evaluation.identification import Identification, enrolled
from faceindex.evaluation.labelled import LabelledFaces, evaluation_library, ingest_labelled
from faceindex.faces.recipe import recipe
from faceindex.queries.identify import Ranking, nearest_exemplar, vote
from faceindex.queries.svm import svm
from faceindex.search.calibrated import of_recipe
from faceindex.types import Vectors

ENROLMENTS = {"1": 1, "3": 3, "all but one": None}
RATES = (0.01, 0.1)
Evidence = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    data = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="dlib,sface")
    parser.add_argument("--data", type=Path, default=data / "lfw-dev" / "images")
    parser.add_argument("--keep", type=Path, default=None)
    parser.add_argument("--plot", type=Path, default=None)
    parser.add_argument("--probes", type=int, default=600)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    curves: dict[str, dict[str, Identification]] = {}
    print("| recipe | enrolled photos | faces | probes, strangers | method | rank-1 | DIR at FPIR 0.01 | 0.1 | ms |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in options.recipe.split(","):
        with evaluation_library(recipe(name), options.keep) as folder:
            faces = ingest_labelled(folder, options.data, workers=options.workers)
        for title, photos in ENROLMENTS.items():
            curves[f"{name}, {title} enrolled"] = measure(faces, title, photos, options.probes)
    if options.plot:
        draw(options.plot, curves)


def measure(faces: LabelledFaces, title: str, photos: int | None, most: int) -> dict[str, Identification]:
    random = np.random.default_rng(0)
    gallery, mated = enrolled(faces.people, photos, random)
    probes = random.permutation(np.flatnonzero(mated))[:most]
    strangers = random.permutation(np.flatnonzero(~gallery & ~mated))[:most]
    vectors, people = faces.vectors[gallery], faces.people[gallery]
    evidence = of_recipe(faces.recipe).log_likelihood_ratio
    found = {}
    for method in ("vote", "nearest", "svm"):
        began = time.process_time()
        named = [ranking(method, faces.vectors[row], vectors, people, evidence) for row in (*probes, *strangers)]
        took = 1e3 * (time.process_time() - began) / len(named)
        scores = np.array([each.scores[0] if method == "vote" else each.evidence[0] for each in named])
        right = np.array([each.people[0] for each in named[: len(probes)]]) == faces.people[probes]
        one = found[method] = Identification(right, scores[: len(probes)], scores[len(probes) :])
        rates = " | ".join(f"{one.dir(rate):.3f}" for rate in RATES)
        size = f"{len(people):,} | {len(probes):,}, {len(strangers):,}"
        print(
            f"| {faces.recipe.title} | {title} | {size} | {method} | {one.rank_1:.3f} | {rates} | {took:.1f} |",
            flush=True,
        )
    return found


def ranking(
    method: str, probe: npt.NDArray[np.float32], vectors: Vectors, people: npt.NDArray[np.int64], evidence: Evidence
) -> Ranking:
    distances = np.linalg.norm(vectors.astype(np.float64) - probe, axis=1)
    if method == "svm":
        return svm(probe, vectors, distances, evidence(distances), people)
    return (vote if method == "vote" else nearest_exemplar)(distances, evidence(distances), people)


def draw(file: Path, curves: dict[str, dict[str, Identification]]) -> None:
    """Identification over false positive identification, a picture for each enrolment and recipe."""
    columns = len(ENROLMENTS)
    figure = Figure(figsize=(4.5 * columns, 3.6 * (len(curves) // columns)), layout="constrained")
    rates = np.geomspace(2e-3, 0.5, 100)
    for place, (title, methods) in enumerate(curves.items(), start=1):
        axes = figure.add_subplot(len(curves) // columns, columns, place)
        for method, found in methods.items():
            axes.plot(rates, [found.dir(rate) for rate in rates], label=f"{method} (rank-1 {found.rank_1:.3f})")
        axes.set(title=title, xlabel="FPIR", ylabel="DIR", xscale="log", ylim=(0.5, 1.005))
        axes.grid(visible=True, alpha=0.3)
        axes.legend(loc="lower right")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    main()
