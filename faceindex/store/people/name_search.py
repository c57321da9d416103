"""Names that somebody may be typing."""

from __future__ import annotations

import re
import sqlite3

from faceindex.journal.person_names import plain


def names_like(connection: sqlite3.Connection, typed: str, most: int) -> list[str]:
    """Names of people who are not hidden: those that begin with what was typed, then those of which a word does, each
    with the most faces first. Case, width and accents make no difference."""
    wanted = plain(typed.strip())
    rows = connection.execute(
        "SELECT people.name FROM people JOIN person_facts ON person = people.id WHERE NOT hidden ORDER BY faces DESC"
    )
    first, second = list[str](), list[str]()
    for (name,) in rows:
        text = plain(name)
        if text.startswith(wanted):
            first.append(name)
            if len(first) == most:
                break
        elif len(second) < most and f" {wanted}" in re.sub(r"\W+", " ", text):
            second.append(name)
    return (first + second)[:most]
