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
from faceindex.photos.finding.addresses import absolute
from faceindex.plurals import plural
from faceindex.types import FaceRecord, NameQuestion, Suggestion

_SAME = "the same person? [y]es, [n]o, ne[v]er ask, [s]kip, [q]uit"
_SAME_OR_WHO = _SAME + ", or the name"
_WHO = "who is it? the name, [s]kip, [l]eave alone, [q]uit"


def review(
    library: options.Library = None,
    limit: Annotated[int, typer.Option("-k", min=1, help="Number of questions.")] = 20,
    person: Annotated[
        str | None, typer.Option(metavar="NAME", help="Ask only what else is this person's.", show_default=False)
    ] = None,
    names: Annotated[
        bool, typer.Option("--names", help="Also ask who is in albums without a name, and in faces in no album.")
    ] = False,
    page: Annotated[
        Path | None, typer.Option(metavar="OUT.html", help="Write a page that shows the faces, instead of asking.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Ask which albums and faces show the same person. Yes merges them, and a name says who it is, too; a question
    answered with no is not asked again.

    Faces of edited photos that may be lost ones come first, then names that other programs gave to photos, then what
    settles the most faces. It stops where the expected answer is no.
    """
    with faceindex.Library(library, create=False) as opened:
        found = opened.people.review(limit=limit, person=person, names=names)
        if page:
            opened.sheets.write_review(page, [one for one in found if isinstance(one, Suggestion)])
        if as_json:
            print_json([_as_object(one) for one in found])
        elif page:
            print_line(absolute(page))
        elif not found:
            errors.print("nothing to ask")
        else:
            _walk(opened, found, names)


def _as_object(question: Suggestion | NameQuestion) -> dict[str, object]:
    """A question as JSON. Keys of rare kinds of questions are there only for these; NaN becomes None, as JSON has no
    NaN."""
    values = asdict(question)
    if isinstance(question, NameQuestion):
        return values
    if not question.asks_who:
        del values["person"]
    for rare in ("lost", "origin"):
        if values[rare] is None:
            del values[rare]
    if question.with_face is None:
        del values["with_face"]
    return values | ({"distance": None} if math.isnan(question.distance) else {})


def _walk(library: faceindex.Library, found: Sequence[Suggestion | NameQuestion], names: bool) -> None:
    settled = 0
    for one in found:
        done = _name_asked(library, one) if isinstance(one, NameQuestion) else _same_asked(library, one, names)
        if done is None:
            break
        settled += done
    print_line(f"{plural(settled, 'face')} decided; `faceindex people undo` undoes an answer")


def _same_asked(library: faceindex.Library, one: Suggestion, names: bool) -> int | None:
    """Ask whether two are one person, and who; returns how many faces are decided, None to stop."""
    if not library.people.is_open(one):
        return 0
    _show(library, one)
    nobody = names and one.person is None
    said = _ask(_SAME_OR_WHO if nobody else _SAME, "ynvsq", names=nobody)
    if said == "q":
        return None
    if said == "v":
        library.people.do_not_ask(one)
    if said in ("v", "s"):
        return 0
    face = one.face or library.albums.faces(one.other or 0, limit=1)[0].face
    library.people.answer(one, same=said != "n")
    return one.settles + (_named(library, said, face) if said not in ("y", "n") else 0)


def _name_asked(library: faceindex.Library, one: NameQuestion) -> int | None:
    """Ask who somebody is; returns how many faces have a name now, None to stop."""
    faces = _nameless(library, one)
    if not faces:
        return 0
    what = f"face {one.face}" if one.face is not None else f"album {one.album} ({plural(len(faces), 'face')})"
    print_line(f"{what}  {_photo(library, faces[0].photo)}")
    said = _ask(_WHO, "slq", names=True)
    if said == "l" and one.face is not None:
        library.faces.leave_alone(one.face)
    elif said == "l":
        library.albums.leave_alone(one.album or 0)
    if said in ("l", "s", "q"):
        return None if said == "q" else 0
    return _named(library, said, faces[0].face)


def _nameless(library: faceindex.Library, one: NameQuestion) -> Sequence[FaceRecord]:
    """The faces that are asked about, unless other answers have settled it."""
    if one.face is not None:
        record = library.faces.get(one.face)
        return [] if record.album is not None or record.person else [record]
    try:
        return [] if library.albums.get(one.album or 0).person else library.albums.faces(one.album or 0, limit=None)
    except faceindex.UsageError:  # it became a part of another album
        return []


def _named(library: faceindex.Library, name: str, face: int) -> int:
    """Name the album of this face, or the face; returns how many faces that names."""
    known = any(person.person == name for person in library.people.list(hidden=True, limit=None))
    if known and not typer.confirm(f"somebody is called {name} already: is it the same person?"):
        return 0
    album = library.faces.get(face).album
    return library.people.name(name, album=album, face=face if album is None else None).faces


def _show(library: faceindex.Library, suggestion: Suggestion) -> None:
    if suggestion.face is not None:
        other, photo = f"face {suggestion.face}", library.faces.get(suggestion.face).photo
    else:
        faces = library.albums.faces(suggestion.other or 0, limit=None)
        other, photo = f"album {suggestion.other} ({plural(len(faces), 'face')})", faces[0].photo
    if suggestion.with_face is not None:
        print_line(f"face {suggestion.with_face}  {_photo(library, library.faces.get(suggestion.with_face).photo)}")
    elif suggestion.origin is not None:
        print_line(f"{suggestion.person}, who is in this photo, says {suggestion.origin}")
    elif suggestion.album is None:
        print_line(f"{suggestion.person}, who was in this photo before it was edited")
    else:
        album = library.albums.faces(suggestion.album, limit=None)
        name = f"{album[0].person}, " if album[0].person else ""
        print_line(f"album {suggestion.album} ({name}{plural(len(album), 'face')})  {_photo(library, album[0].photo)}")
    print_line(f"{other}  {_photo(library, photo)}")
    away = "" if math.isnan(suggestion.distance) else f", distance {suggestion.distance:.3f}"
    print_line(f"{suggestion.probability:.0%}{away}")


def _photo(library: faceindex.Library, path: str) -> str:
    """The path of a photo, and when it was taken: who is asked about may have been a child."""
    taken = library.photos.get(path).taken
    return f"{path}, taken {taken[:10]}" if taken else path


def _ask(question: str, letters: str, *, names: bool) -> str:
    """One of the letters; or, with `names`, what else was typed."""
    while True:
        said = str(typer.prompt(question, type=str)).strip()
        if names and len(said) > 1:
            return said
        if (letter := said.lower()[:1]) in tuple(letters):
            return letter
