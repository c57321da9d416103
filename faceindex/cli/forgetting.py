"""`faceindex people forget` and `faceindex forget`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

import faceindex
from faceindex.cli import erasing, options
from faceindex.cli.output import print_failures, print_json, print_line
from faceindex.errors import UsageError
from faceindex.plurals import plural
from faceindex.types import Lifted


def forget_person(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME", help="The person's name. With --lift: photos or folders of photos.")
    ],
    library: options.Library = None,
    lift: Annotated[
        bool, typer.Option("--lift", help="Remove the tombstones of photos: what was erased may come back.")
    ] = False,
    yes: erasing.Yes = False,
    dry_run: erasing.DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Erase a person's faces and name from the disk for good. Photos that show nobody else leave the library, too."""
    with faceindex.Library(library, create=False) as opened:
        if lift:
            _print_lifted(opened.photos.lift(names, dry_run=dry_run), dry_run=dry_run, as_json=as_json)
            return
        if len(names) > 1:
            raise UsageError(f"name one person at a time; quote a name of several words: '{' '.join(names)}'")
        erasing.erase(
            lambda dry: opened.people.forget(names[0], dry_run=dry), yes=yes, dry_run=dry_run, as_json=as_json
        )


def forget(
    everything: Annotated[bool, typer.Option("--all", help="Erase everything that the library holds.")] = False,
    library: options.Library = None,
    yes: erasing.Yes = False,
    dry_run: erasing.DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Empty the library: erase photos, faces, vectors and names from the disk. The photo files are never changed."""
    if not everything:
        raise UsageError(
            "say what to forget: --all erases everything, `faceindex people forget NAME` a person, "
            "`faceindex photos remove --erase PATH` photos"
        )
    with faceindex.Library(library, create=False) as opened:
        erasing.erase(lambda dry: opened.care.forget_all(dry_run=dry), yes=yes, dry_run=dry_run, as_json=as_json)


def _print_lifted(lifted: Lifted, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(asdict(lifted) | ({"dry_run": True} if dry_run else {}))
        return
    if dry_run:
        print_line(
            f"would be lifted: {plural(lifted.tombstones, 'tombstone')}; would be analysed again: "
            f"{plural(lifted.photos, 'photo')} of the library; added by the next ingest: {lifted.waiting:,}"
        )
        print_failures(lifted.failed)
        return
    print_line(
        f"{plural(lifted.tombstones, 'tombstone')} lifted; {plural(lifted.photos, 'photo')} of the library analysed "
        f"again, {plural(lifted.faces, 'face')} came back"
    )
    if lifted.waiting:
        waiting = plural(lifted.waiting, "photo")
        print_line(f"not in the library: {waiting}; `faceindex ingest PATH...` adds those that exist")
    print_failures(lifted.failed)
