"""Compare the ingest with the package face_recognition, end to end: photos a second, recall, memory, workers.

    .venv/bin/pip install --no-deps face_recognition "setuptools<81"      # once; its models need pkg_resources
    .venv/bin/python scripts/bench_ingest.py [--rounds 5] [--recipes dlib sface] [--detector hog] [--parts workers ...]

face_recognition is used as its README does: load_image_file, face_locations (HOG, one upsampling) on the full-size
photo, face_encodings; with a pool of as many processes as faceindex has. Its pool is started before the clock, ours
after it. Both work in turn, round by round: faceindex on all photos of a set, face_recognition on a sample of each kind
of them, a different one each round, because it is slow; its rate is what its processes would need for the whole set at
the mean seconds a photo of each kind, with none of them ever waiting. Beside the photos a second there is the ratio of
the processor time that both took for a photo, ours with the main process and all starts: other work on the machine
disturbs it least.

The photos of 12 megapixels are made ones, with large faces, and the photos of groups, each enlarged or reduced to that
size: the rounds together take each of these once. No face in them is smaller than 30 thousandths of the photo's longer
side; faces down to 10 face_recognition looks for, and faceindex only when asked by --min-face. Recall, on the sample:
boxes that overlap the true ones (IoU 0.3) or hold the true nose, see bench_detect.py; on LFW, photos with a face in the
middle.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path

import dlib
from bench_detect import Truth
from make_photos import fit_photos, make_photos

import faceindex
from faceindex.evaluation.detection import DetectionScore, score_points
from faceindex.faces.recipe import Recipe, recipe
from faceindex.models.cards import DETECTORS
from faceindex.types import Box

PARTS = ("compare", "workers", "memory", "stop")
PROCESSES = 2
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Speed:
    """photos: a second. processor: milliseconds of it a photo."""

    photos: float
    processor: float


@dataclass(frozen=True, slots=True)
class Kind:
    """Photos that are alike. score: of the boxes found in one of them. sample: photos a round, None for a round's share
    of all."""

    name: str
    paths: list[Path]
    score: Callable[[Path, list[Box]], DetectionScore]
    sample: int | None = None

    def of_round(self, number: int, rounds: int) -> list[Path]:
        return self.paths[number::rounds][: self.sample]

    def scored(self, found: dict[Path, list[Box]], sample: list[Path]) -> DetectionScore:
        return sum((self.score(path, found[path]) for path in sample), DetectionScore())


@dataclass(frozen=True, slots=True)
class Photos:
    """A benchmark set."""

    name: str
    kinds: list[Kind]

    @property
    def paths(self) -> list[Path]:
        return sorted(path for kind in self.kinds for path in kind.paths)


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
        groups = group_photos(Path(temporary) / "photos" / "groups", data / "groups")
        made = made_photos(Path(temporary) / "photos" / "made", data, options.photos - len(groups.paths))
        lfw = sorted((data / "lfw-dev" / "images").rglob("*.jpg"))[::4]
        sets = [
            Photos("12 megapixels", [made, groups]),
            Photos("lfw-dev", [Kind("portraits", lfw, lambda _, found: score_points(found, [(125, 125)]), 40)]),
        ]
        if "compare" in options.parts:
            for photos in sets:
                compare(photos, options.rounds, recipes, Path(temporary))
        if "workers" in options.parts:
            workers(sets[0], recipes[0], Path(temporary))
        if "memory" in options.parts:
            memory(data, Path(temporary))
        if "stop" in options.parts:
            stop(Path(temporary) / "photos", Path(temporary))


def made_photos(folder: Path, data: Path, count: int) -> Kind:
    made = make_photos(folder, data / "lfw-dev" / "images", count)
    truth = {folder / name: Truth(boxes, []) for name, boxes in made.items()}
    return Kind("made photos", sorted(truth), lambda path, found: truth[path].score(found, 1.0), 4)


def group_photos(folder: Path, groups: Path) -> Kind:
    factors = fit_photos(folder, groups / "photos")
    faces = json.loads((groups / "truth.json").read_text(encoding="utf-8"))

    def score(path: Path, found: list[Box]) -> DetectionScore:
        truth = Truth(faces["boxes_xywh"].get(path.name, []), faces["noses_xy"].get(path.name, []))
        return truth.score(found, factors[path.name])

    return Kind("groups", sorted(folder / name for name in factors), score)


def compare(photos: Photos, rounds: int, recipes: list[Recipe], temporary: Path) -> None:
    theirs: list[Speed] = []
    ours: dict[str, list[Speed]] = {recipe.title: [] for recipe in recipes}
    scores: dict[tuple[str, str], DetectionScore] = defaultdict(DetectionScore)
    with get_context("spawn").Pool(PROCESSES) as pool:
        pool.map(by_face_recognition, photos.paths[:PROCESSES], chunksize=1)  # warm
        for number in range(rounds):
            samples = [kind.of_round(number, rounds) for kind in photos.kinds]
            speed, found = in_pool(pool, photos.kinds, samples)
            theirs.append(speed)
            for kind, sample in zip(photos.kinds, samples, strict=True):
                scores["face_recognition", kind.name] += kind.scored(found, sample)
            for chosen in recipes:
                where = temporary / f"{photos.name}-{chosen.title}-{number}.faces"
                speed, found = by_faceindex(photos.paths, chosen, PROCESSES, where)
                ours[chosen.title].append(speed)
                for kind, sample in zip(photos.kinds, samples, strict=True):
                    scores[chosen.title, kind.name] += kind.scored(found, sample)
    print(f"{photos.name}: face_recognition {told(theirs)}")
    for title, speeds in ours.items():
        ratios = [our.photos / their.photos for our, their in zip(speeds, theirs, strict=True)]
        costs = [their.processor / our.processor for our, their in zip(speeds, theirs, strict=True)]
        print(f"  faceindex ({title}) {told(speeds)}: {spread(ratios)} times, processor time {spread(costs)}")
    for (who, what), score in scores.items():
        print(f"  {who}, {what}: {score.found} of {score.true} faces, {score.false} others", flush=True)


def told(speeds: list[Speed]) -> str:
    photos, processor = (statistics.median(getattr(s, name) for s in speeds) for name in ("photos", "processor"))
    return f"{photos:.2f} photos/s, {processor:.0f} ms of processor time a photo"


def spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.1f} (median of {len(ratios)}; {min(ratios):.1f} to {max(ratios):.1f})"


def in_pool(pool: Pool, kinds: list[Kind], samples: list[list[Path]]) -> tuple[Speed, dict[Path, list[Box]]]:
    """face_recognition's speed for all photos of these kinds, and the boxes in the samples."""
    paths = [path for sample in samples for path in sample]
    answers = dict(zip(paths, pool.imap(by_face_recognition, paths, chunksize=1), strict=True))
    total = sum(len(kind.paths) for kind in kinds)

    def seconds_a_photo(clock: int) -> float:
        means = [statistics.mean(answers[path][0][clock] for path in sample) for sample in samples]
        return sum(len(kind.paths) * mean for kind, mean in zip(kinds, means, strict=True)) / total

    speed = Speed(PROCESSES / seconds_a_photo(0), 1000 * seconds_a_photo(1))
    return speed, {path: boxes for path, (_, boxes) in answers.items()}


