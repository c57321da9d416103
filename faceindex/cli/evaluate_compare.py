"""`faceindex evaluate compare`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli import evaluate_output as evaluated
from faceindex.cli import options
from faceindex.cli.evaluate_albums import albums_as_object
from faceindex.cli.evaluate_output import ingested, names, print_compared, print_drawn, rate
from faceindex.cli.evaluate_pairs import mean_accuracy, point_as_object
from faceindex.cli.output import print_json
from faceindex.evaluation.compare import COMPARED_RATES, RecipeFigures, recipe_figures
from faceindex.evaluation.pairs import read_pairs
from faceindex.evaluation.pictures import draw_comparison
from faceindex.evaluation.plots import require_matplotlib
from faceindex.faces.engine import Engine


def compare(
    recipes: Annotated[list[str], typer.Argument(metavar="RECIPE...", help="Names of recipes.")],
    data: Annotated[Path, typer.Option(metavar="DIR", help="Photos, in a folder named after each person.")],
    pairs: Annotated[Path | None, typer.Option(metavar="FILE", help="Also decide these pairs.")] = None,
    detector: options.Detector = None,
    landmarks: options.Landmarks = None,
    jitter: options.Jitter = None,
    precision: options.Precision = None,
    half: evaluated.Half = None,
    workers: options.Workers = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    keep: options.Keep = None,
    plots: evaluated.Plots = None,
    as_json: options.AsJson = False,
) -> None:
    """Put recipes side by side: what they find, tell apart and group, and what it costs."""
    if plots:
        require_matplotlib()
    wanted = read_pairs(pairs) if pairs else None
    runs = Engine(engine, device)
    rows = []
    for chosen in [options.recipe_with(name, detector, landmarks, jitter, precision) for name in recipes]:
        faces = ingested(chosen, data, half, runs, workers, keep)
        rows.append(recipe_figures(faces, runs, wanted, half))
    drawn = draw_comparison(plots, rows) if plots else []
    if as_json:
        compared = [_figures_as_object(row) for row in rows]
        print_json({"data": str(data), "half": half, "recipes": compared, "plots": names(drawn)})
        return
    print_compared({row.recipe: _compared(row) for row in rows})
    print_drawn(drawn)


def _figures_as_object(row: RecipeFigures) -> dict[str, object]:
    return {
        "recipe": row.recipe,
        "dimension": row.dimension,
        "photos": row.photos,
        "faces": row.faces,
        "pairs": asdict(row.pairs) if row.pairs else None,
        "points": [point_as_object(row.all_pairs.roc.at(far), row.all_pairs) for far in COMPARED_RATES],
        "eer": row.all_pairs.roc.eer,
        "albums": albums_as_object(row.albums),
        "best_albums": albums_as_object(row.best_albums),
        "timing": asdict(row.timing),
    }


def _compared(row: RecipeFigures) -> dict[str, object]:
    """What is shown of a recipe, by the name of the figure."""
    pairs = (
        {}
        if row.pairs is None
        else {
            "pairs, default threshold": f"{rate(row.pairs.accuracy)} at {row.pairs.threshold:g}",
            "pairs, cross-validated": mean_accuracy(row.pairs),
        }
    )
    points = [row.all_pairs.roc.at(far) for far in COMPARED_RATES]
    timing = row.timing
    return {
        "dimension": row.dimension,
        "photos": row.photos,
        "with a face": row.faces,
        **pairs,
        **{f"TAR at FAR {p.far:g}": rate(p.tar) + ("" if p.enough else " (too few pairs)") for p in points},
        "EER": rate(row.all_pairs.roc.eer),
        "albums, B-cubed F": f"{rate(row.albums.score.bcubed.f)} at {row.albums.threshold:.3g}",
        "the best of several": f"{rate(row.best_albums.score.bcubed.f)} at {row.best_albums.threshold:.3g}",
        "clicks to perfect albums": f"{row.albums.score.clicks:,}",
        "ms per photo, one core": f"{timing.ms_per_photo:.1f}",
        "ms per face, encoding": "" if timing.ms_per_face is None else f"{timing.ms_per_face:.1f}",
    }
