"""`faceindex index`: the structure that searches use."""

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
            help="flat: exact; ivf: approximate; auto: by the number of faces. Default: as last built; at first auto.",
        ),
    ] = None,
    recall: Annotated[
        float | None,
        typer.Option(
            metavar="R", help="Share of the ten nearest that ivf finds. Default: as last built; at first 0.99."
        ),
    ] = None,
    threads: options.Threads = 1,
    as_json: options.AsJson = False,
) -> None:
    """Build the index again. Ingest does this by itself when many faces have changed, with the options chosen here."""
    with faceindex.Library(library, create=False) as opened:
        _print(opened.index.build(kind, recall=recall, threads=threads), as_json=as_json)


@app.command("show")
def show(library: options.Library = None, as_json: options.AsJson = False) -> None:
    """Show the index: its kind, its recall and its speed."""
    with faceindex.Library(library, create=False) as opened:
        _print(opened.index.report(), as_json=as_json)


def _print(report: IndexReport, *, as_json: bool) -> None:
    figures = asdict(report)
    if as_json:
        print_json(figures)
        return
    rounded = {name: f"{value:.4g}" if isinstance(value, float) else value for name, value in figures.items()}
    print_table(("", ""), rounded.items())
