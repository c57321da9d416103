"""`faceindex evaluate calibrate`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.output import print_json, print_line, print_table
from faceindex.cli.progress import progress_bar
from faceindex.cli.stopping import on_signals
from faceindex.evaluation.cross_fit import CrossFit, HeldOut, cross_fit
from faceindex.evaluation.labelled import evaluation_library, ingest_labelled
from faceindex.evaluation.pictures import draw_calibration
from faceindex.evaluation.plots import require_matplotlib
from faceindex.evaluation.strangers import Fpir
from faceindex.faces.engine import Engine
from faceindex.faces.recipe import Recipe
from faceindex.faces.recipe import recipe as default_recipe
from faceindex.judgement.calibration import DEFAULT_FPIR
from faceindex.plurals import plural
from faceindex.running.meter import Meter

GALLERIES = (1_000, 10_000, 100_000, 1_000_000)
"""Sizes of a library, in faces, for which thresholds are shown."""


def calibrate(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]",
            help="A folder with one folder of photos per person. Default: the library's named people.",
        ),
    ] = None,
    library: options.Library = None,
    name: options.RecipeName = None,
    workers: options.Workers = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    keep: options.Keep = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also draw a picture of stated against measured confidence.")
    ] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Let the library use it instead of the recipe's calibration.")
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Go back to the recipe's calibration; measures nothing.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Fit what a distance means on people that you know, and test the fit on people who were left out of it."""
    if plot:
        require_matplotlib()
    if forget:
        with faceindex.Library(library, create=False) as opened:
            opened.care.forget_calibration()
            calibration = opened.status().calibration
        if as_json:
            print_json({"calibration": calibration})
        else:
            print_line(f"calibration: {calibration}")
        return
    recipe = options.recipe_with(name, None, None, None) if name else None
    title, result = _measured(folder, library, recipe, Engine(engine, device), workers, keep, plot, save=save)
    drawn = draw_calibration(plot, title, result) if plot else None
    if as_json:
        print_json(_as_object(title, result) | {"saved": save, "plot": None if drawn is None else str(drawn)})
        return
    _print(title, result)
    if save:
        print_line("the library uses this calibration now; --forget goes back to the recipe's")
    if drawn:
        print_line(str(drawn))


def _measured(
    folder: Path | None,
    library: Path | None,
    recipe: Recipe | None,
    engine: Engine,
    workers: int | None,
    keep: Path | None,
    plot: Path | None,
    *,
    save: bool,
) -> tuple[str, CrossFit]:
    with progress_bar([folder] if folder else []) as progress:
        if folder is None or save:
            with faceindex.Library(library, recipe=recipe, engine=engine, create=False) as opened:
                if plot:
                    opened.care.outside(plot)
                result = opened.care.calibrate(folder, save=save, keep=keep, workers=workers, progress=progress)
                return opened.recipe.title, result
        with evaluation_library(recipe or default_recipe(), keep) as evaluated:
            meter = Meter(progress)
            with on_signals(meter.stop.set):
                faces = ingest_labelled(evaluated, folder, engine=engine, workers=workers, meter=meter)
        return faces.recipe.title, cross_fit(faces.vectors, faces.people, faces.names)


def _as_object(title: str, result: CrossFit) -> dict[str, object]:
    thresholds = {faces: result.calibration.threshold(DEFAULT_FPIR, faces) for faces in GALLERIES}
    return {"recipe": title} | asdict(result) | {"fpir": DEFAULT_FPIR, "thresholds": thresholds}


def _print(title: str, result: CrossFit) -> None:
    print_line(
        f"recipe {title}: {plural(result.people, 'person', 'people')}, {plural(result.faces, 'face')}, "
        f"{plural(result.same_pairs, 'pair')} of one person, {result.different_pairs:,} of two"
    )
    print_line("calibration: " + ", ".join(f"{key} = {value:.5g}" for key, value in asdict(result.calibration).items()))
    thresholds = [
        f"{result.calibration.threshold(DEFAULT_FPIR, faces):.4f} for {plural(faces, 'face')}" for faces in GALLERIES
    ]
    print_line(f"thresholds at {DEFAULT_FPIR:g} expected false identifications: {', '.join(thresholds)}")
    print_line("")
    for held_out in result.held_out:
        _print_held_out(held_out)
    if result.suspects:
        rows = [(f"{suspect.distance:.4f}", *suspect.names) for suspect in result.suspects]
        print_table(("distance#", "may be one person with", "two names, or look alike"), rows)


def _print_held_out(held_out: HeldOut) -> None:
    print_line(f"tried on half {held_out.half} of the people, fitted to the others:")
    kinds = (
        ("pairs, as often one person's as not", held_out.pairs),
        ("found, 1 false identification expected", held_out.found),
        (f"found, {DEFAULT_FPIR:g} expected", held_out.found_default),
    )
    rows = [(n, f"{r.confidence:.4f}", f"{r.share:.4f}", f"{r.error:.4f}", f"{r.brier:.4f}") for n, r in kinds]
    print_table(("confidence in", "mean#", "true#", "calibration error#", "Brier score#"), rows)
    columns = ("expected false#", "faces#", "threshold#", "measured#", "+-#", "without suspects#", "queries with any#")
    print_table(columns, [_fpir_row(point) for point in held_out.fpir])
    print_line("")


def _fpir_row(point: Fpir) -> tuple[object, ...]:
    shares = (f"{point.measured:.4f}", f"{point.error:.4f}", f"{point.without_suspects:.4f}", f"{point.queries:.4f}")
    return (f"{point.asked:g}", point.faces, f"{point.threshold:.4f}", *shares)
