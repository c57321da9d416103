"""`faceindex reencode`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.output import errors, print_json, print_line
from faceindex.cli.progress import progress_bar
from faceindex.cli.stopping import report_of
from faceindex.plurals import plural


def reencode(
    target: Annotated[Path, typer.Argument(metavar="DEST", help="The folder of the new library.")],
    name: options.RecipeName = None,
    detector: options.Detector = None,
    landmarks: options.Landmarks = None,
    jitter: options.Jitter = None,
    precision: options.Precision = None,
    library: options.Library = None,
    workers: options.Workers = None,
    as_json: options.AsJson = False,
) -> None:
    """Make a library of the same photos with another recipe. Names, albums and decisions come along."""
    chosen = options.recipe_with(name, detector, landmarks, jitter, precision)
    with faceindex.Library(library, create=False) as opened, progress_bar([]) as progress:
        done = report_of(opened.start_reencode(target, chosen, workers=workers, progress=progress))
    if as_json:
        print_json(asdict(done))
    else:
        print_line(
            f"{done.library}: {plural(done.photos, 'path')}, {plural(done.faces, 'face')}, recipe {done.recipe}; "
            f"{plural(done.acts, 'act')}, {done.found:,} of {plural(done.decided, 'face')} with decisions found again"
        )
        if done.away:
            print_line(
                f"missing now: {plural(done.away, 'photo')}; ingest them into the new library when they are back"
            )
    if done.interrupted:
        errors.print("stopped; what was analysed is stored. Run the same command again to go on.")
        raise typer.Exit(130)
