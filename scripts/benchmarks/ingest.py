"""The ingest compared with the package face_recognition: photos a second, recall, memory, workers.

Install face_recognition first: .venv/bin/pip install --no-deps face_recognition "setuptools<81" (its models need
pkg_resources). It is used as its README says: load_image_file, face_locations (HOG, one upsampling) on the full-size
photo, face_encodings, in a pool of as many processes as faceindex has. Its pool is started before the clock, ours after
it. Both work in turn, round by round. faceindex takes all photos of a set. face_recognition is slow, so it takes a
sample of each kind of photos, another one in each round; its cost of a photo is the mean of each kind, weighted by the
kind's number of photos, as if no process ever waited. Ours includes the main process and all starts.

The photos of 12 megapixels are made ones, with large faces, and the photos of groups, each enlarged or reduced to that
size; the rounds together take each of these once. No face in them is smaller than 30 thousandths of the photo's longer
side: face_recognition looks for faces down to 10 thousandths, faceindex only if --min-face asks for it. A face is found
when a box overlaps the true one (IoU 0.3) or holds the true nose; in LFW the face is in the middle of the photo.

Part opencv compares with thirty lines of OpenCV (see opencv.py): processor time of all photos and of a quarter of them,
in turn. The slope between both is the time of a photo without starts, and the rest of the quarter is the starts. Part
stages tells, in one process, where the processor time of a photo goes.

--parts chooses among compare, opencv, stages, workers, memory and stop (Ctrl-C); those from workers on take the first
recipe. --photos is the number of photos of 12 megapixels: enough that starting does not count. --lfw 4 takes every
fourth photo of lfw-dev, 0 none.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path

import numpy as np
from harness.measure import DATA, Cost, cost, in_new_process, peak_of_children, ratios
from harness.report import Report
from make_photos import fit_photos, make_photos

import faceindex
from benchmarks.beside_opencv import beside_opencv, stages
from benchmarks.group_photos import GROUPS, Truth, truth_of_groups
from faceindex.evaluation.detection import DetectionScore, score_points
from faceindex.faces.recipe import Recipe, recipe
from faceindex.types import Box

PARTS = ("compare", "opencv", "stages", "workers", "memory", "stop")
PROCESSES = 2
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
LFW = DATA / "lfw-dev" / "images"


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


def run(
    report: Report,
    *,
    rounds: int = 5,
    recipes: Sequence[str] = ("dlib", "sface", "sface-dlib"),
    detector: str | None = None,
    photos: int = 120,
    lfw: int = 4,
    parts: Sequence[str] = PARTS,
) -> None:
    os.environ.update(ONE_THREAD)
    chosen = [recipe(name, detector=detector) for name in recipes]
    pictures = report.folder / "photos"
    groups = group_photos(pictures / "groups", photos)
    made = made_photos(pictures / "made", photos - len(groups.paths))
    large = Photos("12 megapixels", [kind for kind in (made, groups) if kind.paths])
    sets = [large]
    if lfw:
        paths = sorted(LFW.rglob("*.jpg"))[::lfw]
        portraits = Kind("portraits", paths, lambda _, found: score_points(found, [(125, 125)]), 40)
        sets.append(Photos("lfw-dev", [portraits]))
    for chosen_set in sets:
        if "compare" in parts:
            compare(chosen_set, rounds, chosen, report)
        if "opencv" in parts:
            beside_opencv(chosen_set.name, chosen_set.paths, rounds, chosen, report)
        if "stages" in parts:
            stages(chosen_set.name, chosen_set.paths, chosen, report)
    if "workers" in parts:
        workers(large, rounds, chosen[0], report)
    if "memory" in parts:
        memory(pictures, report, lfw=bool(lfw))
    if "stop" in parts:
        stop(pictures, report)


def made_photos(folder: Path, count: int) -> Kind:
    made = make_photos(folder, LFW, max(0, count))
    truth = {folder / name: Truth(boxes) for name, boxes in made.items()}
    return Kind("made photos", sorted(truth), lambda path, found: truth[path].score(found, 1.0), 4)


def group_photos(folder: Path, most: int) -> Kind:
    factors, truth = fit_photos(folder, GROUPS / "photos", most), truth_of_groups()
    return Kind(
        "groups",
        sorted(folder / name for name in factors),
        lambda path, found: truth[path.name].score(found, factors[path.name]),
    )


def compare(photos: Photos, rounds: int, recipes: list[Recipe], report: Report) -> None:
    """Costs are of one photo."""
    theirs: list[Cost] = []
    ours: dict[str, list[Cost]] = {recipe.title: [] for recipe in recipes}
    scores: dict[tuple[str, str], DetectionScore] = defaultdict(DetectionScore)
    with get_context("spawn").Pool(PROCESSES) as pool:
        pool.map(by_face_recognition, photos.paths[:PROCESSES], chunksize=1)  # warm
        for number in range(rounds):
            samples = [kind.of_round(number, rounds) for kind in photos.kinds]
            spent, found = in_pool(pool, photos.kinds, samples)
            theirs.append(spent)
            for kind, sample in zip(photos.kinds, samples, strict=True):
                scores["face_recognition", kind.name] += kind.scored(found, sample)
            for chosen in recipes:
                where = report.folder / f"{photos.name}-{chosen.title}-{number}.faces"
                spent, found = by_faceindex(photos.paths, chosen, PROCESSES, where)
                ours[chosen.title].append(spent)
                for kind, sample in zip(photos.kinds, samples, strict=True):
                    scores[chosen.title, kind.name] += kind.scored(found, sample)
    report.add_costs(f"{photos.name}, a photo, face_recognition", theirs, "ms")
    for title, costs in ours.items():
        report.add_costs(f"{photos.name}, a photo, {title}", costs, "ms")
        report.add_ratio(f"{photos.name}, face_recognition by {title}", theirs, costs)
    for (who, what), score in scores.items():
        for name in ("found", "true", "false"):
            report.add(f"{what}, {who}: faces {name}", getattr(score, name))


def in_pool(pool: Pool, kinds: list[Kind], samples: list[list[Path]]) -> tuple[Cost, dict[Path, list[Box]]]:
    """face_recognition's cost of a photo of these kinds, and the boxes in the samples."""
    paths = [path for sample in samples for path in sample]
    answers = dict(zip(paths, pool.imap(by_face_recognition, paths, chunksize=1), strict=True))
    weights = [len(kind.paths) for kind, sample in zip(kinds, samples, strict=True) if sample]

    def of_a_photo(clock: str) -> float:
        means = [np.mean([getattr(answers[path][0], clock) for path in sample]) for sample in samples if sample]
        return float(np.average(means, weights=weights))

    spent = Cost(of_a_photo("clock") / PROCESSES, of_a_photo("processor"))
    return spent, {path: boxes for path, (_, boxes) in answers.items()}


