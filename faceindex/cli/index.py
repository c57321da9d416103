"""`faceindex index`: how the library is searched."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.output import print_json, print_table
from faceindex.types import IndexReport

app = typer.Typer(help="The index of the library's faces.", no_args_is_help=True)


@app.command("build")
def build(
    library: options.Library = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="auto|flat|ivf",
            help="flat: exact; ivf: approximate; auto: by the number of faces. Default: as before, first auto.",
        ),
    ] = None,
    recall: Annotated[
        float | None,
        typer.Option(metavar="R", help="Share of the ten nearest that ivf finds. Default: as before, first 0.99."),
    ] = None,
    threads: options.Threads = 1,
    as_json: options.AsJson = False,
) -> None:
    """Build the index anew. Ingest does so by itself when many faces have changed; a choice made here is kept."""
    with faceindex.Library(library, create=False) as opened:
        _print(opened.index.build(kind, recall=recall, threads=threads), as_json=as_json)


@app.command("show")
def show(library: options.Library = None, as_json: options.AsJson = False) -> None:
    """Show what the index is, how much it finds and how fast."""
    with faceindex.Library(library, create=False) as opened:
        _print(opened.index.report(), as_json=as_json)


def _print(report: IndexReport, *, as_json: bool) -> None:
    figures = asdict(report)
    if as_json:
        print_json(figures)
        return
    rounded = {name: f"{value:.4g}" if isinstance(value, float) else value for name, value in figures.items()}
    print_table(("", ""), rounded.items())
