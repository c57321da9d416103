"""Measure a recipe on photos laid out as LFW: detection, verification of pairs, albums, rescan.

    .venv/bin/python scripts/bench_lfw.py [--recipe dlib] [--detector hog] [--data ../shared/data/lfw-dev]

One folder a person under DATA/images; DATA/pairs.txt in LFW's format. In a photo with several faces the one
nearest to the photo's centre counts. A pair of which a photo shows no face counts as "different people".
`faceindex evaluate` measures accuracy further; this adds ingest, rescan, and both clustering methods over thresholds.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from contextlib import closing
from pathlib import Path

import faceindex
from faceindex.clustering.cluster import DEFAULT_METHOD, METHODS, cluster
from faceindex.evaluation.bcubed import bcubed
from faceindex.evaluation.labelled import LabelledFaces, labelled_faces
from faceindex.evaluation.measures import measure_pairs
from faceindex.evaluation.pairs import Pairs, read_pairs
from faceindex.faces.recipe import Recipe, recipe
from faceindex.models.cards import DETECTORS
from faceindex.store.folder import LibraryFolder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="dlib")
    parser.add_argument("--detector", choices=DETECTORS, default=None)
    parser.add_argument("--data", type=Path, default=None, help="default: lfw-dev in $FACEINDEX_TEST_DATA")
    parser.add_argument("--library", type=Path, default=None, help="keep the library here; default: a temporary one")
    options = parser.parse_args()
    root = Path(__file__).resolve().parents[1]
    shared = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data"))
    data = options.data or shared / "lfw-dev"
    with tempfile.TemporaryDirectory() as temporary:
        report(
            data, recipe(options.recipe, detector=options.detector), options.library or Path(temporary) / "lfw.faces"
        )


def report(data: Path, chosen: Recipe, where: Path) -> None:
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores; {data}, ", end="")
    print(f"recipe {chosen.title}")
    with faceindex.Library(where, recipe=chosen) as library:
        first = library.ingest([data / "images"])
        print(f"ingest: {first.seen} photos, {first.new_faces} faces, {first.seconds:.0f} s, ", end="")
        print(f"{first.photos_per_second:.1f} photos/s")
        again = library.ingest([data / "images"])
        print(f"second ingest: {again.new} analysed, {again.unchanged} unchanged, {again.seconds:.2f} s")
    with closing(LibraryFolder(where)) as folder:
        faces = labelled_faces(folder, data / "images")
    print(f"photos with a face: {len(faces.photos)} of {first.seen}")
    verification(read_pairs(data / "pairs.txt"), faces)
    albums(faces)


def verification(pairs: Pairs, faces: LabelledFaces) -> None:
    result, _ = measure_pairs(faces, pairs)
    print(f"pairs: {result.pairs}, {result.pairs_without_face} with a photo without a face; ", end="")
    print(f"accuracy {result.best_accuracy:.4f} at {result.best_threshold:.3f}, ", end="")
    print(f"{result.accuracy:.4f} at {result.threshold}")


def albums(faces: LabelledFaces) -> None:
    default = faces.recipe.cluster_threshold
    for method in METHODS:
        for threshold in sorted({0.40, 0.42, 0.44, 0.46, 0.48, 0.50, default}):
            began = time.monotonic()
            labels = cluster(faces.vectors, method=method, threshold=threshold)
            score = bcubed(labels, faces.people)
            mark = " (default)" if threshold == default and method == DEFAULT_METHOD else ""
            print(
                f"{method} at {threshold:.2f}{mark}: B-cubed F {score.f:.4f}, precision {score.precision:.4f}, "
                f"recall {score.recall:.4f}, {labels.max() + 1} albums, {time.monotonic() - began:.2f} s"
            )


if __name__ == "__main__":
    main()
