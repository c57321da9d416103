"""`faceindex people excluded`, and the commands that exclude: what is no face, whom nobody names, what is not asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

import typer

import faceindex
from faceindex.cli import options, targets
from faceindex.cli.acts import DryRun, print_decided
from faceindex.cli.output import print_json, print_line, print_table
from faceindex.errors import UsageError
from faceindex.plurals import plural
from faceindex.types import Decided, NeverSuggested, NotFace

Faces = Annotated[list[int], typer.Argument(metavar="FACE...", help="Ids of faces.")]
Unnamed = Annotated[str, typer.Argument(metavar="ALBUM|face:FACE", help="An album's number, or face:ID of a face.")]


def not_face(
    faces: Faces, library: options.Library = None, dry_run: DryRun = False, as_json: options.AsJson = False
) -> None:
    """Say that what was detected is no face. It leaves albums, searches, suggestions, counts and exports, and stays
    out."""
    with faceindex.Library(library, create=False) as opened:
        print_decided(opened.faces.not_face(faces, dry_run=dry_run), as_json=as_json)


def is_face(
    faces: Faces, library: options.Library = None, dry_run: DryRun = False, as_json: options.AsJson = False
) -> None:
    """Say that something is a face after all."""
    with faceindex.Library(library, create=False) as opened:
        print_decided(opened.faces.is_face(faces, dry_run=dry_run), as_json=as_json)


def leave_alone(
    target: Unnamed, library: options.Library = None, dry_run: DryRun = False, as_json: options.AsJson = False
) -> None:
    """Stop asking who an album or a face is, and listing it among those without a name. Searches still find it."""
    with faceindex.Library(library, create=False) as opened:
        print_decided(_left_alone(opened, target, unknown=True, dry_run=dry_run), as_json=as_json)


def ask_again(
    target: Unnamed, library: options.Library = None, dry_run: DryRun = False, as_json: options.AsJson = False
) -> None:
    """Ask again who an album or a face is that was left alone."""
    with faceindex.Library(library, create=False) as opened:
        print_decided(_left_alone(opened, target, unknown=False, dry_run=dry_run), as_json=as_json)


def never_suggest(
    one: targets.Target,
    other: targets.Target,
    library: options.Library = None,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Never ask again whether two albums, people or faces are one person. This does not say that they are not."""
    with faceindex.Library(library, create=False) as opened:
        decided = opened.people.never_suggest(targets.target(one), targets.target(other), dry_run=dry_run)
        print_decided(decided, as_json=as_json)


def cover(
    face: Annotated[int, typer.Argument(metavar="FACE", help="The face's id.")],
    library: options.Library = None,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Choose the face that stands for its album and its person. The choice stays when albums are made again."""
    with faceindex.Library(library, create=False) as opened:
        print_decided(opened.faces.cover(face, dry_run=dry_run), as_json=as_json)


def excluded(library: options.Library = None, as_json: options.AsJson = False) -> None:
    """List what is no face, who is left alone, and what is never suggested, with the command that takes it back."""
    with faceindex.Library(library, create=False) as opened:
        faces = list(opened.faces.not_faces(limit=None))
        albums = [album for album in opened.albums.list(hidden=True, unknown=True, limit=None) if album.unknown]
        alone, never = opened.faces.left_alone(), opened.people.never_suggested()
    if as_json:
        print_json(
            {
                "not_faces": [_as_object(face) for face in faces],
                "left_alone": {"albums": [asdict(album) for album in albums], "faces": alone},
                "never_suggested": [asdict(pair) for pair in never],
            }
        )
        return
    rows = [("not a face", f"face {f.face} in {f.photo}", f"faceindex people is-face {f.face}") for f in faces]
    rows += [
        ("left alone", f"album {a.album}, {plural(a.faces, 'face')}", f"faceindex people ask-again {a.album}")
        for a in albums
    ]
    rows += [("left alone", f"face {face}", f"faceindex people ask-again face:{face}") for face in alone]
    rows += [("never suggested", _in_words(pair), f"faceindex people undo {pair.act}") for pair in never]
    if rows:
        print_table(("", "what", "taken back by"), rows)
    else:
        print_line("nothing is excluded")


COMMANDS: dict[str, Callable[..., None]] = {
    "not-face": not_face,
    "is-face": is_face,
    "leave-alone": leave_alone,
    "ask-again": ask_again,
    "never-suggest": never_suggest,
    "cover": cover,
    "excluded": excluded,
}
"""By the name under `faceindex people`."""


def _left_alone(library: faceindex.Library, text: str, *, unknown: bool, dry_run: bool) -> Decided:
    chosen = targets.target(text)
    if chosen.face is not None:
        change = library.faces.leave_alone if unknown else library.faces.ask_again
        return change(chosen.face, dry_run=dry_run)
    if chosen.album is not None:
        change_album = library.albums.leave_alone if unknown else library.albums.ask_again
        return change_album(chosen.album, dry_run=dry_run)
    raise UsageError("a person has a name; `faceindex people hide` stops listing somebody")


def _as_object(face: NotFace) -> dict[str, object]:
    return {"face": face.face, "photo": face.photo, "box": face.box.as_list(), "score": face.score, "act": face.act}


def _in_words(pair: NeverSuggested) -> str:
    ones, others = (
        f"face {side[0]}" if len(side) == 1 else plural(len(side), "face") for side in (pair.ones, pair.others)
    )
    return f"{ones} and {pair.person or others}"
