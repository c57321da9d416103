"""Photos in the catalog, by their paths and contents; and the files that could not be read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from faceindex.photos.finding.entries import FoundFile
from faceindex.store.catalog.connection import BLOCK, CatalogConnection
from faceindex.store.photos.photo_paths import first_paths, folder_range, under_path
from faceindex.types import FailedPhoto, PhotoRecord

NO_FILE = -1
"""The size of a path without a file: a row of vectors, or a photo that was never here."""


@dataclass(frozen=True, slots=True)
class KnownPath:
    """What the catalog knows of a path. photo: its id; None when the file could not be read: `error`.

    ctime_ns: None when it was stored before these were.
    """

    size: int
    mtime_ns: int
    ctime_ns: int | None
    photo: int | None
    error: str | None = None


class CatalogPhotos(CatalogConnection):
    """The part of `Catalog` about photos, their paths and failures."""

    def known_path(self, path: str) -> KnownPath | None:
        """What is known of `path`: the photo there, or why it could not be read."""
        row = self._row(
            """SELECT size, mtime_ns, ctime_ns, NULL, error FROM failures WHERE path = ?1 AND NOT out_of_reach
            UNION ALL SELECT size, mtime_ns, ctime_ns, photo, NULL FROM paths WHERE path = ?1""",
            os.fsencode(path),
        )
        return KnownPath(*row) if row else None

    def files_between(self, first: bytes, last: bytes, *, most: int) -> dict[bytes, tuple[int, int, int | None]] | None:
        """Size, mtime_ns and ctime_ns of the photo at each path from `first` to `last`.

        None if there are more than `most` photos, or a file that could not be read.
        """
        between = "path BETWEEN ? AND ?"
        if self._row(f"SELECT 1 FROM failures WHERE {between} AND NOT out_of_reach LIMIT 1", first, last):
            return None
        statement = f"SELECT path, size, mtime_ns, ctime_ns FROM paths WHERE {between} LIMIT ?"
        rows = self.connection.execute(statement, (first, last, most + 1)).fetchall()
        return {path: (size, time, changed) for path, size, time, changed in rows} if len(rows) <= most else None

    def photo_with(self, content: bytes) -> int | None:
        """The id of the photo with this content."""
        row = self._row("SELECT id FROM photos WHERE content = ?", content)
        return int(row[0]) if row else None

    def content_of(self, photo: int) -> bytes:
        """The content hash of a photo."""
        return bytes(self._row("SELECT content FROM photos WHERE id = ?", photo)[0])

    def size_of(self, photo: int) -> tuple[int, int]:
        """Width and height of a photo, upright."""
        width, height = self._row("SELECT width, height FROM photos WHERE id = ?", photo)
        return int(width), int(height)

    def paths_of(self, photo: int) -> list[str]:
        """All paths of a photo, sorted."""
        rows = self.connection.execute("SELECT path FROM paths WHERE photo = ? ORDER BY path", (photo,))
        return [os.fsdecode(row[0]) for row in rows]

    def photos_named_only(self, paths: Sequence[str]) -> list[int]:
        """The photos that have no other paths than `paths`."""
        rows = [self._row("SELECT photo FROM paths WHERE path = ?", os.fsencode(path)) for path in paths]
        photos = sorted({row[0] for row in rows if row})
        return [photo for photo in photos if set(self.paths_of(photo)) <= set(paths)]

    def photos(self, under: str | None = None) -> Iterator[PhotoRecord]:
        """Every path of every photo, by path; only those at or under the path `under` if given."""
        last: str | None = None
        while block := first_paths(self.connection, under, "TRUE", (), last, BLOCK):
            yield from block
            last = block[-1].path

    def photo(self, path: str) -> PhotoRecord | None:
        """The photo at this path."""
        return next(iter(first_paths(self.connection, None, "path = ?", (os.fsencode(path),), None, 1)), None)

    def turned(self, path: str) -> int:
        """Degrees, clockwise, by which the photo at this path has to be turned; 0, too, if it is unknown."""
        statement = "SELECT turned FROM photos WHERE id = (SELECT photo FROM paths WHERE path = ?)"
        row = self.connection.execute(statement, [os.fsencode(path)]).fetchone()
        return 0 if row is None else int(row[0])

    def turn_of(self, photo: int) -> int:
        """As `turned`, of the photo with this id."""
        return int(self._row("SELECT turned FROM photos WHERE id = ?", photo)[0])

    def photos_under(self, path: str) -> list[int]:
        """Ids of the photos that have a path at or under `path`."""
        where, values = under_path(path)
        return [row[0] for row in self.connection.execute(f"SELECT DISTINCT photo FROM paths {where}", values)]

    def paths(self, under: str) -> Iterator[str]:
        """The paths of photos and of failures at or under the path `under`, sorted."""
        return self._paths("SELECT path FROM paths WHERE {0} UNION SELECT path FROM failures WHERE {0}", under)

    def files(self, under: str) -> Iterator[str]:
        """As `paths`, without paths at which there never was a file."""
        with_file = f"size != {NO_FILE}"
        return self._paths(
            f"SELECT path FROM paths WHERE {{0}} AND {with_file} UNION SELECT path FROM failures WHERE {{0}}", under
        )

    def failed(self) -> list[FailedPhoto]:
        """Every file that could not be read, and every file and folder that was out of reach, by path."""
        rows = self.connection.execute("SELECT path, error, out_of_reach FROM failures ORDER BY path")
        return [FailedPhoto(os.fsdecode(path), error, bool(out_of_reach)) for path, error, out_of_reach in rows]

    def failed_paths(self, under: str) -> list[str]:
        """The paths at or under `under` of files that could not be read, sorted."""
        where, values = under_path(under)
        rows = self.connection.execute(f"SELECT path FROM failures {where} ORDER BY path", values)
        return [os.fsdecode(row[0]) for row in rows]

    def out_of_reach(self) -> int:
        """Number of files and folders that could not be looked at."""
        return int(self._row("SELECT COUNT(*) FROM failures WHERE out_of_reach")[0])

    def roots(self) -> list[str]:
        """The folders that photos were ingested from."""
        return [os.fsdecode(row[0]) for row in self.connection.execute("SELECT path FROM roots ORDER BY path")]

    def unread_dates(self) -> Iterator[tuple[int, FoundFile]]:
        """Photos whose date was never looked for, each with all its files as they were then."""
        rows = self.by_blocks(
            """SELECT photo, path, size, mtime_ns FROM unread_dates JOIN paths USING (photo)
            WHERE (photo, path) > (?, ?) ORDER BY photo, path LIMIT ?""",
            lambda row: row[:2],
            (0, b""),
        )
        return ((photo, FoundFile(os.fsdecode(path), size, time, False)) for photo, path, size, time in rows)

    def _paths(self, statement: str, under: str) -> Iterator[str]:
        """statement: with {0} for a condition on `path`."""
        name = os.fsencode(under)
        for (path,) in self.connection.execute(statement.format("path = ?1"), (name,)).fetchall():
            yield os.fsdecode(path)
        first, end = folder_range(under)
        limited = statement.format("path > ?1 AND path < ?2") + " ORDER BY path LIMIT ?3"
        while block := self.connection.execute(limited, (first, end, BLOCK)).fetchall():
            yield from (os.fsdecode(path) for (path,) in block)
            first = block[-1][0]
