"""A page of photos that were found, with the people in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import open_photo
from faceindex.photos.finding.addresses import is_held
from faceindex.plurals import plural
from faceindex.sheets.crops import jpeg_uri
from faceindex.sheets.page import Tile, link_to, render
from faceindex.sheets.templates import printable

SIDE = 320
"""Longest side of a photo on the page, in pixels."""

MOST = 1000
"""Photos on the page."""


@dataclass(frozen=True, slots=True)
class FoundPhoto:
    """people: names of those in it. taken: when, or None."""

    path: str
    people: Sequence[str]
    taken: str | None


def found_sheet(photos: Sequence[FoundPhoto], *, total: int) -> str:
    """One HTML page. total: how many were found; more than `MOST` are not on the page."""
    about = f"{plural(total, 'photo')}" + (f"; the first {len(photos):,} are here" if total > len(photos) else "")
    return render("found.html", title="Photos", about=about, photos=[_tile(photo) for photo in photos])


def _tile(photo: FoundPhoto) -> Tile:
    shown = printable(photo.path)
    lines = [line for line in (photo.taken, ", ".join(photo.people)) if line]
    name = PurePath(shown).name
    return Tile(_picture(photo.path), link_to(photo.path), shown, name, name, lines, None)


def _picture(path: str) -> str | None:
    if is_held(path):
        return None
    try:
        image = open_photo(path).image(SIDE).copy()
    except UnreadablePhoto:
        return None
    image.thumbnail((SIDE, SIDE))
    return jpeg_uri(image)
