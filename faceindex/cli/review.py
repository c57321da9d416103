"""`faceindex people review`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.output import errors, print_json, print_line
from faceindex.types import Suggestion


def review(
    library: options.Library = None,
    limit: Annotated[int, typer.Option("-k", min=1, help="Questions, at most.")] = 20,
    page: Annotated[
        Path | None, typer.Option(metavar="OUT.html", help="Write a page that shows the faces, and ask nothing.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Ask which albums and faces are the same person's. Yes merges them, and no is never asked again."""
    with faceindex.Library(library, create=False) as opened:
        found = opened.suggestions(limit)
        if page:
            opened.write_review_sheet(page, found)
        if as_json:
            print_json([asdict(suggestion) for suggestion in found])
        elif page:
            print_line(str(page.absolute()))
        elif not found:
            errors.print("nothing to ask")
        else:
            _walk(opened, found)


def _walk(library: faceindex.Library, found: list[Suggestion]) -> None:
    settled = 0
    for suggestion in found:
        if not library.is_open(suggestion):
            continue
        _show(library, suggestion)
        said = _ask()
        if said == "q":
            break
        if said in "yn":
            settled += suggestion.settles
            library.answer(suggestion, same=said == "y")
    print_line(f"{settled:,} faces settled; `faceindex people undo` takes answers back")


def _show(library: faceindex.Library, suggestion: Suggestion) -> None:
    album = library.album(suggestion.album)
    if suggestion.face is not None:
        other, photo = f"face {suggestion.face}", library.face(suggestion.face).photo
    else:
        faces = library.album(suggestion.other or 0)
        other, photo = f"album {suggestion.other} ({len(faces):,} faces)", faces[0].photo
    name = f"{album[0].person}, " if album[0].person else ""
    print_line(f"album {suggestion.album} ({name}{len(album):,} faces)  {album[0].photo}")
    print_line(f"{other}  {photo}")
    print_line(f"{suggestion.probability:.0%}, distance {suggestion.distance:.3f}")


def _ask() -> str:
    while True:
        said = typer.prompt("the same person? [y]es, [n]o, [s]kip, [q]uit", type=str).strip().lower()[:1]
        if said in ("y", "n", "s", "q"):
            return str(said)
