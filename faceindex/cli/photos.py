"""`faceindex photos`: list, show, find, failed, sidecars, add-face, remove."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import erasing, finding, options
from faceindex.cli.acts import DryRun, price_object, print_price
from faceindex.cli.outcome import refuse_nothing
from faceindex.cli.output import face_object, finite, print_failures, print_json, print_line, print_table, say_page
from faceindex.errors import UsageError
from faceindex.plurals import plural
from faceindex.types import DRAWN

app = typer.Typer(help="The photos of the library.", no_args_is_help=True)


@app.command("list")
def list_photos(
    under: Annotated[Path | None, typer.Argument(metavar="[PATH]", help="Only photos at or under this path.")] = None,
    library: options.Library = None,
    as_json: options.AsJson = False,
) -> None:
    """List the photos by path, with size, number of faces, and what is wrong with the file."""
    with faceindex.Library(library, create=False) as opened:
        photos = list(opened.photos if under is None else opened.photos.under(under))
    finding.print_photos(photos, as_json=as_json)


@app.command("show")
def show(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", readable=False, help="A photo of the library.")],
    library: options.Library = None,
    sheet: options.Sheet = None,
    as_json: options.AsJson = False,
) -> None:
    """List the faces of a photo from left to right, with ids, names and albums."""
    with faceindex.Library(library, create=False) as opened:
        record, faces = opened.photos.get(photo), opened.photos.faces(photo)
        if sheet:
            opened.sheets.write_photo(sheet, photo)
    if as_json:
        print_json(asdict(record) | {"faces": [face_object(face) for face in faces]})
    else:
        print_line(f"{record.path}: {record.width} x {record.height} pixels, {plural(record.faces, 'face')}")
        rows = [
            (f.face, f.box.as_list(), f.person, "yes" if f.confirmed else "", f.album, f.quality and f"{f.quality:.2f}")
            for f in faces
        ]
        if rows:
            print_table(("face#", "box", "person", "confirmed", "album#", "quality#"), rows)
    say_page(sheet)


app.command("find")(finding.find)


@app.command("failed")
def failed(library: options.Library = None, as_json: options.AsJson = False) -> None:
    """List the photos that could not be read, and the files and folders that could not be reached, with the reason."""
    with faceindex.Library(library, create=False) as opened:
        failures = opened.photos.failed(limit=None)
    if as_json:
        print_json([asdict(failure) for failure in failures])
    elif failures:
        print_failures(failures)
    else:
        print_line("every photo was read")


@app.command("sidecars")
def sidecars(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", readable=False, help="Photos or folders of photos.")
    ],
    library: options.Library = None,
    beside: Annotated[bool, typer.Option("--beside", help="Write beside the photos, into sidecars that exist.")] = (
        False
    ),
    to: Annotated[Path | None, typer.Option(metavar="DIR", help="Write into this folder instead.")] = None,
    unnamed: Annotated[bool, typer.Option("--unnamed", help="Include faces without a name.")] = False,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Write the names of faces as XMP sidecars, for digiKam, Lightroom and `ingest --xmp`. Photos are never changed."""
    if beside == (to is not None):
        raise UsageError("say where to write: --beside (next to the photos) or --to DIR")
    with faceindex.Library(library, create=False) as opened:
        done = opened.photos.write_sidecars(paths, to=to, unnamed=unnamed, dry_run=dry_run)
    if as_json:
        print_json(asdict(done))
    else:
        print_line(
            f"{plural(done.written, 'sidecar')} {'to be ' * dry_run}written, {done.unchanged:,} unchanged; "
            f"photos without names: {done.nothing_to_say:,}"
        )
        if done.failed:
            print_table(("no sidecar", "why"), [(failed.path, failed.error) for failed in done.failed])
    refuse_nothing(
        "no sidecar could be written",
        done=done.written + done.unchanged,
        failed=len(done.failed),
        out_of_reach=sum(failed.out_of_reach for failed in done.failed),
    )


@app.command("add-face")
def add_face(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", readable=False, help="A photo of the library.")],
    box: Annotated[
        str, typer.Option(metavar="X,Y,W,H", help="The box around the face, in pixels of the upright photo.")
    ],
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Who it is.")] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="If somebody has this name already, it is the same person.")
    ] = False,
    library: options.Library = None,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Add a face that was not found. It stays when the photo is analysed again or edited; `people undo` removes it."""
    with faceindex.Library(library, create=False) as opened:
        chosen = options.box_of(box)
        added = opened.photos.add_face(photo, chosen, name=name, merge=merge or dry_run, dry_run=dry_run)
    if as_json:
        values = asdict(added) | {"box": added.box.as_list(), "quality": finite(added.quality)}
        values["act"] = values.pop("decided")["act"]
        print_json(values | {"person": added.decided.person} | price_object(added.decided))
        return
    how = "with landmarks found in the box" if added.origin == DRAWN else "no landmarks were found: aligned by the box"
    if added.decided.price is not None:
        print_price(added.decided.price)
        print_line(f"  a face, {how}, quality {added.quality:.2f}")
        return
    whose = f", {added.decided.person}'s" if added.decided.person else ""
    print_line(f"act {added.decided.act}: face {added.face}{whose}; {how}, quality {added.quality:.2f}")


@app.command("remove")
def remove(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", readable=False, help="Photos or folders of photos.")
    ],
    library: options.Library = None,
    erase: Annotated[
        bool, typer.Option("--erase", help="Erase them from the disk for good: no later ingest adds them again.")
    ] = False,
    yes: erasing.Yes = False,
    dry_run: erasing.DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Remove photos and their faces from the library. The photo files are never changed."""
    with faceindex.Library(library, create=False) as opened:
        if erase:
            erasing.erase(
                lambda dry: opened.photos.forget(paths, dry_run=dry), yes=yes, dry_run=dry_run, as_json=as_json
            )
            return
        removed = opened.photos.remove(paths, dry_run=dry_run)
    if as_json:
        print_json(asdict(removed) | ({"dry_run": True} if dry_run else {}))
        return
    done = "would be removed:" if dry_run else "removed"
    print_line(
        f"{done} {plural(removed.photos, 'photo')} with {plural(removed.faces, 'face')} "
        f"({plural(removed.paths, 'path')}); "
        "an ingest of the files adds them again; --erase prevents that"
    )
