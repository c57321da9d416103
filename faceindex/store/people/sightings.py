"""Who is on which photo, for albums and sidecars of other programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from faceindex.store.catalog import Catalog
from faceindex.store.journal.acts import LISTED, listed
from faceindex.store.journal.imports import NameInFile, decided_by_people, names_in_files
from faceindex.types import Box


@dataclass(frozen=True, slots=True)
class Sighting:
    """A face that belongs to somebody or to an album."""

    face: int
    photo: int
    album: int | None
    person: str | None


@dataclass(frozen=True, slots=True)
class PhotoFace:
    """A face of one photo.

    box: pixels of the upright photo. person: as somebody said; else None. decided: whether people said who it is or is
    not, without what they undid. in_file: what a file said of it when the library last read it.
    """

    face: int
    box: Box
    person: str | None
    decided: bool
    in_file: NameInFile | None = None

    @property
    def follows_file(self) -> bool:
        """Whether its name came from the file, and not from people."""
        return not self.decided and self.in_file is not None and self.in_file.name == self.person


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo of the library. content: its hash. size: width and height, upright."""

    photo: int
    content: bytes
    size: tuple[int, int]


def sightings(catalog: Catalog) -> Iterator[Sighting]:
    """Every face with a name or an album, by rising id; without hidden ones, and those of unnamed albums that are left
    alone."""
    rows = catalog.by_blocks(
        """SELECT faces.id, photo, album, people.name FROM faces
        LEFT JOIN album_faces ON album_faces.face = faces.id LEFT JOIN albums ON albums.id = album
        LEFT JOIN person_faces ON person_faces.face = faces.id
        LEFT JOIN people ON people.id = COALESCE(person_faces.person, albums.person)
        WHERE (album IS NOT NULL OR people.id IS NOT NULL) AND NOT COALESCE(albums.hidden, 0)
            AND NOT (people.id IS NULL AND COALESCE(albums.unknown, 0))
            AND NOT COALESCE(people.hidden, 0) AND faces.id NOT IN (SELECT face FROM hidden_faces)
            AND faces.id > ? ORDER BY faces.id LIMIT ?""",
        lambda row: (row[0],),
        (0,),
    )
    return (Sighting(*row) for row in rows)


def photo_faces(catalog: Catalog, photo: int) -> list[PhotoFace]:
    """The faces of one photo, by rising id."""
    rows = catalog.connection.execute(
        """SELECT faces.id, x, y, width, height, people.name FROM faces
        LEFT JOIN person_faces ON person_faces.face = faces.id LEFT JOIN people ON people.id = person
        WHERE photo = ? ORDER BY faces.id""",
        (photo,),
    ).fetchall()
    faces = [row[0] for row in rows]
    decided = decided_by_people(catalog.connection, faces)
    said = names_in_files(catalog.connection, faces)
    return [PhotoFace(row[0], Box(*row[1:5]), row[5], row[0] in decided, said.get(row[0])) for row in rows]


def stored_photo(catalog: Catalog, photo: int) -> StoredPhoto:
    """The photo of this id, which must be in the library."""
    row = catalog.connection.execute("SELECT content, width, height FROM photos WHERE id = ?", (photo,)).fetchone()
    return StoredPhoto(photo, row[0], (row[1], row[2]))


def undecided(catalog: Catalog, faces: Iterable[int]) -> set[int]:
    """Those of `faces` that are in the library and that no act is about, of people or of files."""
    statement = f"""SELECT id FROM faces WHERE id IN {LISTED}
        AND NOT EXISTS (SELECT 1 FROM decisions WHERE decisions.face = faces.id)"""
    return {row[0] for row in catalog.connection.execute(statement, (listed(faces),))}


def left_to_files(catalog: Catalog, faces: Iterable[int]) -> set[int]:
    """Those of `faces` that are in the library and of which people have not said who they are."""
    chosen = list(faces)
    statement = f"SELECT id FROM faces WHERE id IN {LISTED}"
    known = {row[0] for row in catalog.connection.execute(statement, (listed(chosen),))}
    return known - decided_by_people(catalog.connection, chosen)
