"""Fit the quality of a face (faceindex/faces/quality.py) on half of the people of lfw-dev, and show what it is worth.

    .venv/bin/python scripts/fit_quality.py [--recipe sface-dlib] [--data ../shared/data/lfw-dev] [--faces FILE.npz]
        [--plot CURVE.png]

Target: the share of a face's genuine pairs that the recipe matches at false match rate 1e-4 over all pairs.
Model: logistic regression with an intercept per person, which is left out afterwards (the common one is then set
anew, to the mean share), so that it is learnt which photos of a person fail and not which people do. Photos of LFW
have nearly one size: size and blur are learnt from faces of the same people whose chips are reduced and blurred here,
encoded, and compared with the untouched ones; with `sface-dlib` also darkness, noise and hidden halves.
Half of the people: `half_of` "a"; the same is done the other way round.
--faces keeps measures and vectors between runs (analysing takes minutes).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter
from scipy.optimize import brentq, minimize
from scipy.special import expit

from faceindex.evaluation.distances import block_distances
from faceindex.evaluation.folds import half_of
from faceindex.evaluation.roc import count_all_pairs, operating_point
from faceindex.faces.align import DLIB_PADDING, align, face_chip
from faceindex.faces.detect import detect, detection_scale
from faceindex.faces.encode import encoded
from faceindex.faces.engine import DEFAULT_ENGINE
from faceindex.faces.quality import (
    ARCFACE_FRAMING,
    DLIB_FRAMING,
    Coefficients,
    Framing,
    eye_distance,
    measure,
    with_length,
)
from faceindex.faces.recipe import Recipe, recipe
from faceindex.faces.tilt import correct_tilt
from faceindex.photos.decode import open_photo
from faceindex.types import Pixels, Vectors

MEASURED = {"dlib": "mirror", "sface-dlib": "length"}
"""Recipes, and the measure that the encoder adds."""
FAR, REJECTED = 1e-4, 0.2
EYES = (4, 6, 9, 13, 19, 28)
"""Pixels between the eyes of the reduced copies."""
BLURS = (1.5, 2.5, 4.0)
"""Radii of the blurred copies, in pixels of the chip that is measured."""
COPIED = 120
"""Faces of each half that are reduced and blurred."""
COPY_WEIGHT = 0.5
PENALTY = 0.02
STRONG_BLURS = (6.0, 9.0)
LIGHTS = (0.2, 0.1, 0.05, 0.03, 0.01)
"""Shares of their levels that dark copies keep."""
NOISES = (20, 40, 80)
"""Standard deviations of the noise of copies, in levels."""
NAMES: tuple[str, ...] = ("frontality", "sharpness", "size", "mirror", "length")
SIGNS = (1, 1, 1, -1, 1)
"""Better faces have more or less of it; a coefficient of the other sign becomes 0."""
ROUNDS = 200
BATCH = 32
"""Faces encoded at once."""

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
Change = Callable[[Image.Image, float], Image.Image]
"""What makes a chip worse: (chip, its pixels per pixel of dlib's chip that is measured) to a chip of the same size."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """A face. chips: the one that is measured and those that are encoded; eyes: their distance, pixels of the photo."""

    chips: list[Pixels]
    eyes: float


@dataclass(frozen=True, slots=True)
class Faces:
    """One row a face. paths; measures [n, 5], columns as NAMES, NaN for none; vectors float32 [n, 128]."""

    paths: npt.NDArray[np.str_]
    measures: Floats
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Trial:
    """All pairs of faces. distances [n, n]; people int64 [n]; first bool [n]: half "a" has the face's person."""

    vectors: Vectors
    distances: npt.NDArray[np.float32]
    people: Numbers
    first: Flags

    @property
    def genuine(self) -> Flags:
        same: Flags = self.people[:, None] == self.people
        np.fill_diagonal(same, False)
        return same

    def threshold(self, kept: Flags) -> float:
        """The distance up to which a share FAR of the impostor pairs among the faces kept lies."""
        found = operating_point(count_all_pairs(self.vectors[kept], self.people[kept]), FAR).threshold
        assert found is not None
        return found

    def misses(self, kept: Flags, threshold: float) -> tuple[Floats, Floats]:
        """Per person: false non-matches and genuine pairs among the faces kept."""
        genuine = self.genuine[np.ix_(kept, kept)]
        missed = genuine & (self.distances[np.ix_(kept, kept)] > threshold)
        count = int(self.people.max()) + 1
        owners = self.people[kept]
        return np.bincount(owners, missed.sum(1), count) / 2, np.bincount(owners, genuine.sum(1), count) / 2


def read_faces(data: Path, file: Path | None, of: Recipe) -> Faces:
    """The face nearest to the centre of every photo below `data`/images, from `file` when it is there."""
    if file is not None and file.exists():
        with np.load(file) as saved:
            return Faces(**{field.name: saved[field.name] for field in fields(Faces)})
    paths, measures, vectors = [], [], []
    photos = sorted((data / "images").rglob("*.jpg"))
    for start in range(0, len(photos), BATCH):
        found = [(str(path), face) for path in photos[start : start + BATCH] if (face := aligned(path, of))]
        paths += [path for path, _ in found]
        seen = looked_at([face for _, face in found], of)
        measures.append(seen[0])
        vectors.append(seen[1])
    faces = Faces(np.array(paths), np.concatenate(measures), np.concatenate(vectors))
    if file is not None:
        np.savez(file, paths=faces.paths, measures=faces.measures, vectors=faces.vectors)
    return faces


def aligned(path: Path, of: Recipe) -> Aligned | None:
    """The face nearest to the centre of a photo, as the analyser aligns it."""
    photo = open_photo(str(path))
    pixels = photo.pixels()
    scale = detection_scale(photo.width, photo.height, detector=of.detector)
    found = detect(pixels, scale, detector=of.detector)
    if not found:
        return None
    middle = photo.width / 2, photo.height / 2
    face = min(found, key=lambda d: np.hypot((d.left + d.right) / 2 - middle[0], (d.top + d.bottom) / 2 - middle[1]))
    if of.card.follow_tilt is not None:
        face = correct_tilt(pixels, face, of.card.follow_tilt, DEFAULT_ENGINE) or face
    landmarks, chips = align(pixels, face, of)
    if of.card.alignment == "five-point":
        return Aligned([chips[0], *chips], float(np.linalg.norm(landmarks[0] - landmarks[1])))
    return Aligned([face_chip(pixels, landmarks), *chips], eye_distance(landmarks))


def framings(of: Recipe) -> list[Framing]:
    """Of the chips of an `Aligned` face."""
    five, dlib = of.card.alignment == "five-point", DLIB_FRAMING
    parts = [framing_of(dlib, padding) for part in of.parts if part.alignment == "dlib" for padding in part.paddings]
    return [ARCFACE_FRAMING, ARCFACE_FRAMING, *parts] if five else [dlib, *parts]


def framing_of(dlib: Framing, padding: float) -> Framing:
    """dlib's framing with another padding; only the distance of the eyes is right."""
    zoom = (1 + 2 * DLIB_PADDING) / (1 + 2 * padding)
    return Framing(zoom * dlib.left, zoom * dlib.right, dlib.y)


def looked_at(faces: Sequence[Aligned], of: Recipe) -> tuple[Floats, Vectors]:
    """Measures [n, 5] and vectors of faces."""
    seen = encoded([face.chips[1:] for face in faces], of)
    found = [measure(face.chips[0], face.eyes, framing=framings(of)[0]) for face in faces]
    if seen.mirror_distances is not None:
        apart = seen.mirror_distances.tolist()
        found = [replace(one, mirror=distance) for one, distance in zip(found, apart, strict=True)]
    else:
        found = [with_length(one, own) for one, own in zip(found, seen.lengths.tolist(), strict=True)]
    rows = [[getattr(one, name) for name in NAMES] for one in found]
    return np.array(rows, dtype=np.float64).reshape(-1, len(NAMES)), seen.vectors


def changes(of: Recipe) -> list[tuple[float, Change]]:
    """What copies of faces suffer, each with the distance between the eyes that is left."""

    def reduced(apart: float) -> Change:
        def change(image: Image.Image, zoom: float) -> Image.Image:
            side = max(1, round(image.width * apart / (zoom * (DLIB_FRAMING.right - DLIB_FRAMING.left))))
            return image.resize((side, side), Image.Resampling.BOX).resize(image.size, Image.Resampling.BILINEAR)

        return change

    def blurred(radius: float) -> Change:
        return lambda image, zoom: image.filter(ImageFilter.GaussianBlur(radius * zoom))

    def dark(light: float) -> Change:
        return lambda image, zoom: image.point(lambda level: int(level * light))

    def noisy(deviation: float) -> Change:
        def change(image: Image.Image, zoom: float) -> Image.Image:
            noise = np.random.default_rng(0).normal(scale=deviation, size=(image.height, image.width, 3))
            return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))

        return change

    def half_hidden(image: Image.Image, zoom: float) -> Image.Image:
        image = image.copy()
        image.paste((90, 80, 70), (0, 0, image.width // 2, image.height))
        return image

    found = [(eyes, reduced(eyes)) for eyes in EYES] + [(np.inf, blurred(radius)) for radius in BLURS]
    if of.card.alignment == "five-point":
        found += [(np.inf, dark(light)) for light in LIGHTS] + [(np.inf, noisy(deviation)) for deviation in NOISES]
        found += [(np.inf, half_hidden), *((np.inf, blurred(radius)) for radius in STRONG_BLURS)]
    return found


def copies(faces: Sequence[Aligned], of: Recipe) -> Iterable[list[Aligned]]:
    """The faces, with each of the changes."""
    width = DLIB_FRAMING.right - DLIB_FRAMING.left
    zooms = [(framing.right - framing.left) / width for framing in framings(of)]
    for apart, change in changes(of):
        yield [
            Aligned(
                [np.asarray(change(Image.fromarray(chip), zoom)) for chip, zoom in zip(face.chips, zooms, strict=True)],
                min(face.eyes, apart),
            )
            for face in faces
        ]


@dataclass(frozen=True, slots=True)
class Examples:
    """Faces and copies of faces. measures [n, 5]; matched [n]: share of genuine pairs; first [n]."""

    measures: Floats
    matched: Floats
    weights: Floats
    people: Numbers
    first: Flags

    def columns(self, names: Sequence[str], half: Flags) -> Floats:
        return self.measures[half][:, [NAMES.index(name) for name in names]]


def examples(faces: Faces, trial: Trial, file: Path | None, of: Recipe) -> Examples:
    """Every face with a genuine pair, and copies of COPIED faces of each half, kept in `file`."""
    threshold = trial.threshold(np.ones(len(trial.people), dtype=bool))
    genuine = trial.genuine
    pairs = genuine.sum(1)
    weights = np.where(pairs > 0, (pairs + 1.0) ** -0.5, 0)
    matched = (genuine & (trial.distances <= threshold)).sum(1) / np.maximum(pairs, 1)
    random = np.random.default_rng(0)
    chosen = np.concatenate(
        [random.permutation(np.flatnonzero((pairs > 0) & (trial.first == half)))[:COPIED] for half in (True, False)]
    )
    if file is not None and file.exists():
        with np.load(file) as saved:
            copy_measures, copy_vectors = saved["measures"], saved["vectors"]
    else:
        again = [face for path in faces.paths[chosen].tolist() if (face := aligned(Path(path), of))]
        made = [looked_at(some, of) for some in copies(again, of)]
        copy_measures, copy_vectors = (np.concatenate(part) for part in zip(*made, strict=True))
        if file is not None:
            np.savez(file, measures=copy_measures, vectors=copy_vectors)
    source = np.tile(chosen, len(changes(of)))
    own = genuine[source]
    near = block_distances(copy_vectors, faces.vectors) <= threshold
    rows = np.concatenate([np.arange(len(pairs)), source])
    return Examples(
        measures=np.concatenate([faces.measures, copy_measures]),
        matched=np.concatenate([matched, (near & own).sum(1) / pairs[source]]),
        weights=np.concatenate([weights, COPY_WEIGHT * weights[source]]),
        people=trial.people[rows],
        first=trial.first[rows],
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
    fits = {half: fit(data, data.first == half, names) for half in (True, False)}
    shipped = logits(measures, names, fits[True])
    everyone = np.ones(len(trial.people), dtype=bool)
    threshold = trial.threshold(everyone)
    print(f"\n{title}: {', '.join(names)}")
    print(f"  fitted on a, people of b: {rates(trial, shipped, ~trial.first, threshold)}")
    print(f"  fitted on a, all people: {rates(trial, shipped, everyone, threshold)}")
    print(f"  fitted on b, people of a: {rates(trial, logits(measures, names, fits[False]), trial.first, threshold)}")
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
    """Quality and the share of pairs matched, by fifths of the faces of half b, worst first."""
    threshold = trial.threshold(np.ones(len(quality), dtype=bool))
    genuine = trial.genuine
    pairs = genuine.sum(1)
    share = (genuine & (trial.distances <= threshold)).sum(1) / np.maximum(pairs, 1)
    chosen = np.flatnonzero((pairs > 0) & ~trial.first)
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
    parser.add_argument("--recipe", choices=list(MEASURED), default="dlib")
    parser.add_argument("--data", type=Path, default=shared / "lfw-dev")
    parser.add_argument("--faces", type=Path, default=None)
    parser.add_argument("--plot", type=Path, default=None)
    options = parser.parse_args()

    of = recipe(options.recipe)
    extra = MEASURED[options.recipe]
    faces = read_faces(options.data, options.faces, of)
    measures = faces.measures
    persons = [Path(path).parent.name for path in faces.paths.tolist()]
    people = np.unique(persons, return_inverse=True)[1]
    first = np.array([half_of(person) == "a" for person in persons])
    trial = Trial(faces.vectors, block_distances(faces.vectors, faces.vectors), people, first)
    everyone = np.ones(len(people), dtype=bool)
    threshold = trial.threshold(everyone)
    missed, pairs = trial.misses(everyone, threshold)
    worst = np.argsort(-missed)[:2]
    print(f"{len(people)} faces, {pairs.sum():.0f} genuine pairs, threshold {threshold:.4f}, ", end="")
    print(
        f"{missed.sum():.0f} false non-matches, {missed[worst[0]]:.0f} and {missed[worst[1]]:.0f} of them of two people"
    )

    data = examples(faces, trial, options.faces and options.faces.with_suffix(".copies.npz"), of)
    plain = NAMES[:3]
    names = (*plain, extra)
    fitted: dict[str, tuple[tuple[str, ...], Floats]] = {}
    with_it, without = f"with {extra}", f"without {extra}"
    fitted[with_it] = (names, report(trial, measures, data, names, with_it))
    fitted[without] = (plain, report(trial, measures, data, plain, without))
    for title, (some, values) in fitted.items():
        print(f"\n{title}: {coefficients(some, values)}")
        shares, misses = curve(trial, logits(measures, some, values), everyone, threshold)
        print("  ".join(f"{100 * share:.0f} %: {rate:.3f}" for share, rate in zip(shares, misses, strict=True)))
    print(f"\ncalibration, people of b, fitted on a: {calibration(trial, logits(measures, *fitted[with_it]))}")
    for name in names:
        report(trial, measures, data, [other for other in names if other != name], f"without {name}")
        report(trial, measures, data, [name], f"{name} alone")
    if options.plot:
        curves = {
            f"{title}, {which}": curve(trial, logits(measures, names, values), among, threshold)
            for title, (names, values) in fitted.items()
            for which, among in (("all people", everyone), ("people of b", ~first))
        }
        draw(options.plot, curves)


if __name__ == "__main__":
    main()
