"""What each part of the recipe dlib is worth: its variants on photos laid out as LFW, accuracy beside cost.

    .venv/bin/python scripts/ablate.py [--quick] [--only NAME ...] [--data ../shared/data/lfw-dev]

The face nearest to a photo's centre counts. Choose a variant by the people of half A, believe it by those of half B.
TAR: share of the pairs of one person that are accepted at a threshold which accepts FAR of the pairs of two, over all
pairs of faces; * marks a rate with fewer than 30 false accepts behind it. EER: the error rate where both kinds of error
are equally frequent. Pairs: accuracy on the development pairs of LFW's protocol, albums: B-cubed F of whispers, both at
the best threshold. Passes: chips that the encoder sees for a face; views that variants share are encoded once. ms:
processor time of this machine for detection, landmarks, chips and passes of a photo with one face.

The rows "dlib's own Python calls" use nothing of ours but the checked weights; the second one has dlib's detector scan
the photos at the size and with the limits of dlib-raw, so that what remains is what is ours: the detector's code,
landmarks, chips, network. dlib-raw has to be within 0.2 points of it at every FAR. Below the table these rows are
compared with dlib-raw over the faces that both found. Each of them takes 10 minutes and more for all of lfw-dev, all
rows together an hour and more. --quick takes every tenth person of each half and leaves them out unless --only names
them; its figures are rough.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

import dlib
import numpy as np
import numpy.typing as npt

from faceindex.clustering.cluster import cluster
from faceindex.evaluation.bcubed import bcubed
from faceindex.evaluation.compare import COMPARED_RATES
from faceindex.evaluation.detection import MIN_OVERLAP
from faceindex.evaluation.folds import HALVES, half_of
from faceindex.evaluation.lfw import pair_distances
from faceindex.evaluation.measures import ALBUM_METHOD, THRESHOLD_STEPS
from faceindex.evaluation.pairs import Pairs, read_pairs
from faceindex.evaluation.roc import OperatingPoint, count_all_pairs, roc
from faceindex.evaluation.verification import best_threshold
from faceindex.faces.align import Landmarks, align, face_chip, place_landmarks
from faceindex.faces.detect import Detection, detect, detection_scale
from faceindex.faces.encode import encode
from faceindex.faces.engine import Engine
from faceindex.faces.recipe import Recipe, recipe
from faceindex.models.graphs import ENCODER
from faceindex.models.networks import dlib_hog_detector
from faceindex.models.weights import weights
from faceindex.photos.decode import open_photo
from faceindex.types import Box, Pixels, Vectors

BLOCK = 64
"""Photos whose chips are in memory at once."""

_PASSES = 32
"""Chips in one measurement of the encoder's time."""

PADDINGS = (
    *((0.15,), (0.20,), (0.25,), (0.30,), (0.35,)),
    *((0.15, 0.25), (0.15, 0.35), (0.20, 0.30), (0.20, 0.35)),
    *((0.15, 0.25, 0.35), (0.15, 0.20, 0.30, 0.35)),
)

SPREAD = [(x, y, size) for size in (0.92, 1.08) for x in (-0.05, 0.05) for y in (-0.05, 0.05)]
"""Boxes for averaged landmarks: shifts of the centre and size, as shares of the box's side."""

FROM_POINTS = (0.217, 1.960)
"""Of lfw-dev's HOG boxes, medians: how far the centre lies below that of the points, and the side, both in units of
`_extent`."""

Aligner = Callable[[Pixels, Detection, Recipe], tuple[Landmarks, list[Pixels]]]
Finder = Callable[[Pixels], list[Box]]

RAW = "dlib-raw"


@dataclass(frozen=True, slots=True)
class Variant:
    """recipe: None for dlib's own Python calls, with boxes by `finder`. aligner: what places the landmarks and cuts the
    chips."""

    name: str
    recipe: Recipe | None
    aligner: Aligner = align
    finder: Finder | None = None

    @property
    def passes(self) -> int:
        if self.recipe is None:
            return 1
        card = self.recipe.card
        return len(card.paddings) * (1 + card.mirror) * max(1, self.recipe.jitter)


@dataclass(frozen=True, slots=True)
class Described:
    """The central faces. photos: with a face, as rows of `vectors`; boxes: of the faces. milliseconds: a photo, passes
    not included."""

    photos: list[Path]
    boxes: list[Box]
    vectors: Vectors
    milliseconds: float


