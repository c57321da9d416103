"""Forgotten faces and photos must not come back. They are known only by a salted hash of the photo's content.

A salt makes a tombstone useless to anyone who has the photo but not this library. A library that others were merged
into has their tombstones, and their salts after its own.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from faceindex.store.photos.matching_by_box import SAME_FACE
from faceindex.types import Box

WHOLE_PHOTO = Box(0, 0, 0, 0)
"""In place of a face's box: nothing of the photo is to be stored."""

_SALT = "tombstone_salt"


class Tombstones:
    """The tombstones of one catalog, as they are now."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        row = connection.execute("SELECT value FROM settings WHERE name = ?", (_SALT,)).fetchone()
        self._salts = [bytes.fromhex(salt) for salt in row[0].split()] if row else []

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT COUNT(*) FROM tombstones").fetchone()[0])

    def of(self, content: bytes) -> list[Box]:
        """What was forgotten of the photo with this content: boxes of faces, or WHOLE_PHOTO."""
        rows = (
            row
            for salt in self._salts
            for row in self._connection.execute(
                "SELECT x, y, width, height FROM tombstones WHERE content = ?", (_salted(content, salt),)
            )
        )
        return [Box(*row) for row in rows]

    def among(self, contents: Iterable[bytes]) -> Iterator[tuple[bytes, list[Box]]]:
        """Those of `contents` of which something was forgotten, with `of`."""
        graves = defaultdict(list)
        for content, *box in self._connection.execute("SELECT content, x, y, width, height FROM tombstones"):
            graves[content].append(Box(*box))
        for content in contents if graves else ():
            if found := [box for salt in self._salts for box in graves.get(_salted(content, salt), ())]:
                yield content, found

    def add(self, photos: Iterable[tuple[bytes, Box]]) -> int:
        """Add tombstones for (content, box), in the caller's transaction. Returns their number."""
        if not self._salts:
            self._store_salts([secrets.token_bytes(32)])
        rows = [(_salted(content, self._salts[0]), *box.as_list()) for content, box in photos]
        self._connection.executemany("INSERT OR IGNORE INTO tombstones VALUES (?, ?, ?, ?, ?)", rows)
        return len(rows)

    def join(self, other: Tombstones) -> int:
        """Add the tombstones of another library, in the caller's transaction. Returns the number of new ones."""
        before = len(self)
        if new := [salt for salt in other._salts if salt not in self._salts]:
            self._store_salts([*self._salts, *new])
        rows = other._connection.execute("SELECT content, x, y, width, height FROM tombstones")
        self._connection.executemany("INSERT OR IGNORE INTO tombstones VALUES (?, ?, ?, ?, ?)", rows)
        return len(self) - before

    def lift(self, content: bytes) -> int:
        """Remove the tombstones of the photo with this content, in the caller's transaction. Returns their number."""
        lifted = self._connection.executemany(
            "DELETE FROM tombstones WHERE content = ?", [(_salted(content, salt),) for salt in self._salts]
        )
        return max(0, lifted.rowcount)

    def _store_salts(self, salts: list[bytes]) -> None:
        self._salts = salts
        value = " ".join(salt.hex() for salt in salts)
        self._connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (_SALT, value))


def forgotten(box: Box, tombstones: Sequence[Box]) -> bool:
    """Whether a face at `box` is one that was forgotten, or one of a forgotten photo."""
    return WHOLE_PHOTO in tombstones or any(box.overlap(grave) >= SAME_FACE for grave in tombstones)


def _salted(content: bytes, salt: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=32, key=salt).digest()
