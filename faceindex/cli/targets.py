"""What a command is about, as users write it: an album's number, face:ID, person:NAME."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from faceindex import types
from faceindex.errors import UsageError

Target = Annotated[
    str,
    typer.Argument(metavar="ALBUM|face:FACE|person:NAME", help="An album's number, face:ID of a face, or person:NAME."),
]

_FACES = re.compile(r"face:\d+(,(face:)?\d+)*")
_ALBUM = re.compile(r"(album:)?(\d+)")


def target(text: str) -> types.Target:
    """Raises: UsageError when `text` is none of the three."""
    if text.startswith("person:"):
        return types.Target(person=text.removeprefix("person:"))
    album, faces = album_or_faces(text)
    if len(faces) > 1:
        raise UsageError(f"{text} is several faces; give one")
    return types.Target(album=album, face=faces[0] if faces else None)


def album_or_person(text: str) -> types.Target:
    """A number is an album; anything else is a name, also without person: before it."""
    if album := _ALBUM.fullmatch(text):
        return types.Target(album=int(album[2]))
    return target(text) if _FACES.fullmatch(text) else types.Target(person=text.removeprefix("person:"))


def album_or_faces(text: str) -> tuple[int | None, list[int]]:
    """The album, or else the faces: face:3,7 and face:3,face:7. Raises: UsageError."""
    if _FACES.fullmatch(text):
        return None, [int(number) for number in re.findall(r"\d+", text)]
    if album := _ALBUM.fullmatch(text):
        return int(album[2]), []
    raise UsageError(f"{text} is neither an album's number nor face:ID")
