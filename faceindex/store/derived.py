"""Tables that are derived from others, so that a page costs only what it shows: figures of albums and people, the names
of faces that are in no photo now, which faces belong together, and for each topic a random token, replaced whenever the
topic changes.

Triggers note which rows a statement changes, and `settle` updates the derived tables before the transaction ends. So
writers need not think of them, and no commit leaves them out of date. `derive_all` derives all of them again, and
`wrong_figures` compares.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

TOPICS = ("photos", "faces", "albums", "people", "history", "settings")
"""The topics that have a token; see `faceindex.types.Version`."""

DERIVED_TABLES = ("album_facts", "person_facts", "touched", "versions", "unpaired")
"""Tables that are derived from others, and never copied from one library to another."""

PAIRED = "paired"
"""The setting that exists while `unpaired` lists changes: the albums, and as negative numbers the faces, that changed
since suggestions were prepared."""

_SETTINGS_THAT_SAY_NOTHING = ("faces_state", "albums_due", "erasing", PAIRED)

_ALBUM_FACTS = """
    SELECT album, COUNT(*) AS faces, COUNT(DISTINCT photo) AS photos, MAX(IIF(place = 1, face, NULL)) AS cover,
        SUM(listed) AS listed_faces, COUNT(DISTINCT IIF(listed, photo, NULL)) AS listed_photos,
        MAX(IIF(listed AND listed_place = 1, face, NULL)) AS listed_cover
    FROM (
        SELECT album, photo, face, listed, ROW_NUMBER() OVER best AS place,
            ROW_NUMBER() OVER (PARTITION BY album, listed ORDER BY
                chosen DESC, quality DESC, IIF(quality IS NULL, score, 0) DESC, width * height DESC, face
            ) AS listed_place
        FROM (SELECT album, photo, album_faces.face, quality, score, width, height, COALESCE(chosen.act, 0) AS chosen,
                NOT hidden AND album_faces.face NOT IN (SELECT face FROM hidden_faces) AS listed
            FROM album_faces JOIN faces ON faces.id = album_faces.face JOIN albums ON albums.id = album
                LEFT JOIN {covers} AS chosen ON chosen.face = faces.id {among})
        WINDOW best AS (PARTITION BY album ORDER BY
            chosen DESC, quality DESC, IIF(quality IS NULL, score, 0) DESC, width * height DESC, face))
    GROUP BY album
"""
_PERSON_FACTS = """
    SELECT person, COUNT(face) AS faces, COUNT(DISTINCT photo) AS photos, MAX(IIF(place = 1, face, NULL)) AS cover,
        CAST(TOTAL(confirmed) AS INTEGER) AS confirmed
    FROM (
        SELECT people.id AS person, theirs.face, photo, confirmed, ROW_NUMBER() OVER (
            PARTITION BY people.id ORDER BY COALESCE(chosen.act, 0) DESC, quality DESC, width * height DESC, theirs.face
            ) AS place
        FROM people LEFT JOIN (
            SELECT face, person, 1 AS confirmed FROM person_faces WHERE person IN ({among})
            UNION ALL SELECT face, person, 0 FROM albums CROSS JOIN album_faces ON album = albums.id
            WHERE person IN ({among}) AND face NOT IN (SELECT face FROM person_faces)) AS theirs
        ON theirs.person = people.id LEFT JOIN faces ON faces.id = theirs.face
            LEFT JOIN {covers} AS chosen ON chosen.face = faces.id WHERE people.id IN ({among}))
    GROUP BY person
