"""`faceindex evaluate identify`."""

from __future__ import annotations

from typing import Annotated

import typer

from faceindex.cli import evaluate_output as evaluated
from faceindex.cli import options
from faceindex.cli.evaluate_output import faces_as_object, ingested_by_each, names, print_drawn, print_faces, rate
from faceindex.cli.output import print_json, print_table
from faceindex.errors import UsageError
from faceindex.evaluation.identify_methods import RATES, Naming, measure_naming
from faceindex.evaluation.pictures import draw_naming
from faceindex.evaluation.plots import require_matplotlib
from faceindex.faces.engine import Engine

ALL_BUT_ONE = "all-but-one"
ENROLLED = ("1", "3", ALL_BUT_ONE)

Enrolled = Annotated[
    list[str] | None,
    typer.Option(
        "--enrolled",
        metavar="N",
        help=f"Photos of each person that are known, or {ALL_BUT_ONE}; several. Default: all.",
    ),
]
Probes = Annotated[int, typer.Option(min=1, metavar="N", help="Faces looked for, of people known and of others each.")]


def identify(
    folder: evaluated.Labelled,
    recipe_names: evaluated.Recipes = None,
    enrolled: Enrolled = None,
    probes: Probes = 600,
    half: evaluated.Half = None,
    workers: options.Workers = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    keep: options.Keep = None,
    plots: evaluated.Plots = None,
    as_json: options.AsJson = False,
) -> None:
    """How many are named rightly, by each method, when half of the people are known by few or many photos."""
    if plots:
        require_matplotlib()
    wanted = [_photos(text) for text in enrolled or ENROLLED]
    faces = ingested_by_each(recipe_names, folder, half, Engine(engine, device), workers, keep)
    found = [[one for photos in wanted for one in measure_naming(each, photos, probes)] for each in faces]
    by_recipe = {each.recipe.title: results for each, results in zip(faces, found, strict=True)}
    drawn = [draw_naming(plots, by_recipe)] if plots else []
    if as_json:
        rows = [
            faces_as_object(each, half) | {"identification": [_as_object(one) for one in results]}
            for each, results in zip(faces, found, strict=True)
        ]
        print_json({"data": str(folder), "recipes": rows, "plots": names(drawn)})
        return
    for each in faces:
        print_faces(each)
    columns = ("recipe", "enrolled", "faces#", "probes#", "strangers#", "method", "rank-1#")
    shares = [f"named, {share:.0%} of strangers, too#" for share in RATES]
    print_table((*columns, *shares, "ms#"), [_row(title, one) for title, each in by_recipe.items() for one in each])
    print_drawn(drawn)


def _photos(text: str) -> int | None:
    if text == ALL_BUT_ONE:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--enrolled {text} is no number of photos; write 1, 3 or another, or {ALL_BUT_ONE}")
    return int(text)


def _as_object(one: Naming) -> dict[str, object]:
    named = one.identification
    return {
        "method": one.method,
        "enrolled": one.photos,
        "gallery": one.gallery,
        "probes": len(named.scores),
        "strangers": len(named.stranger_scores),
        "rank_1": named.rank_1,
        "points": [{"fpir": share, "dir": named.dir(share)} for share in RATES],
        "ms": one.ms,
    }


def _row(title: str, one: Naming) -> tuple[object, ...]:
    named = one.identification
    sizes = (one.gallery, len(named.scores), len(named.stranger_scores))
    shares = [rate(named.dir(share)) for share in RATES]
    photos = ALL_BUT_ONE if one.photos is None else one.photos
    return (title, str(photos), *sizes, one.method, rate(named.rank_1), *shares, f"{one.ms:.1f}")
