"""Reads the faces with names in digiKam's database, digikam4.db.

The tables are those of digiKam 7.9, which writes schema 13.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from faceindex.store.foreign.reading import require_tables

_COLUMNS = {
    "AlbumRoots": ("id", "identifier", "specificPath"),
    "Albums": ("id", "albumRoot", "relativePath"),
    "Images": ("id", "album", "name", "fileSize"),
    "ImageInformation": ("imageid", "orientation", "width", "height"),
    "ImageTagProperties": ("imageid", "tagid", "property", "value"),
    "Tags": ("id", "name"),
    "TagProperties": ("tagid", "property"),
}

CONFIRMED = "tagRegion"
"""The property of a face that somebody confirmed; autodetectedFace and ignoredFace are others."""


class DigikamFace(NamedTuple):
    """A row. root: the album root's identifier; specific, folder: paths within it. width, height: of the picture as
    stored. region: digiKam's text of the box, in pixels of the upright picture."""

    image: int
    root: str
    specific: str
    folder: str
    name: str
    bytes: int | None
    width: int | None
    height: int | None
    orientation: int | None
    person: str
    region: str


def digikam_faces(connection: sqlite3.Connection, path: Path) -> Iterator[DigikamFace]:
    """The faces that have a name, those of one image together. Raises: UsageError if it is not digiKam's database."""
    require_tables(connection, _COLUMNS, path, "digiKam's digikam4.db")
    rows = connection.execute(
        """SELECT Images.id, identifier, specificPath, relativePath, Images.name, fileSize, width, height, orientation,
            Tags.name, value
        FROM ImageTagProperties JOIN Images ON Images.id = ImageTagProperties.imageid
        JOIN Albums ON Albums.id = Images.album JOIN AlbumRoots ON AlbumRoots.id = Albums.albumRoot
        JOIN Tags ON Tags.id = ImageTagProperties.tagid
        LEFT JOIN ImageInformation ON ImageInformation.imageid = Images.id
        WHERE property = ? AND NOT EXISTS (SELECT 1 FROM TagProperties WHERE TagProperties.tagid = Tags.id
            AND TagProperties.property IN ('unknownPerson', 'unconfirmedPerson', 'ignoredPerson', 'internalTag'))
        ORDER BY Images.id, ImageTagProperties.rowid""",
        (CONFIRMED,),
    )
    return (DigikamFace(*row) for row in rows)
