"""People in the catalog: everybody with a name."""

from __future__ import annotations

from typing import Any

from faceindex.store.catalog.connection import CatalogConnection
from faceindex.store.derived import person_facts
from faceindex.store.people.person_ids import name_meant
from faceindex.types import Person


class CatalogPeople(CatalogConnection):
    """The part of `Catalog` about people."""

    def people(self, *, hidden: bool = False) -> list[Person]:
        """Everybody with a name, by name. The cover is the face of best quality, of equals the largest.

        hidden: people who are hidden, too.
        """
        rows = self.connection.execute(
            f"""SELECT people.name, faces, photos, cover, confirmed, hidden, person_ids.id
            FROM people JOIN {person_facts(self.connection)} ON person = people.id LEFT JOIN person_ids USING (name)
            WHERE ? OR NOT hidden ORDER BY people.name""",
            (hidden,),
        )
        return list(map(person_of, rows))

    def person(self, name: str) -> Person | None:
        """One of `people`, also when hidden; None when nobody has this name."""
        row = self._row(
            """SELECT people.name, faces, photos, cover, confirmed, hidden, person_ids.id
            FROM people JOIN person_facts ON person = people.id LEFT JOIN person_ids USING (name)
            WHERE people.name = ?""",
            name_meant(self.connection, name),
        )
        return person_of(row) if row else None

    def faces_of_person(self, name: str) -> list[int] | None:
        """Ids of a person's faces, confirmed or not, rising; None when nobody has this name."""
        person = self._row("SELECT id FROM people WHERE name = ?", name_meant(self.connection, name))
        if not person:
            return None
        statement = "SELECT face FROM people_faces WHERE person = ? ORDER BY face"
        return [row[0] for row in self.connection.execute(statement, person)]


def person_of(row: tuple[Any, ...]) -> Person:
    """The person of a row: name, faces, photos, cover, confirmed faces, whether they are hidden, and their id."""
    name, faces, photos, cover, confirmed, hidden, number = row
    return Person(name, faces, photos, cover, confirmed, bool(hidden), number)