@dataclass(frozen=True, slots=True)
class RememberingEngine(Engine):
    """Encodes no chip twice: variants share most of their views."""

    known: dict[bytes, npt.NDArray[np.float32]] = field(default_factory=dict)

    def vectors(self, chips: Sequence[Pixels], encoder: str = ENCODER, precision: str = "f32") -> Vectors:
        keys = [hashlib.sha256(encoder.encode() + chip.tobytes()).digest() for chip in chips]
        new = {key: chip for key, chip in zip(keys, chips, strict=True) if key not in self.known}
        if new:
            self.known.update(zip(new, Engine.vectors(self, list(new.values()), encoder, precision), strict=True))
        return np.stack([self.known[key] for key in keys])


def variants() -> list[Variant]:
    """What is added to dlib-raw, and what is changed in dlib or taken away from it."""
    raw, full = recipe("dlib-raw"), recipe("dlib")
    return [
        Variant("dlib's own Python calls", None, finder=by_users_of_dlib),
        Variant("dlib's own Python calls, scan of dlib-raw", None, finder=scanned_as_dlib_raw),
        Variant(RAW, raw),
        Variant("dlib-raw, yunet", recipe("dlib-raw", detector="yunet")),
        Variant("dlib-raw, fixed length", _changed(raw, length=full.card.length)),
        Variant("dlib-raw, mirror", _changed(raw, mirror=True)),
        Variant("dlib-raw, jitter 10", recipe("dlib-raw", jitter=10)),
        Variant("dlib-raw, 68 points", recipe("dlib-raw", landmarks=68)),
        Variant("dlib-raw, averaged landmarks", raw, partial(align_by, averaged)),
        Variant("dlib-raw, corrected box", raw, partial(align_by, corrected)),
        Variant("dlib", full),
        Variant("dlib, hog", recipe("dlib", detector="hog")),
        Variant("dlib, cnn", recipe("dlib", detector="cnn")),
        Variant("dlib, 68 points", recipe("dlib", landmarks=68)),
        Variant("dlib, no fixed length", _changed(full, length=None)),
        Variant("dlib, no mirror", _changed(full, mirror=False)),
        Variant("dlib, jitter 4, no mirror", _changed(recipe("dlib", jitter=4), mirror=False)),
        *(
            Variant("dlib, padding " + " ".join(f"{p:.2f}" for p in paddings), _changed(full, paddings=paddings))
            for paddings in PADDINGS
        ),
    ]


def _changed(base: Recipe, **changes: Any) -> Recipe:
    return replace(base, card=replace(base.card, **changes))


def align_by(
    placer: Callable[[Pixels, Box], Landmarks], pixels: Pixels, found: Detection, by: Recipe
) -> tuple[Landmarks, list[Pixels]]:
    """`align` with landmarks by `placer`."""
    landmarks = placer(pixels, found.box())
    return landmarks, [face_chip(pixels, landmarks, padding) for padding in by.card.paddings]


def averaged(pixels: Pixels, box: Box) -> Landmarks:
    """The mean of the landmarks from eight boxes around `box`."""
    middle, side = np.array([box.x + box.width / 2, box.y + box.height / 2]), box.width
    boxes = [_square(middle + np.array([x, y]) * side, size * side) for x, y, size in SPREAD]
    return np.asarray(np.mean([place_landmarks(pixels, one) for one in boxes], axis=0), dtype=np.float32)


def corrected(pixels: Pixels, box: Box) -> Landmarks:
    """The landmarks from the box that the landmarks of `box`, one of HOG, ask for."""
    first = place_landmarks(pixels, box)
    below, side = FROM_POINTS
    extent = _extent(first)
    middle = (first[:2].mean(axis=0) + first[2:4].mean(axis=0) + first[4]) / 3
    return place_landmarks(pixels, _square(middle + np.array([0, below * extent]), side * extent))


def _extent(five: Landmarks) -> float:
    """Pixels: a size of the face that hardly depends on where it looks (eye to eye, and eyes to nose)."""
    right, left, nose = five[:2].mean(axis=0), five[2:4].mean(axis=0), five[4]
    return float(np.hypot(np.linalg.norm(right - left), np.linalg.norm((right + left) / 2 - nose)))


def _square(middle: npt.NDArray[np.floating], side: float) -> Box:
    left, top = np.round(middle - side / 2)
    return Box(int(left), int(top), round(side), round(side))


def photos_of_people(images: Path, step: int) -> list[Path]:
    """Every photo of every step-th person of each half."""
    people = sorted(folder.name for folder in images.iterdir() if folder.is_dir())
    chosen = {name for half in HALVES for name in [person for person in people if half_of(person) == half][::step]}
    return sorted(file for file in images.glob("*/*.jpg") if file.parent.name in chosen)


def pixels_of(photo: Path) -> Pixels:
    """Decoded anew each time: all of lfw-dev would take 700 MB."""
    return open_photo(str(photo)).pixels()


