"""The album pages: albums, largest first, with some of their faces; then the faces in no album."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from faceindex.sheets.commands import command
from faceindex.sheets.crops import TurnOf
from faceindex.sheets.page import Shown, face_title, render, tiles
from faceindex.types import Album, FaceRecord, Status

ALONE_ON_A_PAGE = 400
"""Faces in no album that one page shows."""

SMALL = 3
"""Albums with at most so many faces stand several in a row; they come last, as the largest come first."""

GENERATOR = "faceindex albums sheet"
"""A page with this word was written by this command, so the next run may overwrite it."""


@dataclass(frozen=True, slots=True)
class AlbumRow:
    """An album, and its faces that the page shows."""

    album: Album
    faces: Sequence[FaceRecord]


@dataclass(frozen=True, slots=True)
class PagePlan:
    """What one page shows: a range (start, end) of the albums, and one of the faces in no album."""

    albums: tuple[int, int]
    alone: tuple[int, int]


def page_plans(albums: int, alone: int, *, albums_on_a_page: int) -> Iterator[PagePlan]:
    """The plan of each page: the albums first; the faces in no album start on the last page of albums."""
    pages = max(1, ceil(albums / albums_on_a_page))
    for page in range(pages):
        first = page * albums_on_a_page
        last_page = page == pages - 1
        yield PagePlan(
            (first, min(albums, first + albums_on_a_page)), (0, min(alone, ALONE_ON_A_PAGE) if last_page else 0)
        )
    for first in range(ALONE_ON_A_PAGE, alone, ALONE_ON_A_PAGE):
        yield PagePlan((albums, albums), (first, min(alone, first + ALONE_ON_A_PAGE)))


def page_file(out: Path, number: int) -> Path:
    """The file of page `number`, from 1: albums.html, albums-2.html, ..."""
    return out if number == 1 else out.with_name(f"{out.stem}-{number}{out.suffix}")


def album_sheet(
    rows: Sequence[AlbumRow],
    alone: Sequence[FaceRecord],
    *,
    library: Path,
    status: Status,
    plan: PagePlan,
    counts: tuple[int, int],
    left_out: str,
    pages: Sequence[Path],
    page: int,
    turn_of: TurnOf,
) -> str:
    """One HTML page.

    alone: faces in no album. counts: number of all albums and of all faces in no album.
    left_out: a sentence about what no page shows. pages: all files of the sheet. page: the number of this one, from 1.
    """
    faces = [face for row in rows for face in row.faces]
    shown = iter(tiles((Shown(face.photo, face.box, face_title(face.face)) for face in (*faces, *alone)), turn_of))
    albums = [(row.album, [next(shown) for _ in row.faces]) for row in rows]
    return render(
        "albums.html",
        generator=GENERATOR,
        title=library.name,
        status=status,
        large=[(album, shown) for album, shown in albums if len(shown) > SMALL],
        small=[(album, shown) for album, shown in albums if len(shown) <= SMALL],
        alone=list(shown),
        plan=plan,
        counts=counts,
        left_out=left_out,
        files=[file.name for file in pages],
        page=page,
        name_it=command(library, "people", "name", rows[0].album.album if rows else "N", "NAME"),
        show_it=command(library, "albums", "show", rows[0].album.album if rows else "N"),
        cluster=command(library, "cluster"),
    )
