"""`faceindex cluster` and `faceindex albums`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.acts import DryRun
from faceindex.cli.exported import print_export
from faceindex.cli.output import errors, one_form, print_csv, print_json, print_line, print_table
from faceindex.clustering.methods import DEFAULT_METHOD, METHODS
from faceindex.photos.finding.addresses import absolute
from faceindex.plurals import plural
from faceindex.types import ClusterReport

app = typer.Typer(help="Albums: groups of faces that probably show one person.", no_args_is_help=True)


def cluster(
    library: options.Library = None,
    method: Annotated[
        str | None,
        typer.Option(metavar="|".join(METHODS), help=f"The method that groups all faces. Default: {DEFAULT_METHOD}."),
    ] = None,
    threshold: options.Threshold = None,
    seed: Annotated[int, typer.Option(min=0, help="The same faces and seed give the same albums.")] = 0,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Group all faces again; names and decisions stay.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")] = False,
    threads: options.Threads = 1,
    on: options.On = None,
    as_json: options.AsJson = False,
) -> None:
    """Group faces into albums. Where albums exist, add the new faces to them, and leave the others where they are."""
    with faceindex.Library(library, create=False) as opened:
        report = opened.cluster(
            method=method or DEFAULT_METHOD,
            threshold=threshold,
            seed=seed,
            rebuild=rebuild,
            dry_run=dry_run,
            threads=threads,
            on=on,
        )
    if report.extended and (method is not None or threshold is not None):
        errors.print(
            f"{plural(report.change.kept, 'album')} kept as before; only new faces were added, by {report.method} at "
            f"{report.threshold:g}; --rebuild groups all faces again"
        )
    if as_json:
        print_json(asdict(report))
        return
    print_line(
        f"{plural(report.albums, 'album')} with {plural(report.clustered, 'face')}, "
        f"{plural(report.singletons, 'face')} alone{_low_quality(report)} "
        f"({report.method} at {report.threshold:g}, {report.seconds:.1f} s)"
    )
    _print_change(report)


def _low_quality(report: ClusterReport) -> str:
    return f", {report.low_quality:,} of low quality" if report.low_quality else ""


def _print_change(report: ClusterReport) -> None:
    change = report.change
    if report.dry_run:
        print_line("nothing was changed; without --dry-run this would change:")
    print_line(
        f"albums: {change.kept:,} kept, {change.new:,} new, {change.gone:,} removed; "
        f"faces: {change.joined:,} joined an album, {change.moved:,} left their album"
    )
    if report.merges:
        pairs = plural(len(report.merges), "pair of albums", "pairs of albums")
        print_line(f"{pairs} may show one person: `faceindex people review` asks about them")
    if change.people:
        rows = [(one.person, one.faces, one.gained, one.lost) for one in change.people]
        print_table(("person", "faces#", "gained#", "lost#"), rows)


@app.command("list")
def list_albums(
    library: options.Library = None,
    hidden: options.Hidden = False,
    unknown: Annotated[bool, typer.Option("--unknown", help="Include albums that are left alone.")] = False,
    as_csv: options.AsCsv = False,
    as_json: options.AsJson = False,
) -> None:
    """List the albums, largest first."""
    one_form(as_json=as_json, as_csv=as_csv)
    with faceindex.Library(library, create=False) as opened:
        albums = list(opened.albums.list(hidden=hidden, unknown=unknown, limit=None))
        photos = opened.faces.photos(album.cover for album in albums)
    covers = {album.album: photos[album.cover] for album in albums}
    objects = [asdict(album) | {"cover_photo": covers[album.album]} for album in albums]
    if as_json:
        print_json(objects)
        return
    if as_csv:
        print_csv(("album", "person", "faces", "photos", "cover", "cover_photo", "hidden"), objects)
        return
    if not albums:
        errors.print("no albums yet; `faceindex cluster` makes them")
    rows = [(a.album, a.person, a.faces, a.photos, covers[a.album]) for a in albums]
    print_table(("album#", "person", "faces#", "photos#", "cover"), rows)


@app.command("show")
def show_album(
    album: Annotated[int, typer.Argument(help="The album's number.")],
    library: options.Library = None,
    hidden: options.Hidden = False,
    as_json: options.AsJson = False,
) -> None:
    """List the faces of one album."""
    with faceindex.Library(library, create=False) as opened:
        faces = opened.albums.faces(album, hidden=hidden, limit=None)
    if as_json:
        listed = [
            {"face": f.face, "photo": f.photo, "box": f.box.as_list(), "score": f.score, "quality": f.quality}
            | {"confirmed": f.confirmed}
            for f in faces
        ]
        print_json({"album": album, "person": faces[0].person, "faces": listed})
        return
    print_table(("face#", "box", "photo"), [(f.face, f.box.as_list(), f.photo) for f in faces])


@app.command("export")
def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A new or empty folder, or the folder of an earlier export.")
    ],
    library: options.Library = None,
    link: Annotated[
        str, typer.Option(metavar="hard|symbolic|copy", help="How each photo is put into the folder.")
    ] = "hard",
    unnamed: Annotated[bool, typer.Option(help="Include albums without a name.")] = True,
    min_photos: Annotated[int, typer.Option(min=1, metavar="N", help="Leave out albums with fewer photos.")] = 1,
    xmp: Annotated[bool, typer.Option("--xmp", help="Also write XMP sidecars with the names of the faces.")] = False,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Make a folder of photos for each person and album. Run it again to update. It removes only files that it made."""
    with faceindex.Library(library, create=False) as opened:
        done = opened.albums.export(folder, link=link, unnamed=unnamed, min_photos=min_photos, xmp=xmp, dry_run=dry_run)
    print_export(
        done,
        f"{plural(done.albums, 'album')} with {plural(done.photos, 'photo')}",
        f"no photo could be exported to {done.folder}",
        to_be="to be " * dry_run,
        as_json=as_json,
    )


@app.command("sheet")
def sheet(
    out: Annotated[Path, typer.Argument(metavar="OUT.html", help="The page to write.")],
    library: options.Library = None,
    faces: Annotated[int, typer.Option(min=1, help="Number of faces shown of each album.")] = 16,
    albums: Annotated[int, typer.Option(min=1, help="Albums on one page; more albums make more pages.")] = 100,
    pages: Annotated[int, typer.Option(min=1, help="Largest number of pages.")] = 50,
) -> None:
    """Write HTML pages that need no other files: albums, largest first, with their faces; then faces in no album."""
    with faceindex.Library(library, create=False) as opened:
        for page in opened.sheets.write_albums(out, faces=faces, albums=albums, pages=pages):
            print_line(absolute(page))
