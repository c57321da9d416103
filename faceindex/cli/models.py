"""`faceindex models`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.erasing import Yes
from faceindex.cli.output import errors, print_json, print_line, print_table
from faceindex.errors import FaceindexError, ModelError, UsageError
from faceindex.evaluation.engines import TOLERANCE, compare_boxes, compare_vectors
from faceindex.faces.recipe import recipe
from faceindex.faces.trial import try_recipe
from faceindex.models.add import add_known_model, add_model
from faceindex.models.cards import ModelCard, model_cards, recipe_cards
from faceindex.models.remove import files_of, remove_recipe
from faceindex.models.weights import find_weights, how_to_get, weights
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.finding.find import find_files

app = typer.Typer(help="The networks that find and encode faces.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: options.AsJson = False) -> None:
    """List the models, their licences, and where their weights are."""
    places = [(card, find_weights(card)) for card in model_cards().values()]
    if as_json:
        print_json([asdict(card) | {"path": str(path) if path else None} for card, path in places])
        return
    rows = [(card.name, card.kind, card.licence, path or f"missing: {how_to_get(card)}") for card, path in places]
    print_table(("model", "kind", "licence", "weights"), rows)


@app.command("recipes")
def list_recipes(as_json: options.AsJson = False) -> None:
    """List the recipes: how a face becomes a vector, and whether its models are installed."""
    chosen = [recipe(name) for name in recipe_cards()]
    missing = [[name for name in one.needs if find_weights(model_cards()[name]) is None] for one in chosen]
    if as_json:
        print_json(
            [
                asdict(one.card) | {"dimension": one.dimension, "models": one.models, "missing": lacking}
                for one, lacking in zip(chosen, missing, strict=True)
            ]
        )
        return
    rows = [
        (
            one.name,
            one.card.title,
            one.detector,
            one.dimension,
            one.match_threshold,
            f"missing: {', '.join(lacking)}" if lacking else "yes",
        )
        for one, lacking in zip(chosen, missing, strict=True)
    ]
    print_table(("recipe", "what it is", "detector", "dimension", "threshold", "installed"), rows)


@app.command("add")
def add(
    source: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="A model without weights, or the file of a new model.")
    ],
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The weights of the model NAME.")] = None,
    card: Annotated[Path | None, typer.Option(metavar="CARD", help="A TOML file that describes FILE.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Add your own network: `models add facenet FILE`, or `models add FILE --card CARD`."""
    if (file is None) == (card is None):
        raise UsageError("give NAME and FILE, or FILE and --card CARD")
    added = add_model(Path(source), card, try_recipe) if card else add_known_model(source, file or Path(), try_recipe)
    if as_json:
        print_json(asdict(added))
    else:
        print_line(f"added; `faceindex ingest PATH... --recipe {added.name}` makes a library with it")


@app.command("remove")
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A recipe that you added or learnt.")],
    library: options.Library = None,
    yes: Yes = False,
    as_json: options.AsJson = False,
) -> None:
    """Remove a recipe that you added or learnt, with its files. A library that was made with it cannot be opened then.

    It is refused while the library at hand (-L, or the default one) uses it; other libraries are not known here.
    """
    found = files_of(name)
    _refuse_in_use(name, library)
    if not yes and sys.stdin.isatty():
        errors.print(f"libraries made with {name} cannot be opened without it; its files: {', '.join(map(str, found))}")
        if not typer.confirm("remove them for good?", default=False, err=True):
            raise typer.Exit(1)
    removed = remove_recipe(name)
    if as_json:
        print_json({"recipe": name, "removed": [str(path) for path in removed]})
    else:
        print_line(f"removed {name}: {', '.join(map(str, removed))}")


def _refuse_in_use(name: str, library: Path | None) -> None:
    """Raises: UsageError when the library at hand was made with the recipe."""
    try:
        with faceindex.Library(library, create=False) as opened:
            used, path = opened.recipe.name == name, opened.path
    except FaceindexError:
        return  # there is none, or none that can be opened now
    if used:
        raise UsageError(f"{path} was made with {name} and could not be opened without it; nothing was removed")


@app.command("verify")
def verify_models(
    compare: Annotated[
        Path | None,
        typer.Option(metavar="PHOTOS", help="Also compare both engines on a folder of photos; takes minutes."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Check the weights of every model against the sha256 of its card. Exit code 1: a file is missing or changed."""
    results = [(card, _problem(card)) for card in model_cards().values() if card.package or find_weights(card)]
    problem = any(wrong for _, wrong in results)
    compared = _compared(compare) if compare and not problem else None
    if as_json:
        rows = [{"model": card.name, "ok": not wrong, "problem": wrong} for card, wrong in results]
        print_json(rows if compared is None else {"models": rows, "engines": compared})
    else:
        print_table(("model", "weights"), [(card.name, wrong or "as the card says") for card, wrong in results])
        if compared:
            print_line("")
            print_table(("onnx against dlib", ""), compared.items())
    if problem or (compared and not compared["same"]):
        raise typer.Exit(1)


def _compared(folder: Path) -> dict[str, object]:
    """Compare both engines on every photo under `folder`; dlib's slow CNN on the first ten only."""
    photos = [Path(file.path) for file in find_files([folder]) if isinstance(file, FoundFile)]
    vectors, hog, cnn = compare_vectors(photos), compare_boxes(photos, "hog"), compare_boxes(photos[:10], "cnn")
    unequal = hog.missing + hog.extra + cnn.missing + cnn.extra
    figures: dict[str, object] = {
        "same": vectors.largest_difference <= TOLERANCE and not unequal,
        "faces": vectors.faces,
        "largest_difference": vectors.largest_difference,
    }
    for name, boxes in (("hog", hog), ("cnn", cnn)):
        figures |= {f"{name}_{figure}": value for figure, value in asdict(boxes).items()}
    return figures


def _problem(card: ModelCard) -> str | None:
    try:
        weights(card.name)
    except ModelError as error:
        return str(error)
    return None
