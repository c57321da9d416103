"""`faceindex people import`: names from other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.acts import DryRun
from faceindex.cli.output import errors, print_json, print_line, print_table
from faceindex.cli.progress import progress_bar
from faceindex.errors import UsageError
from faceindex.plurals import plural
from faceindex.types import NamesImported

PROGRAMS = "digikam|immich|takeout|picasa|nextcloud|photoprism|osxphotos|xmp|faceindex"

_SHOWN = 20
"""Rows shown of a table; --json lists all."""


def import_names(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", readable=False, help="The program's database, its export, or the photos' folder."
        ),
    ],
    program: Annotated[str, typer.Option("--from", metavar=PROGRAMS, help="The program that the names are from.")],
    root: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="A folder there and what it is called here; repeatable. Default: found."),
    ] = None,
    library: options.Library = None,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Give faces the names that another program gave them. One `people undo` takes all of them back."""
    roots = [_root(text) for text in root or []]
    with faceindex.Library(library, create=False) as opened, progress_bar([]) as progress:
        job = opened.people.start_import_names(program, path, roots=roots, dry_run=dry_run, progress=progress)
        done = job.result()
    if as_json:
        print_json(asdict(done))
    else:
        _print(done)
    if not done.photos:
        raise UsageError(f"nobody is named in a photo of {done.file}")
    if not done.found:
        raise UsageError(f"the library has none of the {plural(done.photos, 'photo')} with names in {done.file}")


def _root(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not equals or not new:
        raise UsageError(f"--root {text} is not OLD=NEW, such as --root /mnt/old/Photos=/home/ann/Pictures")
    return old, new


def _print(done: NamesImported) -> None:
    if done.dry_run:
        print_line("nothing was changed; without --dry-run this would happen:")
    print_line(
        f"{plural(done.named, 'face')} named, of {plural(done.people, 'person', 'people')}; "
        f"{done.moved:,} of them not where {done.program} says, by their looks"
    )
    print_table(
        ("names#", "named#", "had it before#", "left as decided#", "unsure#", "no face#"),
        [(done.names, done.named, done.known, done.decided, done.unsure, done.without_face)],
    )
    print_line(f"photos with names: {done.photos:,}, in the library: {done.found:,}, missing: {done.missing:,}")
    _print_some("missing in the library", [(path,) for path in done.missing_photos], done.missing)
    _print_some("no face", [(one.path, one.error) for one in done.faceless], done.without_face)
    _print_some("could not be read", [(one.path, one.error) for one in done.problems], done.bad)
    rows = [(one.photo, one.person, " ".join(f"face:{face}" for face in one.faces)) for one in done.unsure_names]
    _print_some("unsure", rows, done.unsure)
    if rows:
        errors.print("`faceindex people name face:FACE NAME` names one of them; `faceindex people review` asks")


def _print_some(title: str, rows: Sequence[tuple[str, ...]], count: int) -> None:
    if not rows:
        return
    print_line("")
    columns = {1: (title,), 2: (title, "why"), 3: (title, "person", "faces")}
    print_table(columns[len(rows[0])], rows[:_SHOWN])
    if count > _SHOWN:
        print_line(f"... and {count - _SHOWN:,} more" + ("; --json lists all" if count == len(rows) else ""))