"""


_EVERYBODY = "SELECT id FROM people"


# In a trigger, OR IGNORE would give way to what the outer statement, or a foreign key, does about conflicts.
def _touch(what: str, number: str = "0") -> str:
    return f"INSERT INTO touched VALUES ('{what}', {number}) ON CONFLICT DO NOTHING;"


def _touch_if(what: str, number: str) -> str:
    return f"INSERT INTO touched SELECT '{what}', {number} WHERE {number} IS NOT NULL ON CONFLICT DO NOTHING;"


def _album_of(face: str) -> str:
    return f"INSERT INTO touched SELECT 'album', album FROM album_faces WHERE face = {face} ON CONFLICT DO NOTHING;"


def _unpair(face: str) -> str:
    return _unpair_all(f"SELECT -{face} AS number")


def _unpair_all(numbers: str) -> str:
    paired = f"EXISTS (SELECT 1 FROM settings WHERE name = '{PAIRED}')"
    return f"INSERT INTO unpaired SELECT number FROM ({numbers}) WHERE {paired} ON CONFLICT DO NOTHING;"


_FACE = _touch("faces") + _touch("photos")
_PLACE = _touch("photos") + _touch("faces")
_SAYS = f"name NOT IN {_SETTINGS_THAT_SAY_NOTHING}"

_TRIGGERS = {
    "INSERT ON album_faces": _touch("album", "NEW.album") + _unpair("NEW.face"),
    "DELETE ON album_faces": _touch("album", "OLD.album") + _unpair("OLD.face"),
    "UPDATE ON album_faces": _touch("album", "OLD.album") + _touch("album", "NEW.album") + _unpair("NEW.face"),
    "INSERT ON albums": _touch("album", "NEW.id") + _touch_if("person", "NEW.person"),
    "DELETE ON albums": _touch("album", "OLD.id") + _touch_if("person", "OLD.person"),
    "UPDATE OF person, hidden ON albums": _touch("album", "NEW.id")
    + _touch_if("person", "OLD.person")
    + _touch_if("person", "NEW.person"),
    "INSERT ON faces": _FACE + _unpair("NEW.id"),
    "DELETE ON faces": _FACE + _unpair("OLD.id"),
    "UPDATE ON faces": _FACE
    + _unpair("NEW.id")
    + _album_of("NEW.id")
    + "INSERT INTO touched SELECT 'person', person FROM person_faces WHERE face = NEW.id ON CONFLICT DO NOTHING;",
    "INSERT ON hidden_faces": _touch("faces") + _album_of("NEW.face") + _unpair("NEW.face"),
    "DELETE ON hidden_faces": _touch("faces") + _album_of("OLD.face") + _unpair("OLD.face"),
    "INSERT ON person_faces": _touch("person", "NEW.person") + _album_of("NEW.face") + _unpair("NEW.face"),
    "DELETE ON person_faces": _touch("person", "OLD.person") + _album_of("OLD.face") + _unpair("OLD.face"),
    "UPDATE ON person_faces": _touch("person", "OLD.person")
    + _touch("person", "NEW.person")
    + _album_of("NEW.face")
    + _unpair("NEW.face"),
    "INSERT ON people": _touch("person", "NEW.id"),
    "DELETE ON people": _touch("person", "OLD.id"),
    "UPDATE ON people": _touch("person", "NEW.id")
    + "INSERT INTO touched SELECT 'album', id FROM albums WHERE person = NEW.id ON CONFLICT DO NOTHING;"
    + _unpair_all("SELECT -face AS number FROM person_faces WHERE person = NEW.id"),
    "INSERT ON photos": _touch("photos"),
    "DELETE ON photos": _touch("photos"),
    "UPDATE OF width, height, warning, taken, taken_from ON photos": _PLACE,
    "INSERT ON paths": _PLACE,
    "DELETE ON paths": _PLACE,
    "UPDATE OF path, photo ON paths": _PLACE,
    "INSERT ON failures": _touch("photos"),
    "DELETE ON failures": _touch("photos"),
    "UPDATE OF error, out_of_reach ON failures": _touch("photos"),
    "INSERT ON acts": _touch("history"),
    "DELETE ON acts": _touch("history"),
    "UPDATE ON acts": _touch("history"),
    "INSERT ON lost_faces": _touch("faces"),
    "DELETE ON lost_faces": _touch("faces"),
    "UPDATE ON lost_faces": _touch("faces"),
    f"INSERT ON settings WHEN NEW.{_SAYS}": _touch("settings"),
    f"DELETE ON settings WHEN OLD.{_SAYS}": _touch("settings"),
    f"UPDATE ON settings WHEN NEW.{_SAYS}": _touch("settings"),
}

SCHEMA = (
    """CREATE TABLE album_facts (
        album INTEGER PRIMARY KEY REFERENCES albums ON DELETE CASCADE,
        faces INTEGER NOT NULL, photos INTEGER NOT NULL, cover INTEGER NOT NULL,
        listed_faces INTEGER NOT NULL, listed_photos INTEGER NOT NULL, listed_cover INTEGER)""",
    "CREATE INDEX albums_by_faces ON album_facts (faces DESC, album)",
    "CREATE INDEX albums_by_listed_faces ON album_facts (listed_faces DESC, album) WHERE listed_faces > 0",
    """CREATE TABLE person_facts (
        person INTEGER PRIMARY KEY REFERENCES people ON DELETE CASCADE,
        faces INTEGER NOT NULL, photos INTEGER NOT NULL, cover INTEGER, confirmed INTEGER NOT NULL)""",
    "CREATE TABLE versions (topic TEXT PRIMARY KEY, token TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE touched (what TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (what, number)) WITHOUT ROWID",
    "CREATE TABLE unpaired (number INTEGER PRIMARY KEY)",
    "CREATE TABLE absent_names (face INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    "CREATE TABLE bonds (face INTEGER PRIMARY KEY, bond INTEGER NOT NULL)",
    "CREATE INDEX bonds_by_bond ON bonds (bond)",
    "CREATE INDEX acts_of_people ON acts (person) WHERE person NOTNULL",
    "CREATE INDEX acts_that_rename ON acts (id) WHERE renamed NOTNULL",
    "CREATE INDEX album_versions_by_album ON album_versions (album)",
    "CREATE INDEX album_versions_by_faces ON album_versions (faces)",
    # Who a face was, when it leaves: the journal still says so.
    """CREATE TRIGGER face_leaves BEFORE DELETE ON faces BEGIN
        INSERT INTO absent_names SELECT face, name FROM person_faces JOIN people ON people.id = person
            WHERE face = OLD.id ON CONFLICT DO UPDATE SET name = excluded.name; END""",
    *(
        f"CREATE TRIGGER touched_{number:02d} AFTER {event} BEGIN {body} END"
        for number, (event, body) in enumerate(_TRIGGERS.items())
    ),
)
"""The statements of migration m011. A later change of them is a migration of its own."""


def settle(connection: sqlite3.Connection) -> None:
    """Update figures and tokens after what this transaction has written."""
    touched = connection.execute("SELECT what, number FROM touched").fetchall()
    if not touched:
        return
    albums = {number for what, number in touched if what == "album"}
    people = {number for what, number in touched if what == "person"}
    if albums:
        people |= _people_of(connection, albums)
        _derive_albums(connection, albums)
        connection.execute(
            f"""INSERT OR IGNORE INTO unpaired SELECT number FROM touched WHERE what = 'album'
            AND EXISTS (SELECT 1 FROM settings WHERE name = '{PAIRED}')"""
        )
    if people:
        _derive_people(connection, people)
    topics = {what for what, _ in touched} & set(TOPICS)
    topics |= {"albums", "faces"} if albums else set()
    topics |= {"people", "faces"} if people else set()
    connection.executemany(
        "INSERT OR REPLACE INTO versions VALUES (?, lower(hex(randomblob(8))))", [(topic,) for topic in topics]
    )
    connection.execute("DELETE FROM touched")


def album_facts(connection: sqlite3.Connection) -> str:
    """The table, or query, to select figures of albums from: they are derived while changes are not settled."""
    return "album_facts" if _settled(connection) else f"({_of_albums(connection)})"


def person_facts(connection: sqlite3.Connection) -> str:
    """As `album_facts`, of people."""
    return "person_facts" if _settled(connection) else f"({_of_people(connection)})"


def _of_albums(connection: sqlite3.Connection, among: str = "") -> str:
    return _ALBUM_FACTS.format(covers=_covers(connection), among=among)


def _of_people(connection: sqlite3.Connection, among: str = _EVERYBODY) -> str:
    return _PERSON_FACTS.format(covers=_covers(connection), among=among)


def _covers(connection: sqlite3.Connection) -> str:
    """The table of chosen covers, or an empty one while the schema is older."""
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'covers'").fetchone()
    return "covers" if there else "(SELECT 0 AS face, 0 AS act WHERE FALSE)"


def _settled(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM touched LIMIT 1").fetchone() is None


def derive_all(connection: sqlite3.Connection) -> None:
    """Derive all figures anew, and give every topic a token."""
    connection.execute("DELETE FROM album_facts")
    connection.execute("DELETE FROM person_facts")
    connection.execute("INSERT INTO album_facts " + _of_albums(connection))
    connection.execute("INSERT INTO person_facts " + _of_people(connection))
    connection.executemany(
        "INSERT OR REPLACE INTO versions VALUES (?, lower(hex(randomblob(8))))", [(topic,) for topic in TOPICS]
    )
    connection.execute("DELETE FROM touched")


def wrong_figures(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many albums, and how many people, have figures that do not follow from their faces."""
    return _differences(connection, "album_facts", _of_albums(connection)), _differences(
        connection, "person_facts", _of_people(connection)
    )