def by_face_recognition(path: Path) -> tuple[tuple[float, float], list[Box]]:
    """(seconds, seconds of processor time) that it took, and the boxes."""
    import face_recognition

    began, processor = time.monotonic(), time.process_time()
    image = face_recognition.load_image_file(path)
    locations = face_recognition.face_locations(image)
    face_recognition.face_encodings(image, locations)
    boxes = [Box(left, top, right - left, bottom - top) for top, right, bottom, left in locations]
    return (time.monotonic() - began, time.process_time() - processor), boxes


def by_faceindex(paths: list[Path], chosen: Recipe, processes: int, where: Path) -> tuple[Speed, dict[Path, list[Box]]]:
    with faceindex.Library(where, recipe=chosen) as library:
        began = processor_seconds()
        report = library.ingest(paths, workers=processes)
        processor = processor_seconds() - began
        found: dict[Path, list[Box]] = defaultdict(list)
        for face in library.faces:
            found[Path(face.photo)].append(face.box)
    return Speed(report.seen / report.seconds, 1000 * processor / report.seen), found


def processor_seconds() -> float:
    """Of this process and of those it started that have ended, as ingest's workers have afterwards."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def workers(photos: Photos, chosen: Recipe, temporary: Path) -> None:
    """Rates of one and of two workers, in turn over the same photos."""
    ratios = []
    for number in range(3):
        one, _ = by_faceindex(photos.paths, chosen, 1, temporary / f"one-{number}.faces")
        two, _ = by_faceindex(photos.paths, chosen, 2, temporary / f"two-{number}.faces")
        ratios.append(two.photos / one.photos)
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


def stop(photos: Path, temporary: Path) -> None:
    """Seconds from Ctrl-C to the end of an ingest of the 12-megapixel photos, at moments from its start on."""
    seconds = []
    for moment in (3, 5, 7, 9, 11):
        arguments = ["-m", "faceindex", "ingest", str(photos), "-L", str(temporary / f"stop-{moment}.faces")]
        ingest = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(moment)
        ingest.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, said = ingest.communicate()
        assert ingest.returncode == 130, said
        seconds.append(time.monotonic() - began)
    print(f"Ctrl-C stops an ingest of 12-megapixel photos within {max(seconds):.1f} s ({len(seconds)} times)")


if __name__ == "__main__":
    main()