def most_central(boxes: Iterable[Box], pixels: Pixels) -> int | None:
    """The place of the box nearest to the photo's centre."""
    height, width = pixels.shape[:2]
    away = [np.hypot(box.x + box.width / 2 - width / 2, box.y + box.height / 2 - height / 2) for box in boxes]
    return int(np.argmin(away)) if away else None


@dataclass(slots=True)
class Detections:
    """The central face of each photo, None where there is none, detected once by each detector."""

    photos: list[Path]
    known: dict[str, tuple[list[Detection | None], float]] = field(default_factory=dict)

    def by(self, detector: str) -> tuple[list[Detection | None], float]:
        """And the milliseconds a photo."""
        if detector not in self.known:
            spent, found = 0.0, []
            for photo in self.photos:
                pixels = pixels_of(photo)
                began = time.process_time()
                scale = detection_scale(pixels.shape[1], pixels.shape[0], detector=detector)
                faces = detect(pixels, scale, detector=detector)
                spent += time.process_time() - began
                place = most_central([face.box() for face in faces], pixels)
                found.append(None if place is None else faces[place])
            self.known[detector] = found, 1000 * spent / len(self.photos)
        return self.known[detector]


def describe(by: Recipe, aligner: Aligner, detections: Detections, engine: Engine) -> Described:
    found, milliseconds = detections.by(by.detector)
    seen = [(photo, face) for photo, face in zip(detections.photos, found, strict=True) if face]
    vectors, spent = [], 0.0
    for start in range(0, len(seen), BLOCK):
        block = [(pixels_of(photo), face) for photo, face in seen[start : start + BLOCK]]
        began = time.process_time()
        chips = [aligner(pixels, face, by)[1] for pixels, face in block]
        spent += time.process_time() - began
        vectors.append(encode(chips, by, engine))
    photos, boxes = [photo for photo, _ in seen], [face.box() for _, face in seen]
    return Described(photos, boxes, np.concatenate(vectors), milliseconds + 1000 * spent / len(seen))


def by_users_of_dlib(pixels: Pixels) -> list[Box]:
    """As dlib's own examples do: the photo at twice its size."""
    return [Box(r.left(), r.top(), r.width(), r.height()) for r in dlib_hog_detector()(pixels, 1)]


def scanned_as_dlib_raw(pixels: Pixels) -> list[Box]:
    """By dlib's detector, too, but what it sees, and what counts as found, is what dlib-raw chooses."""
    scale = detection_scale(pixels.shape[1], pixels.shape[0], detector="hog")
    return [face.box() for face in detect(pixels, scale, detector="hog", engine=Engine("dlib"))]


def describe_by_dlib(photos: list[Path], finder: Finder) -> Described:
    """As dlib's own examples do: five points, one vector."""
    predictor = dlib.shape_predictor(str(weights("shape_predictor_5_face_landmarks")))
    network = dlib.face_recognition_model_v1(str(weights(ENCODER)))
    seen, boxes, vectors, began = [], [], [], time.process_time()
    for photo in photos:
        pixels = dlib.load_rgb_image(str(photo))
        found = finder(pixels)
        place = most_central(found, pixels)
        if place is not None:
            box = found[place]
            rectangle = dlib.rectangle(box.x, box.y, box.x + box.width - 1, box.y + box.height - 1)
            seen.append(photo)
            boxes.append(box)
            vectors.append(network.compute_face_descriptor(pixels, predictor(pixels, rectangle)))
    milliseconds = 1000 * (time.process_time() - began) / len(photos)
    return Described(seen, boxes, np.array(vectors, dtype=np.float32), milliseconds)


def milliseconds_a_pass() -> float:
    """Of the encoder: the fastest of seven batches. Chips of noise cost as much as others."""
    chips = list(np.random.default_rng(0).integers(0, 256, (_PASSES, 150, 150, 3), dtype=np.uint8))
    engine, times = Engine(), []
    for _ in range(7):
        began = time.process_time()
        engine.vectors(chips)
        times.append(time.process_time() - began)
    return 1000 * min(times) / _PASSES


def accuracy_cells(described: Described, photos: list[Path], pairs: Pairs) -> list[str]:
    owners = [photo.parent.name for photo in described.photos]
    people = np.unique(owners, return_inverse=True)[1].astype(np.int64)
    half = np.array([half_of(owner) for owner in owners])
    parts = [half == HALVES[0], half == HALVES[1], np.ones(len(owners), dtype=np.bool_)]
    rows: dict[str, int | None] = dict.fromkeys(map(_key, photos))
    rows |= {_key(photo): row for row, photo in enumerate(described.photos)}
    return [
        *(_rates(described.vectors[part], people[part]) for part in parts),
        _best_pairs(pairs, rows, described.vectors),
        _best_albums(described.vectors, people),
    ]


