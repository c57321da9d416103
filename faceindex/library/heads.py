"""A head applied to a library: a new library of the same photos and decisions, made from stored vectors alone."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np

from faceindex.errors import RecipeMismatch, UsageError
from faceindex.faces.recipe import Recipe, recipe
from faceindex.faces.vectors_only import VectorsOnly
from faceindex.models.cards import recipe_cards
from faceindex.models.projections import head
from faceindex.running.meter import Meter
from faceindex.store.care.mapping import map_vectors
from faceindex.store.folder import LibraryFolder
from faceindex.types import Reencoded, Vectors


def with_head(made: Recipe, name: str) -> Recipe:
    """The recipe `made` with the head of the recipe `name`. Raises: UsageError; RecipeMismatch; ModelError."""
    card = recipe_cards().get(name)
    if card is None or card.head is None:
        known = [one.name for one in recipe_cards().values() if one.head is not None]
        have = f"there are {', '.join(known)}" if known else "`faceindex train head` learns one"
        raise UsageError(f"no recipe with a head is called {name}; {have}")
    if isinstance(made, VectorsOnly):
        raise RecipeMismatch(f"the vectors ({made.name}) came from another program; {name} is for {card.head.base}")
    landmarks = None if made.landmarks == made.card.landmarks else made.landmarks
    chosen = recipe(name, detector=made.detector, landmarks=landmarks, jitter=made.jitter, precision=made.precision)
    if chosen.without_head.fingerprint != made.fingerprint:
        raise RecipeMismatch(f"the head {name} was learnt for recipe {card.head.base}, not for {made.title}")
    return chosen


def apply_head(folder: LibraryFolder, target: Path, chosen: Recipe, meter: Meter) -> Reencoded:
    """Make a library at `target` with the vectors that the head of `chosen` makes of those of `folder`.

    Ids, names, albums, decisions and tombstones stay what they are; no photo is opened. After a crash the same call
    makes it again. Raises: UsageError when `target` holds anything; LibraryDamaged; LibraryUnwritable; ModelError.
    """
    assert chosen.card.head is not None
    matrix = head(chosen.card.head, chosen.dimension)

    def headed(vectors: Vectors) -> Vectors:
        return (vectors.astype(np.float64) @ matrix).astype(np.float32)

    with closing(LibraryFolder(target, wanted=chosen)) as new:
        done = map_vectors(folder, new, headed, meter)
        return Reencoded(str(new.path), chosen.title, done.paths, 0, done.faces, done.acts, done.decided, done.found)
