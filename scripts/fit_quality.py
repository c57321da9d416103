"""Fit the quality of a face (faceindex/faces/quality.py) on half of the people of lfw-dev, and show what it is worth.

    .venv/bin/python scripts/fit_quality.py [--data ../shared/data/lfw-dev] [--faces FILE.npz] [--plot CURVE.png]

Target: the share of a face's genuine pairs that recipe `dlib` matches at false match rate 1e-4 over all pairs.
Model: logistic regression with an intercept per person, which is left out afterwards (the common one is then set
anew, to the mean share), so that it is learnt which photos of a person fail and not which people do. Photos of LFW
have nearly one size: size and blur are learnt from chips of the same people that are reduced and blurred here,
encoded, and compared with the untouched ones.
Half of the people: even first byte of the sha256 of the name; the same is done the other way round.
--faces keeps the chips and vectors between runs (analysing takes minutes).
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter
from scipy.optimize import brentq, minimize
from scipy.spatial.distance import cdist
from scipy.special import expit

from faceindex.faces.align import face_chip, place_landmarks
from faceindex.faces.detect import detect, detection_scale
from faceindex.faces.engine import DEFAULT_ENGINE
from faceindex.faces.quality import DLIB_FRAMING, Coefficients, eye_distance, measure
from faceindex.faces.recipe import DLIB_LENGTH
from faceindex.photos.decode import open_photo
from faceindex.types import Pixels

FAR, REJECTED = 1e-4, 0.2
EYES = (4, 6, 9, 13, 19, 28)
"""Pixels between the eyes of the reduced copies."""
BLURS = (1.5, 2.5, 4.0)
"""Radii in chip pixels of the blurred copies."""
COPIED = 120
"""Faces of each half that are reduced and blurred."""
COPY_WEIGHT = 0.5
PENALTY = 0.02
NAMES: tuple[str, ...] = ("frontality", "sharpness", "size", "mirror")
SIGNS = (1, 1, 1, -1)
"""Better faces have more or less of it; a coefficient of the other sign becomes 0."""
ROUNDS = 200

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Faces:
    """One row a face. chips uint8 [n, 150, 150, 3]; eyes: distance in pixels of the photo; raw, mirror [n, 128]."""

    person: npt.NDArray[np.str_]
    chips: npt.NDArray[np.uint8]
    eyes: Floats
    raw: Floats
    mirror: Floats

    def vectors(self) -> Floats:
        """Of recipe `dlib`."""
        mean = self.raw + self.mirror
        return np.asarray(DLIB_LENGTH * mean / np.linalg.norm(mean, axis=1, keepdims=True))

    def measures(self) -> Floats:
        """[n, 4], columns as NAMES."""
        apart = np.linalg.norm(self.raw - self.mirror, axis=1)
        found = [measure(*face) for face in zip(self.chips, self.eyes, apart.tolist(), strict=True)]
        return np.array([[getattr(one, name) for name in NAMES] for one in found])


@dataclass(frozen=True, slots=True)
class Trial:
    """All pairs of faces. distances [n, n]; people int64 [n]; even bool [n]: the half of each face's person."""

    distances: Floats
    people: Numbers
    even: Flags

    @property
    def genuine(self) -> Flags:
        same: Flags = self.people[:, None] == self.people
        np.fill_diagonal(same, False)
        return same

    def threshold(self, kept: Flags) -> float:
        """The distance below which a share FAR of the impostor pairs among the faces kept lies."""
        impostors = self.distances[np.ix_(kept, kept)][self.people[kept, None] != self.people[kept]]
        place = int(FAR * len(impostors))
        return float(np.partition(impostors, place)[place])

    def misses(self, kept: Flags, threshold: float) -> tuple[Floats, Floats]:
        """Per person: false non-matches and genuine pairs among the faces kept."""
        genuine = self.genuine[np.ix_(kept, kept)]
        missed = genuine & (self.distances[np.ix_(kept, kept)] > threshold)
        count = int(self.people.max()) + 1
        owners = self.people[kept]
        return np.bincount(owners, missed.sum(1), count) / 2, np.bincount(owners, genuine.sum(1), count) / 2


