"""The public ids of people.

Every name that was ever given has one, random text. It stays with the name, also while nobody has it; a person who is
renamed takes it along. So a program may keep it over renames, undos, clusterings, `reencode`, and export and import of
a whole library.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
from collections.abc import Set

from faceindex.errors import NotInLibrary
from faceindex.journal.acts import RENAME
from faceindex.journal.person_names import spelled

PREFIX = "id:"
"""What an id begins with, where a person is asked for by id."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, which has no letters to be taken for others
_LENGTH = 10  # 50 bits: among a million people two have the same by a chance of 0.0004, and UNIQUE refuses that
_MEANT = re.compile(f"{PREFIX}([{_ALPHABET}]{{{_LENGTH}}})")


def give_ids(transaction: sqlite3.Connection, before: Set[str], after: Set[str], *, renamed: bool) -> None:
    """Give an id to everybody called one of `after`. before: the names until now.

    renamed: this step replaced one name by another, so the id goes with it; where one person became two, or two became
    one, the names that stay keep their ids.
    """
    gone, new = sorted(before - after), sorted(after - before)
    if renamed and len(gone) == len(new) == 1:
        transaction.execute("DELETE FROM person_ids WHERE name = ?", new)
        transaction.execute("UPDATE person_ids SET name = ? WHERE name = ?", (*new, *gone))
    fresh = ((name, "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))) for name in new)
    transaction.executemany("INSERT INTO person_ids (name, id) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", fresh)


def with_ids(connection: sqlite3.Connection) -> set[str]:
    """Every name that has an id."""
    return {name for (name,) in connection.execute("SELECT name FROM person_ids")}


def give_first_ids(transaction: sqlite3.Connection) -> None:
    """Ids for people of a library that had none: the same in each copy of it, also in one that is only read."""
    rows = transaction.execute("SELECT name, (SELECT MIN(made) FROM acts WHERE person = name) FROM people").fetchall()
    for name, made in rows:
        digest = hashlib.blake2b(f"{made}\0{name}".encode(errors="surrogatepass"), digest_size=_LENGTH).digest()
        chosen = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest)
        transaction.execute("INSERT OR IGNORE INTO person_ids (name, id) VALUES (?, ?)", (name, chosen))


def take_ids(source: sqlite3.Connection, transaction: sqlite3.Connection) -> None:
    """Take ids from another library. People who are known here by name keep the id that they have here."""
    rows = source.execute("SELECT name, id FROM person_ids").fetchall()
    transaction.executemany("INSERT OR IGNORE INTO person_ids (name, id) VALUES (?, ?)", rows)


def erase_unsaid_ids(transaction: sqlite3.Connection) -> None:
    """Erase ids of names that the journal no longer knows."""
    transaction.execute(
        """DELETE FROM person_ids WHERE name NOT IN (SELECT name FROM people)
        AND name NOT IN (SELECT person FROM acts WHERE person NOTNULL)
        AND name NOT IN (SELECT renamed FROM acts WHERE renamed NOTNULL)"""
    )


def renames(connection: sqlite3.Connection, kind: str, undoes: int | None) -> bool:
    """Whether an act renames somebody, undoes that, or undoes the undo."""
    while undoes is not None:
        kind, undoes = connection.execute("SELECT kind, undoes FROM acts WHERE id = ?", (undoes,)).fetchone()
    return kind == RENAME


def is_id(text: str) -> bool:
    """Whether `text` is `id:` and a possible id."""
    return _MEANT.fullmatch(text) is not None


def name_meant(connection: sqlite3.Connection, person: str) -> str:
    """The stored name of a person who is asked for by name or by `id:` and id.

    The id of somebody who was merged into another person means that person. Raises: UsageError when nobody has this id.
    """
    meant = _MEANT.fullmatch(person.strip())
    if meant is None:
        return spelled(person)
    row = connection.execute("SELECT name FROM person_ids WHERE id = ?", (meant[1],)).fetchone()
    seen: set[str] = set()
    while row is not None and row[0] not in seen:
        if connection.execute("SELECT 1 FROM people WHERE name = ?", row).fetchone():
            return str(row[0])
        seen.add(row[0])
        statement = "SELECT renamed FROM acts WHERE kind = ? AND person = ? ORDER BY id DESC LIMIT 1"
        row = connection.execute(statement, (RENAME, row[0])).fetchone()
    raise NotInLibrary(f"nobody has the id {meant[1]}; `faceindex people list --json` shows the ids")
