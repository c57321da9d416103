"""The album sheet: albums largest first, a row of faces each, then faces in no album; on as many pages as it takes."""

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
"""Faces in no album."""

SMALL = 3
"""Faces of an album that shares a row with others; as the largest come first, these are the last."""

GENERATOR = "faceindex albums sheet"
"""By this word in a page, the next run knows a page that this one made."""


@dataclass(frozen=True, slots=True)
class AlbumRow:
    """An album and those of its faces that are shown."""

    album: Album
    faces: Sequence[FaceRecord]


@dataclass(frozen=True, slots=True)
class PagePlan:
    """What is on which page: of the albums, and of the faces alone, from one place to another."""

    albums: tuple[int, int]
    alone: tuple[int, int]


def page_plans(albums: int, alone: int, *, albums_on_a_page: int) -> Iterator[PagePlan]:
    """Albums page by page; the faces alone begin on the last of these pages."""
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
    """One self-contained HTML page. alone: faces in no album. counts: of all albums and all such faces.

    left_out: what no page shows, in words. pages: all files of the sheet, of which this is `page`, from 1.
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