def read_faces(data: Path, file: Path | None) -> Faces:
    """The face nearest to the centre of every photo below `data`/images, from `file` when it is there."""
    if file is None or not file.exists():
        rows = [row for path in sorted((data / "images").rglob("*.jpg")) if (row := analysed(path))]
        person, chips, eyes = zip(*rows, strict=True)
        raw, mirror = encoded(chips)
        faces = Faces(np.array(person), np.stack(chips), np.array(eyes), raw, mirror)
        if file is not None:
            np.savez(file, person=person, chips=faces.chips, eyes=faces.eyes, raw=raw, mirror=mirror)
        return faces
    with np.load(file) as saved:
        return Faces(**{field.name: saved[field.name] for field in fields(Faces)})


def analysed(path: Path) -> tuple[str, Pixels, float] | None:
    photo = open_photo(str(path))
    pixels = photo.pixels()
    found = detect(pixels, detection_scale(photo.width, photo.height))
    if not found:
        return None
    middle = photo.width / 2, photo.height / 2
    face = min(found, key=lambda d: np.hypot((d.left + d.right) / 2 - middle[0], (d.top + d.bottom) / 2 - middle[1]))
    landmarks = place_landmarks(pixels, face.box())
    return path.parent.name, face_chip(pixels, landmarks), eye_distance(landmarks)


def encoded(chips: Sequence[Pixels]) -> tuple[Floats, Floats]:
    """The encoder's vectors of chips and of their mirror images."""
    mirrored = [np.ascontiguousarray(chip[:, ::-1]) for chip in chips]
    return DEFAULT_ENGINE.vectors(chips).astype(np.float64), DEFAULT_ENGINE.vectors(mirrored).astype(np.float64)


def copies(faces: Faces, chosen: Numbers) -> Iterable[Faces]:
    """The chosen faces, reduced to each of EYES and blurred by each of BLURS."""

    def reduced(apart: float) -> Callable[[Image.Image], Image.Image]:
        side = round(150 * apart / (DLIB_FRAMING.right - DLIB_FRAMING.left))
        return lambda image: image.resize((side, side), Image.Resampling.BOX).resize(
            image.size, Image.Resampling.BILINEAR
        )

    def blurred(radius: float) -> Callable[[Image.Image], Image.Image]:
        return lambda image: image.filter(ImageFilter.GaussianBlur(radius))

    for apart, change in [(eyes, reduced(eyes)) for eyes in EYES] + [(np.inf, blurred(r)) for r in BLURS]:
        chips = [np.asarray(change(Image.fromarray(chip))) for chip in faces.chips[chosen]]
        eyes = np.minimum(faces.eyes[chosen], apart)
        yield Faces(faces.person[chosen], np.stack(chips), eyes, *encoded(chips))


@dataclass(frozen=True, slots=True)
class Examples:
    """Faces and copies of faces. measures [n, 4]; matched [n]: share of genuine pairs; even [n]."""

    measures: Floats
    matched: Floats
    weights: Floats
    people: Numbers
    even: Flags

    def columns(self, names: Sequence[str], half: Flags) -> Floats:
        return self.measures[half][:, [NAMES.index(name) for name in names]]


def examples(faces: Faces, measures: Floats, trial: Trial, file: Path | None) -> Examples:
    """Every face with a genuine pair, and copies of COPIED faces of each half, kept in `file`."""
    threshold = trial.threshold(np.ones(len(trial.people), dtype=bool))
    genuine = trial.genuine
    pairs = genuine.sum(1)
    weights = np.where(pairs > 0, (pairs + 1.0) ** -0.5, 0)
    matched = (genuine & (trial.distances <= threshold)).sum(1) / np.maximum(pairs, 1)
    random = np.random.default_rng(0)
    chosen = np.concatenate(
        [random.permutation(np.flatnonzero((pairs > 0) & (trial.even == half)))[:COPIED] for half in (True, False)]
    )
    if file is not None and file.exists():
        with np.load(file) as saved:
            copy_measures, copy_vectors = saved["measures"], saved["vectors"]
    else:
        made = [(some.measures(), some.vectors()) for some in copies(faces, chosen)]
        copy_measures, copy_vectors = (np.concatenate(part) for part in zip(*made, strict=True))
        if file is not None:
            np.savez(file, measures=copy_measures, vectors=copy_vectors)
    source = np.tile(chosen, len(EYES) + len(BLURS))
    own = genuine[source]
    near = cdist(copy_vectors, faces.vectors()) <= threshold
    rows = np.concatenate([np.arange(len(pairs)), source])
    return Examples(
        measures=np.concatenate([measures, copy_measures]),
        matched=np.concatenate([matched, (near & own).sum(1) / pairs[source]]),
        weights=np.concatenate([weights, COPY_WEIGHT * weights[source]]),
        people=trial.people[rows],
        even=trial.even[rows],
    )


