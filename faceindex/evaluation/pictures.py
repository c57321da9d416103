"""Which pictures each evaluation draws into its folder, and under which names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from faceindex.evaluation.compare import RecipeFigures
from faceindex.evaluation.cross_fit import CrossFit
from faceindex.evaluation.degradations import DEGRADATIONS
from faceindex.evaluation.identification import Identification
from faceindex.evaluation.identify_methods import Naming
from faceindex.evaluation.labelled import LabelledFaces
from faceindex.evaluation.lfw import LfwResult, PairDistances
from faceindex.evaluation.measures import AllPairs, Rejection, measure_albums_around
from faceindex.evaluation.plots import (
    draw_albums,
    draw_curves,
    draw_distances,
    draw_identification,
    draw_reject,
    draw_reliability,
    draw_roc,
)
from faceindex.evaluation.robustness import Level
from faceindex.evaluation.roc import count_pairs
from faceindex.plurals import plural


def draw_pairs(out: Path, faces: LabelledFaces, result: LfwResult, pairs: PairDistances) -> list[Path]:
    """ROC and distances of given pairs that have a face in both photos. Raises: UsageError."""
    title = faces.recipe.title
    seen = np.isfinite(pairs.distances)
    counts = count_pairs(pairs.distances[seen], pairs.same[seen])
    thresholds = {"default": result.threshold, "best": result.best_threshold}
    drawn = [
        draw_distances(out / "distances.png", counts, thresholds, f"{title}: {plural(result.pairs, 'given pair')}")
    ]
    if counts.same.any() and counts.different.any():
        drawn.insert(0, draw_roc(out / "roc.png", {title: counts}, f"ROC over {plural(result.pairs, 'given pair')}"))
    return drawn


def draw_all_pairs(out: Path, faces: LabelledFaces, result: AllPairs, rejection: Rejection | None) -> list[Path]:
    """ROC and distances of all pairs, and error versus reject if there is any. Raises: UsageError."""
    title = faces.recipe.title
    drawn = [
        draw_roc(out / "roc.png", {title: result.counts}, f"ROC over all pairs of {plural(len(faces.photos), 'face')}"),
        draw_distances(
            out / "distances.png",
            result.counts,
            {f"FAR {p.far:g}:": p.threshold for p in result.roc.points if p.enough and p.threshold is not None},
            f"{title}: all pairs of {plural(len(faces.photos), 'face')}",
        ),
    ]
    if rejection is not None:
        drawn.append(draw_reject(out / "reject.png", rejection.curve, f"{title}: faces rejected by {rejection.by}"))
    return drawn


def draw_albums_around(out: Path, faces: LabelledFaces) -> list[Path]:
    """B-cubed of albums over thresholds around the recipe's. Raises: UsageError."""
    tried = measure_albums_around(faces)
    thresholds, scores = [albums.threshold for albums in tried], [albums.score.bcubed for albums in tried]
    title = f"{faces.recipe.title}: albums of {plural(len(faces.photos), 'face')}"
    return [draw_albums(out / "albums.png", thresholds, scores, faces.recipe.cluster_threshold, title)]


def draw_comparison(out: Path, rows: Sequence[RecipeFigures]) -> list[Path]:
    """One ROC with a line for each recipe. Raises: UsageError."""
    return [draw_roc(out / "roc.png", {row.recipe: row.all_pairs.counts for row in rows}, "ROC over all pairs")]


def draw_calibration(file: Path, title: str, result: CrossFit) -> Path:
    """How true the confidences are on people that were not fitted to. Raises: UsageError."""
    curves = {f"pairs, half {each.half}": each.pairs for each in result.held_out}
    curves |= {f"found, half {each.half}": each.found for each in result.held_out}
    return draw_reliability(file, curves, f"{title}: people held out")


def draw_robustness(file: Path, curves: Mapping[str, Sequence[Level]]) -> Path:
    """Faces accepted over the levels of each degradation, a line for each recipe. Raises: UsageError."""
    kinds = dict.fromkeys(level.kind for levels in curves.values() for level in levels)
    panels = {
        f"{kind}: {DEGRADATIONS[kind].unit}": {
            title: [
                (level.level, level.accepted / level.tried) for level in levels if level.kind == kind and level.tried
            ]
            for title, levels in curves.items()
        }
        for kind in kinds
    }
    return draw_curves(file, panels, "accepted as itself")


def draw_naming(out: Path, by_recipe: Mapping[str, Sequence[Naming]]) -> Path:
    """Named rightly over strangers named: a panel for each recipe and number of photos. Raises: UsageError."""
    panels: dict[str, dict[str, Identification]] = {}
    for title, results in by_recipe.items():
        for one in results:
            photos = "all but one" if one.photos is None else one.photos
            panel = panels.setdefault(f"{title}, {photos} enrolled", {})
            panel[f"{one.method} (rank-1 {one.identification.rank_1:.3f})"] = one.identification
    return draw_identification(out / "identify.png", panels)