def by_face_recognition(path: Path) -> tuple[Cost, list[Box]]:
    """What it took, and the boxes."""
    import face_recognition

    def locations() -> list[tuple[int, int, int, int]]:
        image = face_recognition.load_image_file(path)
        found: list[tuple[int, int, int, int]] = face_recognition.face_locations(image)
        face_recognition.face_encodings(image, found)
        return found

    spent, found = cost(locations)
    return spent, [Box(left, top, right - left, bottom - top) for top, right, bottom, left in found]


def by_faceindex(paths: list[Path], chosen: Recipe, processes: int, where: Path) -> tuple[Cost, dict[Path, list[Box]]]:
    """What an ingest cost for each photo, and the boxes."""
    with faceindex.Library(where, recipe=chosen) as library:
        spent, done = cost(lambda: library.ingest(paths, workers=processes))
        found: dict[Path, list[Box]] = defaultdict(list)
        for face in library.faces:
            found[Path(face.photo)].append(face.box)
    return Cost(done.seconds / done.seen, spent.processor / done.seen), found


def workers(photos: Photos, rounds: int, chosen: Recipe, report: Report) -> None:
    """One and two workers, in turn over the same photos."""
    found: list[float] = []
    for number in range(min(3, rounds)):
        one, _ = by_faceindex(photos.paths, chosen, 1, report.folder / f"one-{number}.faces")
        two, _ = by_faceindex(photos.paths, chosen, 2, report.folder / f"two-{number}.faces")
        found += ratios([one.clock], [two.clock])
    report.add("photos a second, two workers by one", found, "times")


def memory(large: Path, report: Report, *, lfw: bool) -> None:
    """Peak memory of a worker over the 12-megapixel photos, and over few and many photos of LFW."""
    sets = {"photos of 12 megapixels": (large, 100_000)}
    if lfw:
        sets |= {f"{count:,} photos of lfw-dev": (LFW, count) for count in (200, 2000)}
    for name, (folder, count) in sets.items():
        peak, _ = in_new_process(peak_of_worker, report.folder / f"memory-{name}.faces", folder, count)
        report.add(f"peak memory of a worker, {name}", peak, "MB")


def peak_of_worker(where: Path, folder: Path, count: int) -> float:
    with faceindex.Library(where) as library:
        library.ingest(sorted(folder.rglob("*.jpg"))[:count])
    return peak_of_children()


def stop(photos: Path, report: Report) -> None:
    """Seconds from Ctrl-C to the end of an ingest of the 12-megapixel photos, at moments from its start on."""
    seconds = []
    for moment in (3, 5, 7, 9, 11):
        arguments = ["-m", "faceindex", "ingest", str(photos), "-L", str(report.folder / f"stop-{moment}.faces")]
        ingest = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(moment)
        ingest.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, said = ingest.communicate()
        assert ingest.returncode == 130, said
        seconds.append(time.monotonic() - began)
    report.add("Ctrl-C to the end of an ingest", seconds, "s")
