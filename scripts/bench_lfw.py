"""Measure a recipe on photos laid out as LFW: detection, verification of pairs, albums, rescan.

    .venv/bin/python scripts/bench_lfw.py [--recipe dlib] [--detector hog] [--data ../shared/data/lfw-dev]

One folder a person under DATA/images; DATA/pairs.txt in LFW's format. In a photo with several faces the one
nearest to the photo's centre counts. A pair of which a photo shows no face counts as "different people".
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

import faceindex
from faceindex.clustering.cluster import cluster
from faceindex.evaluation.bcubed import bcubed
from faceindex.evaluation.verification import accuracy, best_threshold
from faceindex.faces.recipe import DETECTORS, RECIPES, Recipe, recipe
from faceindex.photos.decode import open_photo

Pair = tuple[str, str, bool]


def read_pairs(file: Path) -> list[Pair]:
    """(photo, photo, same), photos as "Name/Name_0001.jpg"."""

    def name(person: str, number: str) -> str:
        return f"{person}/{person}_{int(number):04d}.jpg"

    pairs = []
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        part = line.split("\t")
        if len(part) == 3:
            pairs.append((name(part[0], part[1]), name(part[0], part[2]), True))
        else:
            pairs.append((name(part[0], part[1]), name(part[2], part[3]), False))
    return pairs


def central_faces(library: faceindex.Library) -> dict[str, np.ndarray]:
    """The vector of the face nearest to each photo's centre, by "Name/Name_0001.jpg"."""
    best: dict[str, tuple[float, np.ndarray]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for face, vector in library.faces_with_vectors():
        if face.photo not in sizes:
            photo = open_photo(face.photo)
            sizes[face.photo] = (photo.width, photo.height)
        width, height = sizes[face.photo]
        away = np.hypot(face.box.x + face.box.width / 2 - width / 2, face.box.y + face.box.height / 2 - height / 2)
        key = "/".join(Path(face.photo).parts[-2:])
        if key not in best or away < best[key][0]:
            best[key] = (float(away), vector)
    return {key: vector for key, (_, vector) in best.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=list(RECIPES), default="dlib")
    parser.add_argument("--detector", choices=DETECTORS, default="hog")
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
        faces = central_faces(library)
        print(f"photos with a face: {len(faces)} of {first.seen}")
        verification(read_pairs(data / "pairs.txt"), faces, library.recipe.match_threshold)
        albums(faces, library.recipe.cluster_threshold)


def verification(pairs: list[Pair], faces: dict[str, np.ndarray], threshold: float) -> None:
    distances = np.array(
        [float(np.linalg.norm(faces[a] - faces[b])) if a in faces and b in faces else np.inf for a, b, _ in pairs]
    )
    same = np.array([pair[2] for pair in pairs])
    best, highest = best_threshold(distances, same)
    print(f"pairs: {len(pairs)}, {np.sum(np.isinf(distances))} with a photo without a face; ", end="")
    print(f"accuracy {highest:.4f} at {best:.3f}, {accuracy(distances, same, threshold):.4f} at {threshold}")
    seen = np.isfinite(distances)
    fit = LogisticRegression(C=1e6).fit(distances[seen, None], same[seen])
    slope, offset = float(fit.coef_[0, 0]), float(fit.intercept_[0])
    print(f"logistic of same person over distance: midpoint {-offset / slope:.3f}, width {-1 / slope:.4f}")


def albums(faces: dict[str, np.ndarray], default: float) -> None:
    vectors = np.stack(list(faces.values()))
    people = np.unique([key.split("/")[0] for key in faces], return_inverse=True)[1]
    for method in ("whispers", "dbscan"):
        for threshold in sorted({0.40, 0.42, 0.44, 0.46, 0.48, 0.50, default}):
            began = time.monotonic()
            labels = cluster(vectors, method=method, threshold=threshold)
            score = bcubed(labels, people)
            mark = " (default)" if threshold == default and method == "whispers" else ""
            print(
                f"{method} at {threshold:.2f}{mark}: B-cubed F {score.f:.4f}, precision {score.precision:.4f}, "
                f"recall {score.recall:.4f}, {labels.max() + 1} albums, {time.monotonic() - began:.2f} s"
            )


if __name__ == "__main__":
    main()
