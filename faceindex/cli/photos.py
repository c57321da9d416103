"""`faceindex photos`: list, find, failed, remove."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options, selections
from faceindex.cli.output import print_json, print_line, print_receipt, print_table
from faceindex.types import PhotoRecord

app = typer.Typer(help="The photos of the library.", no_args_is_help=True)


@app.command("list")
def list_photos(
    under: Annotated[Path | None, typer.Argument(metavar="[PATH]", help="Only photos at or under this path.")] = None,
    library: options.Library = None,
    as_json: options.AsJson = False,
) -> None:
    """List the photos by path, with their size, their number of faces, and what is wrong with their files."""
    with faceindex.Library(library, create=False) as opened:
        photos = list(opened.photos(under))
    _print(photos, as_json=as_json)


@app.command("find")
def find(
    shows: selections.With = None,
    without: selections.Without = None,
    only: selections.Only = False,
    first: selections.First = None,
    last: selections.Last = None,
    under: selections.Under = None,
    library: options.Library = None,
    as_json: options.AsJson = False,
) -> None:
    """Find photos by who is in them, when they were taken and where they lie. All that is said must be true."""
    among = selections.selection(shows, without, only=only, first=first, last=last, under=under)
    with faceindex.Library(library, create=False) as opened:
        photos = list(opened.find_photos(among))
    _print(photos, as_json=as_json)


def _print(photos: list[PhotoRecord], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(photo) for photo in photos])
        return
    rows = [
        (photo.path, f"{photo.width} x {photo.height}", photo.faces, photo.taken, photo.warning) for photo in photos
    ]
    print_table(("photo", "size#", "faces#", "taken", "warning"), rows)


@app.command("failed")
def failed(library: options.Library = None, as_json: options.AsJson = False) -> None:
    """List the photos that could not be read, and why."""
    with faceindex.Library(library, create=False) as opened:
        failures = opened.failed_photos()
    if as_json:
        print_json([asdict(failure) for failure in failures])
    else:
        print_table(("could not be read", "why"), [(f.path, f.error) for f in failures])


@app.command("remove")
def remove(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Photos, or folders of them.")],
    library: options.Library = None,
    erase: Annotated[
        bool, typer.Option("--erase", help="Erase them from the disk, for good: no later ingest brings them back.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Take photos and their faces out of the library. The photo files themselves are never touched."""
    with faceindex.Library(library, create=False) as opened:
        if erase:
            print_receipt(opened.erase_photos(paths), as_json=as_json)
            return
        removed = opened.remove_photos(paths)
    if as_json:
        print_json(asdict(removed))
        return
    print_line(
        f"removed {removed.photos:,} photos with {removed.faces:,} faces ({removed.paths:,} paths); "
        "an ingest of the files brings them back, unless they are removed with --erase"
    )