def fit(data: Examples, half: Flags, names: Sequence[str]) -> Floats:
    """Coefficients [intercept, one a name] of the examples in `half`."""
    half = half & (data.weights > 0)
    columns, matched, weights = data.columns(names, half), data.matched[half], data.weights[half]
    middle, spread = columns.mean(0), columns.std(0)
    scaled = (columns - middle) / spread
    people = np.unique(data.people[half], return_inverse=True)[1]
    count = len(names)

    def loss(values: Floats) -> tuple[float, Floats]:
        logits = values[0] + scaled @ values[1 : count + 1] + values[count + 1 :][people]
        residuals = weights * (expit(logits) - matched)
        total = np.sum(weights * (np.logaddexp(0, logits) - matched * logits)) + PENALTY * np.sum(values[1:] ** 2)
        gradient = np.concatenate([[residuals.sum()], residuals @ scaled, np.bincount(people, residuals)])
        gradient[1:] += 2 * PENALTY * values[1:]
        return float(total), gradient

    bounds: list[tuple[float | None, float | None]] = [(None, None)] * (count + 2 + int(people.max()))
    for place, name in enumerate(names):
        sign = SIGNS[NAMES.index(name)]
        bounds[place + 1] = (0 if sign > 0 else None, 0 if sign < 0 else None)
    values = minimize(
        loss, np.zeros(len(bounds)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000}
    ).x
    slopes = values[1 : count + 1] / spread
    # Without the people's own intercepts the mean would be that of the median person.
    intercept = brentq(lambda value: weights @ (expit(value + columns @ slopes) - matched), -50, 50)
    return np.concatenate([[intercept], slopes])


def logits(measures: Floats, names: Sequence[str], coefficients: Floats) -> Floats:
    places = [NAMES.index(name) for name in names]
    return np.asarray(coefficients[0] + measures[:, places] @ coefficients[1:])


def kept_faces(quality: Floats, among: Flags, rejected: float) -> Flags:
    """`among` without the share `rejected` of worst quality."""
    ordered = np.flatnonzero(among)[np.argsort(quality[among], kind="stable")]
    kept = among.copy()
    kept[ordered[: int(rejected * len(ordered))]] = False
    return kept


def rates(trial: Trial, quality: Floats, among: Flags, threshold: float) -> str:
    """False non-match rates before and after rejection.

    At `threshold`, with the 90 % interval of their ratio over people drawn again; at the thresholds that give FAR
    among these faces before and after; and at `threshold`, averaged over people instead of pairs.
    """
    kept = kept_faces(quality, among, REJECTED)
    before, after = trial.misses(among, threshold), trial.misses(kept, threshold)
    own = [trial.misses(some, trial.threshold(some)) for some in (among, kept)]
    start, fixed, own_start, own_end = (missed.sum() / pairs.sum() for missed, pairs in (before, after, *own))
    random = np.random.default_rng(0)
    owners = np.flatnonzero(before[1])
    ratios = []
    for _ in range(ROUNDS):
        drawn = random.choice(owners, len(owners))
        ratios.append(after[0][drawn].sum() / after[1][drawn].sum() / (before[0][drawn].sum() / before[1][drawn].sum()))
    low, high = np.percentile(ratios, [5, 95])
    each = [np.mean(missed[pairs > 0] / pairs[pairs > 0]) for missed, pairs in (before, after)]
    return (
        f"{start:.3f} -> {fixed:.3f} (x {fixed / start:.2f}, {low:.2f} to {high:.2f}), "
        f"at own thresholds {own_start:.3f} -> {own_end:.3f} (x {own_end / own_start:.2f}), "
        f"by person {each[0]:.3f} -> {each[1]:.3f}"
    )


def report(trial: Trial, measures: Floats, data: Examples, names: Sequence[str], title: str) -> Floats:
    """Fit on each half and print the rates on the other, on both, and with the shipped fit. Returns: its logits."""
    fits = {half: fit(data, data.even == half, names) for half in (True, False)}
    shipped = logits(measures, names, fits[True])
    everyone = np.ones(len(trial.people), dtype=bool)
    threshold = trial.threshold(everyone)
    print(f"\n{title}: {', '.join(names)}")
    print(f"  fitted on even, odd people: {rates(trial, shipped, ~trial.even, threshold)}")
    print(f"  fitted on even, all people: {rates(trial, shipped, everyone, threshold)}")
    print(f"  fitted on odd, even people: {rates(trial, logits(measures, names, fits[False]), trial.even, threshold)}")
    return fits[True]


