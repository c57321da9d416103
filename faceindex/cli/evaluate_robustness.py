"""`faceindex evaluate robustness`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli import evaluate_output as evaluated
from faceindex.cli import options
from faceindex.cli.evaluate_output import cost_row, ms_per_face, names, print_compared, print_drawn, recipes_of
from faceindex.cli.output import errors, print_failures, print_json, print_line
from faceindex.cli.stopping import on_signals
from faceindex.errors import UsageError
from faceindex.evaluation.degradations import DEGRADATIONS
from faceindex.evaluation.pictures import draw_robustness
from faceindex.evaluation.plots import require_matplotlib
from faceindex.evaluation.robustness import Level, Subjects, find_subjects, measure_robustness
from faceindex.faces.analyse import Analyser
from faceindex.faces.engine import Engine
from faceindex.faces.recipe import Recipe
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.finding.find import find_files
from faceindex.plurals import plural
from faceindex.running.meter import Meter

PHOTOS = 100

Photos = Annotated[
    Path, typer.Argument(metavar="PHOTOS", help="Photos of faces; strangers are told by their folders, one a person.")
]
Most = Annotated[int, typer.Option("--photos", min=1, metavar="N", help="So many of them, evenly spread.")]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="KIND", help=f"{', '.join(DEGRADATIONS)}; several. Default: all.")
]
Plot = Annotated[Path | None, typer.Option("--plot", metavar="FILE.png", help="Also draw the curves.")]


def robustness(
    folder: Photos,
    recipe_names: evaluated.Recipes = None,
    most: Most = PHOTOS,
    only: Only = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    plot: Plot = None,
    as_json: options.AsJson = False,
) -> None:
    """Is a face still accepted as itself when it is tilted, turned, blurred, small, dark, JPEG or noisy?

    The face in the middle of each photo is compared with its degraded copies at the recipe's threshold.
    """
    if plot:
        require_matplotlib()
    kinds = _kinds(only)
    recipes, runs = recipes_of(recipe_names), Engine(engine, device)
    photos = _chosen(folder, most)
    meter = Meter()
    with on_signals(meter.stop.set):
        seen = find_subjects(photos, Analyser(recipes[0], engine=runs, rated=False), meter)
        curves = [_measured(one, seen, kinds, runs, meter) for one in recipes]
    cost = ms_per_face(recipes, runs, seen.readable)
    drawn = (
        [draw_robustness(plot, {one.title: levels for one, levels in zip(recipes, curves, strict=True)})]
        if plot
        else []
    )
    if as_json:
        units = {kind: DEGRADATIONS[kind].unit for kind in kinds}
        rows = [_as_object(*each) for each in zip(recipes, curves, cost, strict=True)]
        failed = [asdict(failure) for failure in seen.failed]
        said = {"data": str(folder), "photos": len(photos), "faces": len(seen.found), "failed": failed, "units": units}
        print_json(said | {"recipes": rows, "plots": names(drawn)})
        return
    print_failures(seen.failed)
    print_line(
        f"{plural(len(photos), 'photo')}, {plural(len(seen.found), 'face')}; accepted (found; strangers accepted)"
    )
    columns = {
        one.title: {_title(level): _cell(level) for level in levels} | cost_row(spent)
        for one, levels, spent in zip(recipes, curves, cost, strict=True)
    }
    print_compared(columns)
    print_drawn(drawn)


def _as_object(recipe: Recipe, levels: Sequence[Level], spent: float | None) -> dict[str, object]:
    rates = [asdict(one) | {"rate": one.accepted_rate, "stranger_rate": one.stranger_rate} for one in levels]
    return {"recipe": recipe.title, "threshold": recipe.match_threshold, "levels": rates, "ms_per_face": spent}


def _kinds(only: Sequence[str] | None) -> list[str]:
    for kind in only or ():
        if kind not in DEGRADATIONS:
            raise UsageError(f"no degradation is called {kind}; there are {', '.join(DEGRADATIONS)}")
    return list(dict.fromkeys(only or DEGRADATIONS))


def _chosen(folder: Path, most: int) -> list[str]:
    found = sorted(entry.path for entry in find_files([folder]) if isinstance(entry, FoundFile))
    if not found:
        raise UsageError(f"there is no photo in {folder}")
    return found[:: -(-len(found) // most)]


def _measured(recipe: Recipe, given: Subjects, kinds: Sequence[str], engine: Engine, meter: Meter) -> list[Level]:
    if errors.is_terminal:
        errors.print(f"recipe {recipe.title}: {plural(len(given.found), 'face')}, {', '.join(kinds)}", markup=False)
    analyser = Analyser(recipe, engine=engine, rated=False)
    return measure_robustness(analyser, given.found, kinds, recipe.match_threshold, meter)


def _title(level: Level) -> str:
    return f"{level.kind} {level.level:g} {DEGRADATIONS[level.kind].unit}"


def _cell(level: Level) -> str:
    if not level.tried:
        return ""
    strangers = "" if level.stranger_rate is None else f"; {level.stranger_rate:.4f}"
    return f"{level.accepted / level.tried:.3f} ({level.found / level.tried:.3f}{strangers})"
