"""Recipes side by side: what each finds, tells apart and groups, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from faceindex.evaluation.labelled import LabelledFaces
from faceindex.evaluation.lfw import LfwResult
from faceindex.evaluation.measures import Albums, AllPairs, measure_albums_around, measure_all_pairs, measure_pairs
from faceindex.evaluation.pairs import Pairs
from faceindex.evaluation.timing import Timing, time_analysis
from faceindex.faces.analyse import Analyser
from faceindex.faces.engine import Engine

COMPARED_RATES = (1e-3, 1e-4, 1e-5)
"""False accept rates at which recipes are compared."""


@dataclass(frozen=True, slots=True)
class RecipeFigures:
    """One recipe on one set of photos.

    recipe: its title. pairs: None without a pairs file. albums: at the recipe's own threshold. best_albums: at the
    best of several, thus an upper bound.
    """

    recipe: str
    dimension: int
    photos: int
    faces: int
    pairs: LfwResult | None
    all_pairs: AllPairs
    albums: Albums
    best_albums: Albums
    timing: Timing


def recipe_figures(faces: LabelledFaces, engine: Engine, pairs: Pairs | None, half: str | None) -> RecipeFigures:
    """Everything that is compared. Raises: UsageError as the measures do; ModelError."""
    tried = measure_albums_around(faces)
    own = next(albums for albums in tried if albums.threshold == faces.recipe.cluster_threshold)
    best = max(tried, key=lambda albums: albums.score.bcubed.f)
    return RecipeFigures(
        recipe=faces.recipe.title,
        dimension=faces.vectors.shape[1],
        photos=faces.seen,
        faces=len(faces.photos),
        pairs=None if pairs is None else measure_pairs(faces, pairs, half)[0],
        all_pairs=measure_all_pairs(faces),
        albums=own,
        best_albums=best,
        timing=time_analysis(Analyser(faces.recipe, engine=engine), faces.photos),
    )
