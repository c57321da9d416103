"""HTML pages from Jinja2 templates. Everything is inside the one file, and every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo
from faceindex.photos.finding.addresses import is_held
from faceindex.sheets.crops import TurnOf, crops, crops_of
from faceindex.sheets.templates import environment, printable
from faceindex.types import Box

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, slots=True)
class Shown:
    """A face for a page. title: such as "face 12". lines: further lines under it.

    held: the photo, if it is not a file. anchor: the id of its place in the page, for links. turn: of a held photo, as
    TurnOf gives it for a file.
    """

    photo: str
    box: Box
    title: str
    lines: Sequence[str] = ()
    held: Photo | None = None
    anchor: str | None = None
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Tile:
    """One face on a page. crop: a data URI; None if the photo is missing. link: to the photo; None if it is not a file.

    photo, name: the photo's path, and the last part of it. The other fields are as in Shown.
    """

    crop: str | None
    link: str | None
    photo: str
    name: str
    title: str
    lines: Sequence[str]
    anchor: str | None


def tiles(faces: Iterable[Shown], turn_of: TurnOf) -> list[Tile]:
    """A tile for each face, upright, in the same order. Each photo is decoded once."""
    wanted = list(faces)
    of_files = ((face.photo, face.box) for face in wanted if face.held is None and not is_held(face.photo))
    cut = crops(of_files, turn_of)
    return [_tile(face, cut.get((face.photo, face.box)) if face.held is None else _held_crop(face)) for face in wanted]


def face_title(face: int) -> str:
    """The title of a face in the library, with its id."""
    return f"face {face}"


def render(template: str, **values: object) -> str:
    """The page that `template` makes of `values`."""
    return _templates().get_template(template).render(**values)


def link_to(photo: str) -> str | None:
    """A URL of the photo; None if it is not a file."""
    return None if is_held(photo) or not Path(photo).is_absolute() else Path(photo).as_uri()


def _tile(face: Shown, crop: str | None) -> Tile:
    link = link_to(face.photo) if face.held is None else None
    shown = printable(face.photo)
    return Tile(crop, link, shown, Path(shown).name, face.title, face.lines, face.anchor)


def _held_crop(face: Shown) -> str | None:
    try:
        return crops_of(face.held, [face.box], face.turn)[0] if face.held else None
    except UnreadablePhoto:
        return None


@cache
def _templates() -> Environment:
    from jinja2 import PackageLoader

    return environment(PackageLoader("faceindex.sheets"))
