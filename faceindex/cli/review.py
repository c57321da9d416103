"""`faceindex people review`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options
from faceindex.cli.output import errors, print_json, print_line
from faceindex.plurals import plural
from faceindex.types import Suggestion


def review(
    library: options.Library = None,
    limit: Annotated[int, typer.Option("-k", min=1, help="Number of questions.")] = 20,
    page: Annotated[
        Path | None, typer.Option(metavar="OUT.html", help="Write a page that shows the faces, instead of asking.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Ask which albums and faces show the same person. Yes merges them; a question answered with no is not asked again.

    Faces of edited photos that may be lost ones come first. It stops where the expected answer is no.
    """
    with faceindex.Library(library, create=False) as opened:
        found = opened.people.suggestions(limit=limit)
        if page:
            opened.sheets.write_review(page, found)
        if as_json:
            print_json([_as_object(suggestion) for suggestion in found])
        elif page:
            print_line(str(page.absolute()))
        elif not found:
            errors.print("nothing to ask")
        else:
            _walk(opened, found)


def _as_object(suggestion: Suggestion) -> dict[str, object]:
    """A question as JSON. `lost` only where a lost face is asked about; NaN becomes None, as JSON has no NaN."""
    values = asdict(suggestion)
    if suggestion.lost is None:
        del values["person"], values["lost"]
    return values | ({"distance": None} if math.isnan(suggestion.distance) else {})


def _walk(library: faceindex.Library, found: Sequence[Suggestion]) -> None:
    settled = 0
    for suggestion in found:
        if not library.people.is_open(suggestion):
            continue
        _show(library, suggestion)
        said = _ask()
        if said == "q":
            break
        if said == "v":
            library.people.do_not_ask(suggestion)
        if said in "yn":
            settled += suggestion.settles
            library.people.answer(suggestion, same=said == "y")
    print_line(f"{plural(settled, 'face')} decided; `faceindex people undo` undoes an answer")


def _show(library: faceindex.Library, suggestion: Suggestion) -> None:
    if suggestion.face is not None:
        other, photo = f"face {suggestion.face}", library.faces.get(suggestion.face).photo
    else:
        faces = library.albums.faces(suggestion.other or 0, limit=None)
        other, photo = f"album {suggestion.other} ({plural(len(faces), 'face')})", faces[0].photo
    if suggestion.album is None:
        print_line(f"{suggestion.person}, who was in this photo before it was edited")
    else:
        album = library.albums.faces(suggestion.album, limit=None)
        name = f"{album[0].person}, " if album[0].person else ""
        print_line(f"album {suggestion.album} ({name}{plural(len(album), 'face')})  {album[0].photo}")
    print_line(f"{other}  {photo}")
    away = "" if math.isnan(suggestion.distance) else f", distance {suggestion.distance:.3f}"
    print_line(f"{suggestion.probability:.0%}{away}")


def _ask() -> str:
    while True:
        said = typer.prompt("the same person? [y]es, [n]o, ne[v]er ask, [s]kip, [q]uit", type=str).strip().lower()[:1]
        if said in ("y", "n", "v", "s", "q"):
            return str(said)
