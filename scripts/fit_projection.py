"""Learn the projection of a recipe from photos in a folder per person, and write it beside the recipe's card.

    python scripts/fit_projection.py sface-dlib ../shared/data/lfw-dev/images --keep side-by-side.npz
    python scripts/fit_projection.py sface-dlib ../shared/data/lfw-dev/images --keep side-by-side.npz --halves

The directions of greatest variance (PCA) of the vectors side by side, every person counting alike; with --hinge, so
many steps of `faceindex train head` after it, which do not keep the length of vectors. It prints the sha256 for the
card. With --halves nothing is written: it is learnt on half of the people and measured on the other, both ways, and
with --hinge also what that gains over PCA alone, with its error over people.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faceindex.evaluation.folds import HALVES, half_of
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import Recipe, recipe
from faceindex.models.cards import model_cards, models_folder, shipped_folder
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.finding.find import find_files
from faceindex.photos.pictures import photo_of
from faceindex.plurals import plural
from faceindex.running.meter import Meter
from faceindex.training.gains import compared
from faceindex.training.head import Descent, relearn
from faceindex.training.scale import at_scale

Floats = npt.NDArray[np.float64]
RATES = (1e-3, 1e-4, 1e-5)


def side_by_side(chosen: Recipe) -> Recipe:
    """The recipe without its projection."""
    width = sum(model_cards()[part.encoder].dimension or 0 for part in chosen.parts)
    return replace(chosen, card=replace(chosen.card, projection=None), dimension=width)


def central_vectors(root: Path, chosen: Recipe) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """(person, vector) of the central face of each photo."""
    analyser = Analyser(chosen, rated=False)
    for file in sorted(Path(found.path) for found in find_files([root]) if isinstance(found, FoundFile)):
        photo = analyser(photo_of(file))
        middle = np.array([photo.width, photo.height]) / 2
        places = [(face.box.x + face.box.width / 2, face.box.y + face.box.height / 2) for face in photo.faces]
        if places:
            nearest = int(np.linalg.norm(np.array(places) - middle, axis=1).argmin())
            yield file.parent.name, photo.faces[nearest].vector


def read_vectors(root: Path, chosen: Recipe, keep: Path | None) -> tuple[npt.NDArray[np.str_], Floats]:
    """People [n] and vectors [n, d] side by side, from `keep` where they were written once."""
    if keep is not None and keep.exists():
        with np.load(keep) as saved:
            return saved["people"], saved["vectors"].astype(np.float64)
    named = list(central_vectors(root, chosen))
    people, vectors = np.array([name for name, _ in named]), np.array([vector for _, vector in named])
    if keep is not None:
        np.savez(keep, people=people, vectors=vectors)
    return people, vectors.astype(np.float64)


def learn(
    vectors: Floats, people: npt.NDArray[np.str_], dimension: int, threshold: float, steps: int
) -> npt.NDArray[np.float16]:
    """[1 + d, dimension]: see `faceindex.models.projections.projection`."""
    matrix = principal(vectors, people, dimension)
    if steps:
        inside, numbers = vectors @ matrix[1:] + matrix[0], np.unique(people, return_inverse=True)[1]
        matrix = matrix @ at_scale(relearn(inside, numbers, {}, threshold, Descent(), steps, Meter()), inside)
    return matrix.astype(np.float16)


def principal(vectors: Floats, people: npt.NDArray[np.str_], dimension: int) -> Floats:
    """[1 + d, dimension]: the directions of greatest variance."""
    _, numbers, counts = np.unique(people, return_inverse=True, return_counts=True)
    weights = 1 / (counts[numbers] * len(counts))
    middle = weights @ vectors
    centred = vectors - middle
    _, axes = np.linalg.eigh((centred * weights[:, None]).T @ centred)
    axes = axes[:, ::-1][:, :dimension]
    axes *= np.where(axes.sum(axis=0) < 0, -1, 1)
    return np.vstack([-middle @ axes, axes])


def accepted(vectors: Floats, people: npt.NDArray[np.str_]) -> str:
    """True accept rates at RATES over all pairs, and with every face counting alike."""
    squares = (vectors**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * vectors @ vectors.T
    same = people[:, None] == people
    strangers = np.sort(distances[np.triu(~same)])
    np.fill_diagonal(same, val=False)
    mates = same.sum(axis=1)
    figures = []
    for rate in RATES:
        near = (distances <= strangers[max(0, int(rate * len(strangers)) - 1)]) & same
        each = near.sum(axis=1)[mates > 0] / mates[mates > 0]
        figures.append(f"{rate:g}: {near.sum() / mates.sum():.4f} ({each.mean():.4f} by face)")
    return ", ".join(figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--keep", type=Path, help="file for the vectors, so that the next call does without photos")
    parser.add_argument("--halves", action="store_true")
    parser.add_argument("--hinge", type=int, default=0, metavar="STEPS", help="of pair hinge after PCA")
    options = parser.parse_args()
    chosen = recipe(options.recipe)
    card = chosen.card.projection
    if card is None:
        parser.error(f"the recipe {chosen.name} has no projection")
    people, vectors = read_vectors(options.photos, side_by_side(chosen), options.keep)
    halves = np.array([half_of(person) for person in people.tolist()])
    if options.halves:
        for half in HALVES:
            known, others = halves == half, halves != half
            made = []
            for steps in sorted({0, options.hinge}):
                learnt = learn(vectors[known], people[known], card.dimension, chosen.match_threshold, steps)
                matrix = learnt.astype(np.float64)
                made.append(vectors[others] @ matrix[1:] + matrix[0])
                print(f"learnt on {half}, {plural(steps, 'step')}, others: {accepted(made[-1], people[others])}")
            if options.hinge:
                numbers = np.unique(people[others], return_inverse=True)[1]
                for rate, gain in compared(made[0], made[1], numbers).gains.items():
                    print(f"gain at {rate:g}, by face: {gain.gain:+.5f} +- {gain.error:.5f}")
        return
    file = BytesIO()
    np.save(file, learn(vectors, people, card.dimension, chosen.match_threshold, options.hinge))
    folders = (models_folder(), shipped_folder())
    target = next(one for one in folders if (one / "recipes" / f"{chosen.name}.toml").exists()) / "recipes" / card.file
    target.write_bytes(file.getvalue())
    print(f'{target}: {len(people)} faces\nsha256 = "{hashlib.sha256(file.getvalue()).hexdigest()}"')


if __name__ == "__main__":
    main()
