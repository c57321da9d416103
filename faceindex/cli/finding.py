"""`faceindex photos find`: photos by people, date and folder, as a list, a folder, a page or a ZIP file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options, selections
from faceindex.cli.exported import print_export
from faceindex.cli.outcome import refuse_nothing
from faceindex.cli.output import print_csv, print_json, print_line, print_table, say_page
from faceindex.errors import UsageError
from faceindex.plurals import plural
from faceindex.types import PhotoArchive, PhotoRecord

_COLUMNS = ("path", "width", "height", "faces", "warning", "taken")


def find(
    shows: selections.With = None,
    without: selections.Without = None,
    only: selections.Only = False,
    first: selections.First = None,
    last: selections.Last = None,
    under: selections.Under = None,
    into: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Put links to the photos into this folder; again, it is updated."),
    ] = None,
    link: Annotated[
        str | None, typer.Option(metavar="hard|symbolic|copy", help="With --into: how. Default: hard.")
    ] = None,
    archive: Annotated[
        Path | None, typer.Option("--zip", metavar="FILE", help="Write the photos into a ZIP file.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", metavar="OUT.html", help="Write an HTML page with the photos.")
    ] = None,
    library: options.Library = None,
    as_csv: options.AsCsv = False,
    as_json: options.AsJson = False,
) -> None:
    """Find photos by who is in them, when they were taken and where they are. All conditions must be true."""
    if sum(map(bool, (into, archive, as_csv))) > 1 or (as_csv and as_json):
        raise UsageError("choose one of --into, --zip, --csv and --json")
    if link is not None and into is None:
        raise UsageError("--link says how --into puts photos into its folder: give --into DIR, too")
    among = selections.selection(shows, without, only=only, first=first, last=last, under=under)
    with faceindex.Library(library, create=False) as opened:
        if sheet:
            opened.sheets.write_found(sheet, among)
        if into is not None:
            done = opened.photos.export(into, among, link=link or "hard")
            refusal = f"no photo could be put into {done.folder}"
            print_export(done, plural(done.photos, "photo"), refusal, as_json=as_json)
        elif archive is not None:
            _print_archive(opened.photos.write_zip(archive, among), as_json=as_json)
        else:
            print_photos(list(opened.photos.find(among)), as_csv=as_csv, as_json=as_json)
    say_page(sheet)


def print_photos(photos: list[PhotoRecord], *, as_csv: bool = False, as_json: bool) -> None:
    """Print photos as a table, CSV or JSON."""
    if as_json:
        print_json([asdict(photo) for photo in photos])
        return
    if as_csv:
        print_csv(_COLUMNS, map(asdict, photos))
        return
    rows = [
        (photo.path, f"{photo.width} x {photo.height}" if photo.width else "", photo.faces, photo.taken, photo.warning)
        for photo in photos
    ]
    print_table(("photo", "size#", "faces#", "taken", "warning"), rows)


def _print_archive(done: PhotoArchive, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(done))
    else:
        print_line(f"{plural(done.written, 'photo')} in {done.file}")
        if done.left:
            print_table(("not in it", "why"), [(left.path, left.error) for left in done.left])
    refuse_nothing(
        f"no photo could be put into {done.file}",
        done=done.written,
        failed=len(done.left),
        out_of_reach=sum(left.out_of_reach for left in done.left),
    )
