"""Forgotten faces and photos must not come back. They are known only by a salted hash of the photo's content.

The salt makes a tombstone useless to anyone who has the photo but not this library.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Iterable, Sequence

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
        self._salt = bytes.fromhex(row[0]) if row else None

    def of(self, content: bytes) -> list[Box]:
        """What was forgotten of the photo with this content: boxes of faces, or WHOLE_PHOTO."""
        if self._salt is None:
            return []
        rows = self._connection.execute(
            "SELECT x, y, width, height FROM tombstones WHERE content = ?", (_salted(content, self._salt),)
        )
        return [Box(*row) for row in rows]

    def add(self, photos: Iterable[tuple[bytes, Box]]) -> int:
        """Add tombstones for (content, box), in the caller's transaction. Returns their number."""
        if self._salt is None:
            self._salt = secrets.token_bytes(32)
            self._connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (_SALT, self._salt.hex()))
        rows = [(_salted(content, self._salt), *box.as_list()) for content, box in photos]
        self._connection.executemany("INSERT OR IGNORE INTO tombstones VALUES (?, ?, ?, ?, ?)", rows)
        return len(rows)

    def lift(self, content: bytes) -> int:
        """Remove the tombstones of the photo with this content, in the caller's transaction. Returns their number."""
        if self._salt is None:
            return 0
        return self._connection.execute(
            "DELETE FROM tombstones WHERE content = ?", (_salted(content, self._salt),)
        ).rowcount


def forgotten(box: Box, tombstones: Sequence[Box]) -> bool:
    """Whether a face at `box` is one that was forgotten, or one of a forgotten photo."""
    return WHOLE_PHOTO in tombstones or any(box.overlap(grave) >= SAME_FACE for grave in tombstones)


def _salted(content: bytes, salt: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=32, key=salt).digest()
