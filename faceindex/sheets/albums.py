"""The album sheet: albums largest first, a row of faces each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from faceindex.sheets.page import render, tiles
from faceindex.types import Album, FaceRecord, Status


@dataclass(frozen=True, slots=True)
class AlbumRow:
    """An album and those of its faces that are shown."""

    album: Album
    faces: Sequence[FaceRecord]


def album_sheet(rows: Sequence[AlbumRow], *, title: str, status: Status, left_out: int) -> str:
    """One self-contained HTML page. left_out: number of albums that are not shown."""
    shown = iter(tiles((face.photo, face.box, "") for row in rows for face in row.faces))
    albums = [(row.album, [next(shown) for _ in row.faces]) for row in rows]
    return render("albums.html", albums=albums, title=title, status=status, left_out=left_out)