def _key(photo: Path) -> str:
    """As `LabelledPhoto.key`."""
    return f"{photo.parent.name}/{photo.stem}"


def _rates(vectors: Vectors, people: npt.NDArray[np.int64]) -> str:
    figures = roc(count_all_pairs(vectors, people), COMPARED_RATES)
    return " ".join(map(_tar, figures.points)) + f", {100 * figures.eer:.2f}"


def _tar(point: OperatingPoint) -> str:
    return f"{100 * point.tar:.2f}" + "*" * (not point.enough)


def _best_pairs(pairs: Pairs, rows: Mapping[str, int | None], vectors: Vectors) -> str:
    people = {key.split("/")[0] for key in rows}
    measured = pair_distances(pairs.among(people.__contains__), rows, vectors)
    threshold, accuracy = best_threshold(measured.distances, measured.same)
    return f"{100 * accuracy:.1f} at {threshold:.3f}"


def _best_albums(vectors: Vectors, people: npt.NDArray[np.int64]) -> str:
    f, threshold = max(
        (bcubed(cluster(vectors, method=ALBUM_METHOD, threshold=limit), people).f, limit)
        for limit in (step * recipe("dlib").cluster_threshold for step in THRESHOLD_STEPS)
    )
    return f"{f:.4f} at {threshold:.3f}"


def report(data: Path, chosen: list[Variant], step: int) -> None:
    photos, pairs = photos_of_people(data / "images", step), read_pairs(data / "pairs.txt")
    detections, engine, a_pass = Detections(photos), RememberingEngine(), milliseconds_a_pass()
    print(f"{len(photos)} photos, {a_pass:.1f} ms a pass of the encoder; TAR at FAR 1e-3 1e-4 1e-5, EER: %\n")
    print("| variant | faces | passes | ms | TAR, EER: half A | half B | all | pairs | albums |")
    print("|---|---|---|---|---|---|---|---|---|")
    by_dlib: dict[str, Described] = {}
    raw = None
    for variant in chosen:
        if variant.recipe is None:
            assert variant.finder is not None
            described = by_dlib[variant.name] = describe_by_dlib(photos, variant.finder)
            milliseconds = described.milliseconds
        else:
            described = describe(variant.recipe, variant.aligner, detections, engine)
            milliseconds = described.milliseconds + variant.passes * a_pass
        raw = described if variant.name == RAW else raw
        cells = [variant.name, str(len(described.photos)), str(variant.passes), f"{milliseconds:.0f}"]
        print("| " + " | ".join(cells + accuracy_cells(described, photos, pairs)) + " |", flush=True)
    if raw is not None:
        for name, theirs in by_dlib.items():
            print(f"\n{name}, and dlib-raw: {compared(theirs, raw)}")


def compared(theirs: Described, ours: Described) -> str:
    """Rates and vectors of two variants over the photos in which both found the same face."""
    rows = {photo: row for row, photo in enumerate(ours.photos)}
    pairs = [
        (row, rows[photo])
        for row, photo in enumerate(theirs.photos)
        if photo in rows and theirs.boxes[row].overlap(ours.boxes[rows[photo]]) >= MIN_OVERLAP
    ]
    their_rows, our_rows = map(list, zip(*pairs, strict=True))
    same_boxes = sum(theirs.boxes[one] == ours.boxes[other] for one, other in pairs)
    people = np.unique([theirs.photos[row].parent.name for row in their_rows], return_inverse=True)[1].astype(np.int64)
    apart = np.linalg.norm(theirs.vectors[their_rows] - ours.vectors[our_rows], axis=1)
    return (
        f"{len(pairs)} faces that both found, {same_boxes} in the same box; over these TAR, EER: "
        f"{_rates(theirs.vectors[their_rows], people)} and {_rates(ours.vectors[our_rows], people)}; "
        f"a face's two vectors are {np.median(apart):.1e} apart (median; at most {apart.max():.1e})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None, help="default: lfw-dev in $FACEINDEX_TEST_DATA")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these variants; * stands for any text")
    parser.add_argument("--quick", action="store_true", help="every tenth person of each half")
    options = parser.parse_args()
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    data = options.data or Path(os.environ.get("FACEINDEX_TEST_DATA", beside)) / "lfw-dev"
    if options.only:
        chosen = [v for v in variants() if any(fnmatchcase(v.name, name) for name in options.only)]
    else:
        chosen = [v for v in variants() if v.recipe or not options.quick]
    if not chosen:
        parser.error("no variant is called that; there are: " + "; ".join(v.name for v in variants()))
    report(data, chosen, 10 if options.quick else 1)


if __name__ == "__main__":
    main()
