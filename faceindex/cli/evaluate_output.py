"""What the commands of `faceindex evaluate` share: options, labelled photos, how results are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.output import print_line, print_table
from faceindex.cli.progress import progress_bar
from faceindex.cli.stopping import on_signals
from faceindex.evaluation.labelled import LabelledFaces, evaluation_library, ingest_labelled
from faceindex.evaluation.timing import processor_ms_per_face
from faceindex.faces.analyse import Analyser
from faceindex.faces.engine import Engine
from faceindex.faces.recipe import DEFAULT_RECIPE, Recipe, recipe
from faceindex.running.meter import Meter

Labelled = Annotated[Path, typer.Argument(metavar="DIR", help="Photos, in a folder named after each person.")]
Half = Annotated[
    str | None, typer.Option(metavar="a|b", help="Only one half of the people: tune on one, report on the other.")
]
Recipes = Annotated[
    list[str] | None,
    typer.Option(
        "--recipe", metavar="NAME", help=f"Of each of these recipes, beside each other. Default: {DEFAULT_RECIPE}."
    ),
]
Plots = Annotated[Path | None, typer.Option(metavar="DIR", help="Also draw pictures into this folder.")]


def recipes_of(names: Sequence[str] | None) -> list[Recipe]:
    """The recipes to compare, each once. Raises: UsageError."""
    return [recipe(name) for name in dict.fromkeys(names or [DEFAULT_RECIPE])]


def ingested(
    recipe: Recipe, folder: Path, half: str | None, engine: Engine, workers: int | None, keep: Path | None
) -> LabelledFaces:
    """The central faces of the photos below `folder`, with a progress bar. Raises: see `ingest_labelled`."""
    with evaluation_library(recipe, keep) as library, progress_bar([folder]) as progress:
        meter = Meter(progress)
        with on_signals(meter.stop.set):
            return ingest_labelled(library, folder, half=half, engine=engine, workers=workers, meter=meter)


def ingested_by_each(
    names: Sequence[str] | None, folder: Path, half: str | None, engine: Engine, workers: int | None, keep: Path | None
) -> list[LabelledFaces]:
    """`ingested` by each of the recipes with these names. Raises: UsageError; see `ingest_labelled`."""
    return [ingested(recipe, folder, half, engine, workers, keep) for recipe in recipes_of(names)]


def faces_as_object(faces: LabelledFaces, half: str | None) -> dict[str, object]:
    """What the faces of one recipe are: the first keys of each JSON answer."""
    return {
        "recipe": faces.recipe.title,
        "half": half,
        "people": len(faces.names),
        "photos": faces.seen,
        "copies": faces.copies,
        "faces": len(faces.photos),
        "without_face": list(faces.without_face),
        "failed": [asdict(failure) for failure in faces.failed],
    }


def ms_per_face(recipes: Sequence[Recipe], engine: Engine, photos: Sequence[str]) -> list[float | None]:
    """Processor time of each recipe; None without photos. Raises: see `processor_ms_per_face`."""
    if not photos:
        return [None] * len(recipes)
    return processor_ms_per_face([Analyser(one, engine=engine) for one in recipes], photos)


def cost_row(spent: float | None) -> dict[str, str]:
    """The row of a table with a recipe's answer of `ms_per_face`."""
    return {"ms a face, processor time": "" if spent is None else f"{spent:.1f}"}


def print_compared(columns: Mapping[str, Mapping[str, object]]) -> None:
    """A table with a column for each recipe and a row for each measure that any of them has."""
    measures = dict.fromkeys(name for column in columns.values() for name in column)
    print_table(
        ("", *(f"{title}#" for title in columns)),
        [(name, *(column.get(name) for column in columns.values())) for name in measures],
    )


def print_faces(faces: LabelledFaces) -> None:
    """A table of what was found, and the photos that could not be read."""
    columns = ("recipe", "people#", "photos#", "with a face#", "without#", "unreadable#", "copies left out#")
    missing = (len(faces.without_face), len(faces.failed), faces.copies)
    print_table(columns, [(faces.recipe.title, len(faces.names), faces.seen, len(faces.photos), *missing)])
    print_line("")
    if faces.failed:
        print_table(("could not be read", "why"), [(f.path, f.error) for f in faces.failed])
        print_line("")


def names(drawn: Iterable[Path]) -> list[str]:
    """Paths of pictures, for JSON."""
    return [str(file) for file in drawn]


def print_drawn(drawn: Sequence[Path]) -> None:
    """A line for each picture."""
    for file in drawn:
        print_line(str(file))


def rate(value: float | None) -> str:
    """A share of 1 for a table; nothing when it is not known."""
    return "" if value is None else f"{value:.4f}"
