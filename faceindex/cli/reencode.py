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
from faceindex.errors import UsageError
from faceindex.plurals import plural


def reencode(
    target: Annotated[Path, typer.Argument(metavar="DEST", help="The folder of the new library.")],
    name: options.RecipeName = None,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Put a head of `faceindex train head` on the stored vectors; no photo is opened."
        ),
    ] = None,
    detector: options.Detector = None,
    landmarks: options.Landmarks = None,
    jitter: options.Jitter = None,
    precision: options.Precision = None,
    library: options.Library = None,
    workers: options.Workers = None,
    as_json: options.AsJson = False,
) -> None:
    """Make a library of the same photos with another recipe. Names, albums and decisions come along."""
    if head is not None and any(given is not None for given in (name, detector, landmarks, jitter, workers, precision)):
        raise UsageError("--head takes the library's own recipe: leave out --recipe and its options, and --workers")
    with faceindex.Library(library, create=False) as opened, progress_bar([]) as progress:
        if head is not None:
            job = opened.start_apply_head(target, head, progress=progress)
        else:
            chosen = options.recipe_with(name, detector, landmarks, jitter, precision)
            job = opened.start_reencode(target, chosen, workers=workers, progress=progress)
        done = report_of(job)
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
