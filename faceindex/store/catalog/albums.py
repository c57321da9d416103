"""Albums in the catalog, with their figures and faces."""

from __future__ import annotations

from typing import Any

from faceindex.store.catalog.connection import CatalogConnection
from faceindex.store.catalog.faces import FACES, face_record
from faceindex.store.derived import album_facts
from faceindex.types import Album, FaceRecord


class CatalogAlbums(CatalogConnection):
    """The part of `Catalog` about albums."""

    def albums(self, *, hidden: bool = False, unknown: bool = False) -> list[Album]:
        """All albums, largest first. The cover is the face of best quality, of equals the largest.

        Faces of unknown quality come after the others, in the order of the detector's score. hidden: albums and faces
        that are hidden, too. unknown: also albums that are left alone.
        """
        shown = "faces, photos, cover" if hidden else "listed_faces, listed_photos, listed_cover"
        rows = self.connection.execute(
            f"""SELECT album, {shown}, name, albums.hidden, unknown
            FROM {album_facts(self.connection)} JOIN albums ON albums.id = album
                LEFT JOIN people ON people.id = person
            WHERE {"TRUE" if hidden else "listed_faces > 0"} AND (? OR NOT unknown) ORDER BY 2 DESC, album""",
            (unknown,),
        )
        return list(map(album_of, rows))

    def album(self, album: int, *, hidden: bool = False) -> Album | None:
        """One of `albums`."""
        shown = "faces, photos, cover" if hidden else "listed_faces, listed_photos, listed_cover"
        which = "TRUE" if hidden else "listed_faces > 0"
        row = self._row(
            f"""SELECT album, {shown}, name, albums.hidden, unknown FROM album_facts JOIN albums ON albums.id = album
                LEFT JOIN people ON people.id = person WHERE album = ? AND {which}""",
            album,
        )
        return album_of(row) if row else None

    def album_faces(self, album: int, *, hidden: bool = False) -> list[FaceRecord]:
        """The faces of one album, by rising id; empty when there is no such album. hidden: the hidden ones, too."""
        kept = "" if hidden else "AND faces.id NOT IN (SELECT face FROM hidden_faces)"
        rows = self.connection.execute(FACES + f"WHERE album = ? {kept} ORDER BY faces.id", (album,))
        return list(map(face_record, rows))


def album_of(row: tuple[Any, ...]) -> Album:
    """The album of a row: number, faces, photos, cover, person, whether it is hidden, and left alone."""
    album, faces, photos, cover, person, hidden, unknown = row
    return Album(album, faces, photos, cover, person, bool(hidden), bool(unknown))
