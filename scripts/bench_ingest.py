"""Compare the ingest with the package face_recognition, end to end: photos a second, recall, memory, workers.

    .venv/bin/pip install --no-deps face_recognition "setuptools<81"      # once; its models need pkg_resources
    .venv/bin/python scripts/bench_ingest.py [--rounds 5] [--recipes dlib sface] [--detector hog] [--parts workers ...]

face_recognition is used as its README does: load_image_file, face_locations (HOG, one upsampling) on the full-size
photo, face_encodings; with a pool of as many processes as faceindex has. Its pool is started before the clock, ours
after it. Both work in turn, round by round: faceindex on all photos of a set, face_recognition on a sample of them, a
different one each round, because it is slow. Recall, on the sample: on the made photos, boxes that overlap the true
ones (IoU 0.3); on LFW, photos with a face in the middle.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import dlib
from make_photos import make_photos

import faceindex
from faceindex.evaluation.detection import DetectionScore, score_boxes, score_points
from faceindex.faces.recipe import Recipe, recipe
from faceindex.models.cards import DETECTORS
from faceindex.types import Box

PARTS = ("compare", "workers", "memory")
PROCESSES = 2
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Photos:
    """A benchmark set. boxes: true faces by path; without an entry the face is in the photo's middle, at `middle`."""

    name: str
    paths: list[Path]
    boxes: dict[Path, list[Box]]
    middle: tuple[int, int] | None
    sample: int

    def score(self, found: dict[Path, list[Box]]) -> DetectionScore:
        total = DetectionScore()
        for path, boxes in found.items():
            total += score_points(boxes, [self.middle]) if self.middle else score_boxes(boxes, self.boxes[path])
        return total


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    data = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--recipes", nargs="+", default=["dlib", "sface"], help="the parts after the first take one")
    parser.add_argument("--detector", choices=DETECTORS, help="default: the recipe's")
    parser.add_argument("--photos", type=int, default=120, help="of 12 megapixels; enough that starting does not count")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    os.environ.update(ONE_THREAD)
    recipes = [recipe(name, detector=options.detector) for name in options.recipes]
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, dlib {dlib.__version__}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "photos"
        truth = make_photos(folder, data / "lfw-dev" / "images", options.photos)
        boxes = {folder / name: [Box(*box) for box in found] for name, found in truth.items()}
        lfw = sorted((data / "lfw-dev" / "images").rglob("*.jpg"))[::4]
        sets = [
            Photos("12 megapixels", sorted(boxes), boxes, None, 4),
            Photos("lfw-dev", lfw, {}, (125, 125), 40),
        ]
        if "compare" in options.parts:
            for photos in sets:
                compare(photos, options.rounds, recipes, Path(temporary))
        if "workers" in options.parts:
            workers(sets[0], recipes[0], Path(temporary))
        if "memory" in options.parts:
            memory(data, Path(temporary))


def compare(photos: Photos, rounds: int, recipes: list[Recipe], temporary: Path) -> None:
    their_rates: list[float] = []
    their_score = DetectionScore()
    rates: dict[str, list[float]] = {recipe.title: [] for recipe in recipes}
    scores = {recipe.title: DetectionScore() for recipe in recipes}
    with get_context("spawn").Pool(PROCESSES) as pool:
        pool.map(by_face_recognition, photos.paths[:PROCESSES], chunksize=1)  # warm
        for number in range(rounds):
            sample = photos.paths[number::rounds][: photos.sample]
            began = time.monotonic()
            theirs = dict(zip(sample, pool.imap(by_face_recognition, sample, chunksize=1), strict=True))
            their_rates.append(len(sample) / (time.monotonic() - began))
            their_score += photos.score(theirs)
            for chosen in recipes:
                where = temporary / f"{photos.name}-{chosen.title}-{number}.faces"
                rate, ours = by_faceindex(photos.paths, chosen, PROCESSES, where)
                rates[chosen.title].append(rate)
                scores[chosen.title] += photos.score({path: ours[path] for path in sample})
    print(f"{photos.name}: face_recognition {statistics.median(their_rates):.2f} photos/s, {told(their_score)}")
    for title, ours_rates in rates.items():
        ratios = [ours / theirs for ours, theirs in zip(ours_rates, their_rates, strict=True)]
        spread = f"median of {rounds}; {min(ratios):.1f} to {max(ratios):.1f}"
        print(
            f"  faceindex ({title}) {statistics.median(ours_rates):.2f} photos/s, "
            f"{statistics.median(ratios):.1f} times ({spread}), {told(scores[title])}",
            flush=True,
        )


def told(score: DetectionScore) -> str:
    return f"{score.found} of {score.true} faces, {score.false} others"


def by_face_recognition(path: Path) -> list[Box]:
    import face_recognition

    image = face_recognition.load_image_file(path)
    locations = face_recognition.face_locations(image)
    face_recognition.face_encodings(image, locations)
    return [Box(left, top, right - left, bottom - top) for top, right, bottom, left in locations]


def by_faceindex(paths: list[Path], chosen: Recipe, processes: int, where: Path) -> tuple[float, dict[Path, list[Box]]]:
    with faceindex.Library(where, recipe=chosen) as library:
        report = library.ingest(paths, workers=processes)
        found: dict[Path, list[Box]] = defaultdict(list)
        for face in library.faces():
            found[Path(face.photo)].append(face.box)
    return report.seen / report.seconds, found


def workers(photos: Photos, chosen: Recipe, temporary: Path) -> None:
    """Rates of one and of two workers, in turn over the same photos."""
    ratios = []
    for number in range(3):
        one, _ = by_faceindex(photos.paths, chosen, 1, temporary / f"one-{number}.faces")
        two, _ = by_faceindex(photos.paths, chosen, 2, temporary / f"two-{number}.faces")
        ratios.append(two / one)
    print(
        f"two workers do {statistics.median(ratios):.2f} times the photos per second of one (median of {len(ratios)})"
    )


_MEMORY = """
import resource, sys
from pathlib import Path
import faceindex
with faceindex.Library(sys.argv[1]) as library:
    report = library.ingest(sorted(Path(sys.argv[2]).rglob("*.jpg"))[: int(sys.argv[3])])
print(report.seen, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def memory(data: Path, temporary: Path) -> None:
    """Peak memory of a worker over the 12-megapixel photos, and over 200 and 2,000 photos."""
    for name, folder, count in (
        ("12 megapixels", temporary / "photos", 100_000),
        ("lfw-dev", data / "lfw-dev" / "images", 200),
        ("lfw-dev", data / "lfw-dev" / "images", 2000),
    ):
        arguments = [
            sys.executable,
            "-c",
            _MEMORY,
            str(temporary / f"memory-{name}-{count}.faces"),
            str(folder),
            str(count),
        ]
        done = subprocess.run(arguments, check=True, capture_output=True, text=True)
        seen, peak = done.stdout.split()
        print(f"peak memory of a worker over {seen} photos of {name}: {float(peak):.0f} MB")


if __name__ == "__main__":
    main()