def _differences(connection: sqlite3.Connection, table: str, derived: str) -> int:
    there = set(connection.execute(f"SELECT * FROM {table}"))
    follows = set(connection.execute(derived))
    return len({row[0] for row in there ^ follows})


def _people_of(connection: sqlite3.Connection, albums: Iterable[int]) -> set[int]:
    statement = """SELECT person FROM albums WHERE person NOTNULL AND id IN (SELECT value FROM json_each(?))"""
    return {row[0] for row in connection.execute(statement, (json.dumps(sorted(albums)),))}


def _derive_albums(connection: sqlite3.Connection, albums: Iterable[int]) -> None:
    chosen = json.dumps(sorted(albums))
    connection.execute("DELETE FROM album_facts WHERE album IN (SELECT value FROM json_each(?))", (chosen,))
    among = "WHERE album IN (SELECT value FROM json_each(?))"
    connection.execute("INSERT INTO album_facts " + _of_albums(connection, among), (chosen,))


def _derive_people(connection: sqlite3.Connection, people: Iterable[int]) -> None:
    chosen = json.dumps(sorted(people))
    connection.execute("DELETE FROM person_facts WHERE person IN (SELECT value FROM json_each(?))", (chosen,))
    among = "SELECT value FROM json_each(?1)"
    connection.execute("INSERT INTO person_facts " + _of_people(connection, among), (chosen,))