def coefficients(names: Sequence[str], values: Floats) -> Coefficients:
    return Coefficients(
        intercept=round(float(values[0]), 3),
        **{name: round(float(value), 3) for name, value in zip(names, values[1:], strict=True)},
    )


def curve(trial: Trial, quality: Floats, among: Flags, threshold: float) -> tuple[Floats, Floats]:
    """(rejected, false non-match rate) from nothing rejected to 60 %."""
    shares = np.arange(0, 0.61, 0.05)
    found = [trial.misses(kept_faces(quality, among, share), threshold) for share in shares]
    return shares, np.array([missed.sum() / pairs.sum() for missed, pairs in found])


def calibration(trial: Trial, quality: Floats) -> str:
    """Quality and the share of pairs matched, by fifths of the odd people's faces, worst first."""
    threshold = trial.threshold(np.ones(len(quality), dtype=bool))
    genuine = trial.genuine
    pairs = genuine.sum(1)
    share = (genuine & (trial.distances <= threshold)).sum(1) / np.maximum(pairs, 1)
    chosen = np.flatnonzero((pairs > 0) & ~trial.even)
    fifths = np.array_split(chosen[np.argsort(quality[chosen])], 5)
    return ", ".join(f"{expit(quality[fifth]).mean():.2f}: {share[fifth].mean():.2f}" for fifth in fifths)


def draw(file: Path, curves: dict[str, tuple[Floats, Floats]]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for title, (shares, misses) in curves.items():
        axes.plot(100 * shares, misses, label=title)
    axes.set(xlabel="worst faces rejected, %", ylabel="false non-match rate", ylim=(0, None))
    axes.legend()
    figure.savefig(file, dpi=150)


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    shared = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=shared / "lfw-dev")
    parser.add_argument("--faces", type=Path, default=None)
    parser.add_argument("--plot", type=Path, default=None)
    options = parser.parse_args()

    faces = read_faces(options.data, options.faces)
    measures, vectors = faces.measures(), faces.vectors()
    people = np.unique(faces.person, return_inverse=True)[1]
    even = np.array([hashlib.sha256(name.encode()).digest()[0] % 2 == 0 for name in faces.person.tolist()])
    distances = np.sqrt(np.maximum(0, 2 * DLIB_LENGTH**2 - 2 * vectors @ vectors.T))
    trial = Trial(distances, people, even)
    everyone = np.ones(len(people), dtype=bool)
    threshold = trial.threshold(everyone)
    missed, pairs = trial.misses(everyone, threshold)
    worst = np.argsort(-missed)[:2]
    print(f"{len(people)} faces, {pairs.sum():.0f} genuine pairs, threshold {threshold:.4f}, ", end="")
    print(
        f"{missed.sum():.0f} false non-matches, {missed[worst[0]]:.0f} and {missed[worst[1]]:.0f} of them of two people"
    )

    data = examples(faces, measures, trial, options.faces and options.faces.with_suffix(".copies.npz"))
    plain = NAMES[:-1]
    fitted: dict[str, tuple[tuple[str, ...], Floats]] = {}
    fitted["with mirror"] = (NAMES, report(trial, measures, data, NAMES, "with mirror"))
    fitted["without mirror"] = (plain, report(trial, measures, data, plain, "without mirror"))
    for title, (names, values) in fitted.items():
        print(f"\n{title}: {coefficients(names, values)}")
        shares, misses = curve(trial, logits(measures, names, values), everyone, threshold)
        print("  ".join(f"{100 * share:.0f} %: {rate:.3f}" for share, rate in zip(shares, misses, strict=True)))
    print(f"\ncalibration, odd people, fitted on even: {calibration(trial, logits(measures, *fitted['with mirror']))}")
    for name in NAMES:
        report(trial, measures, data, [other for other in NAMES if other != name], f"without {name}")
        report(trial, measures, data, [name], f"{name} alone")
    if options.plot:
        curves = {
            f"{title}, {which}": curve(trial, logits(measures, names, values), among, threshold)
            for title, (names, values) in fitted.items()
            for which, among in (("all people", everyone), ("odd people", ~even))
        }
        draw(options.plot, curves)


if __name__ == "__main__":
    main()
