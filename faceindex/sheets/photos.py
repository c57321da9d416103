"""The photo page: a photo with a box around each face, and the people's names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo
from faceindex.sheets.crops import jpeg_uri
from faceindex.sheets.page import Shown, link_to, render, tiles
from faceindex.sheets.templates import printable
from faceindex.types import Box

SIDE = 2048
"""Largest side of the photo on the page, in pixels."""


@dataclass(frozen=True, slots=True)
class MarkedFace:
    """A face of the photo. number: the short label in its box. title: such as "face 12". person: None if unnamed.
    lines: further lines under it."""

    box: Box
    number: str
    title: str
    person: str | None
    lines: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Mark:
    """A box in percent of the photo's sides, cut at the photo's edges, and the anchor of the face's tile."""

    face: MarkedFace
    anchor: str
    left: float
    top: float
    width: float
    height: float


def photo_sheet(
    path: str,
    photo: Photo | None,
    size: tuple[int, int],
    faces: Sequence[MarkedFace],
    *,
    about: Sequence[str],
    turn: int,
) -> str:
    """One HTML page. path: the photo's path or name. photo: None if it is missing.

    size: width and height of the upright photo. about: lines about the whole photo. turn: of its faces, see TurnOf.
    """
    marks = [_mark(face, number, size) for number, face in enumerate(faces, start=1)]
    picture = None if photo is None else _picture(photo)
    held = photo if link_to(path) is None else None
    shown = [
        Shown(path, mark.face.box, mark.face.title, _lines(mark.face), held=held, anchor=mark.anchor, turn=turn)
        for mark in marks
    ]
    return render(
        "photo.html",
        title=Path(printable(path)).name,
        path=printable(path),
        link=link_to(path),
        size=size,
        picture=picture,
        marks=marks,
        faces=tiles(shown, lambda _: turn),
        about=about,
    )


def _lines(face: MarkedFace) -> list[str]:
    return [*([face.person] if face.person else []), *face.lines]


def _picture(photo: Photo) -> str | None:
    try:
        image = photo.image(min(SIDE, max(photo.width, photo.height))).copy()
    except UnreadablePhoto:
        return None
    image.thumbnail((SIDE, SIDE))
    return jpeg_uri(image)


def _mark(face: MarkedFace, number: int, size: tuple[int, int]) -> _Mark:
    left, width = _share(face.box.x, face.box.width, size[0])
    top, height = _share(face.box.y, face.box.height, size[1])
    return _Mark(face, f"face-{number}", left, top, width, height)


def _share(start: int, length: int, whole: int) -> tuple[float, float]:
    first, last = (min(max(edge, 0), whole) for edge in (start, start + length))
    return 100 * first / whole, 100 * (last - first) / whole
