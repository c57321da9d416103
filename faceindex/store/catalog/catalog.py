"""The catalog: what a library knows, read through one SQLite connection."""

from __future__ import annotations

from faceindex.store.care.tombstones import Tombstones
from faceindex.store.catalog.albums import CatalogAlbums
from faceindex.store.catalog.faces import CatalogFaces
from faceindex.store.catalog.people import CatalogPeople
from faceindex.store.hdf5.segments import Segment


class Catalog(CatalogFaces, CatalogAlbums, CatalogPeople):
    """Read access over one SQLite connection; may be used from one thread at a time."""

    def settings(self) -> dict[str, str]:
        """All settings, see `faceindex.store.settings`; empty when there is no library yet."""
        if not self._row("SELECT 1 FROM sqlite_master WHERE name = 'settings'"):
            return {}
        return dict(self.connection.execute("SELECT name, value FROM settings"))

    def counts(self) -> dict[str, int]:
        """Number of rows of each table that a user asks about."""
        tables = ("photos", "faces", "people", "albums", "segments")
        counts = {table: int(self._row(f"SELECT COUNT(*) FROM {table}")[0]) for table in tables}
        return counts | {"failures": int(self._row("SELECT COUNT(*) FROM failures WHERE NOT out_of_reach")[0])}

    def version(self) -> dict[str, str]:
        """The token of each of `faceindex.store.derived.TOPICS`."""
        return dict(self.connection.execute("SELECT topic, token FROM versions").fetchall())

    def faces_state(self) -> str:
        """Random token, replaced whenever faces change; no other library has the same."""
        return self.settings().get("faces_state", "")

    def segments(self) -> list[Segment]:
        """Every segment, in the order in which their vectors were first written."""
        columns = "id, file, faces, checksum, first, last, bytes"
        return [Segment(*row) for row in self.connection.execute(f"SELECT {columns} FROM segments ORDER BY first")]

    def last_segment(self) -> int:
        """The highest number of a segment in which a vector was first written; 0 when there is none."""
        return int(self._row("SELECT COALESCE(MAX(last), 0) FROM segments")[0])

    def tombstones(self) -> Tombstones:
        """The tombstones of forgotten faces and photos."""
        return Tombstones(self.connection)
