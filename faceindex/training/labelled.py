"""Faces to learn from: of libraries, by the names in them, and of folders with a folder of photos for each person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from faceindex.errors import RecipeMismatch, UsageError
from faceindex.evaluation.labelled import LabelledFaces
from faceindex.evaluation.named_faces import named_faces
from faceindex.faces.recipe import Recipe
from faceindex.faces.vectors_only import VectorsOnly
from faceindex.plurals import plural
from faceindex.store.folder import LibraryFolder
from faceindex.training.losses import People
from faceindex.types import Qualities, Vectors

FEWEST_PEOPLE = 100
"""With two faces or more. Heads learnt from fewer gain nothing on other people, or lose: docs/training.md."""

_FEWEST_AT_ALL = 10


@dataclass(frozen=True, slots=True)
class TrainingFaces:
    """recipe: of all. names: of people. people: int64 [n], places in `names`. vectors: float32 [n, d]. qualities:
    float64 [n], NaN where unknown. photos: names of files, without folders; empty where they are not known."""

    recipe: Recipe
    names: tuple[str, ...]
    people: People
    vectors: Vectors
    qualities: Qualities
    photos: tuple[str, ...]

    def among(self, people: People) -> TrainingFaces:
        """The faces of some people, who keep their numbers."""
        kept = np.isin(self.people, people)
        photos = tuple(photo for photo, wanted in zip(self.photos, kept, strict=True) if wanted)
        return TrainingFaces(
            self.recipe, self.names, self.people[kept], self.vectors[kept], self.qualities[kept], photos
        )


def of_library(folder: LibraryFolder) -> TrainingFaces:
    """The faces with a name in a library. Raises: UsageError; LibraryDamaged."""
    named = named_faces(folder)
    unknown = np.full(len(named.people), np.nan)
    return TrainingFaces(folder.recipe, named.names, named.people, named.vectors, unknown, ("",) * len(named.people))


def of_photos(faces: LabelledFaces) -> TrainingFaces:
    """The central faces of labelled photos."""
    photos = tuple(PurePath(photo).name for photo in faces.photos)
    return TrainingFaces(faces.recipe, faces.names, faces.people, faces.vectors, faces.qualities, photos)


def joined(sources: Sequence[TrainingFaces]) -> TrainingFaces:
    """All faces together, each once; people of one name in two sources are one person.

    Raises: RecipeMismatch when vectors cannot be compared; UsageError when one is no vector of numbers, when a face has
    two names, or when a head was put on them already.
    """
    first = sources[0].recipe
    for source in sources:
        _check_recipe(source.recipe, first)
    names = tuple(sorted({name for source in sources for name in source.names}))
    numbers = {name: number for number, name in enumerate(names)}
    people = np.array([numbers[s.names[person]] for s in sources for person in s.people.tolist()], dtype=np.int64)
    vectors = np.concatenate([source.vectors for source in sources])
    bad = ~np.isfinite(vectors).all(axis=1)
    if bad.any():
        raise UsageError(f"a vector of {names[people[bad][0]]} contains NaN or infinity; `faceindex check` may say why")
    kept = _each_once(vectors, people, names)
    photos = [photo for source in sources for photo in source.photos]
    return TrainingFaces(
        first,
        names,
        people[kept],
        vectors[kept],
        np.concatenate([source.qualities for source in sources])[kept],
        tuple(photos[place] for place in kept.tolist()),
    )


def check_number(faces: TrainingFaces, *, few: bool) -> None:
    """Raises: UsageError when there is nothing to learn a head from, or too little unless `few`."""
    check_people(faces.people, "a head", few=few)


def check_people(numbers: People, learnt: str, *, few: bool) -> None:
    """numbers: int64 [n], the person of each face. learnt: "a head", or what else is learnt. Raises: UsageError when
    there is nothing to learn it from, or too little unless `few`."""
    counts = np.bincount(numbers, minlength=1)
    people, several = int(np.sum(counts > 0)), int(np.sum(counts > 1))
    if people < 2:
        have = f"there {'is' if people == 1 else 'are'} {plural(people, 'person', 'people')}"
        raise UsageError(f"{learnt} is learnt from many people, and {have}")
    if not several:
        raise UsageError(
            f"{plural(people, 'person', 'people')} with one face each: {learnt} needs two faces of one person"
        )
    found = f"only {plural(several, 'person', 'people')} with two faces or more"
    if several < _FEWEST_AT_ALL:
        raise UsageError(f"{found}; at least {_FEWEST_AT_ALL} are needed, to learn from and to measure with")
    if several < FEWEST_PEOPLE and not few:
        raise UsageError(
            f"{found}: learnt from fewer than {FEWEST_PEOPLE} {learnt} gains nothing on other people, or loses; "
            "--few learns one all the same"
        )


def _check_recipe(recipe: Recipe, first: Recipe) -> None:
    if isinstance(recipe, VectorsOnly):
        raise UsageError(f"the vectors ({recipe.name}) came from another program, which new photos cannot be sent to")
    if recipe.card.head is not None:
        base = recipe.card.head.base
        raise UsageError(f"recipe {recipe.name} has a head already; learn from vectors of recipe {base}, without it")
    if recipe.fingerprint != first.fingerprint:
        raise RecipeMismatch(f"vectors of the recipes {first.title} and {recipe.title} cannot be learnt from together")


def _each_once(vectors: Vectors, people: People, names: Sequence[str]) -> People:
    """Places of the faces, int64, without copies. Raises: UsageError when copies have two names."""
    owner: dict[bytes, int] = {}
    kept: list[int] = []
    for place, (vector, person) in enumerate(zip(vectors, people.tolist(), strict=True)):
        before = owner.setdefault(vector.tobytes(), person)
        if before != person:
            raise UsageError(f"one face is called both {names[before]} and {names[person]}; correct one of the names")
        if len(owner) > len(kept):
            kept.append(place)
    return np.array(kept, dtype=np.int64)
