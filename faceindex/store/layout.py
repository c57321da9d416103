"""What lies in a library's folder, by name."""

from __future__ import annotations

from faceindex.store.lock import LOCK

CATALOG = "catalog.sqlite"
VECTORS = "vectors"
INDEX = "index"

COPY = "catalog.copy"
"""Of the catalog, in the library, while it is rebuilt."""

NEW_CATALOG = CATALOG + ".tmp"
"""The catalog while it is made."""

CATALOGS = frozenset(name + s for name in (CATALOG, NEW_CATALOG, COPY) for s in ("", "-wal", "-shm", "-journal"))
OWN_NAMES = CATALOGS | {VECTORS, INDEX, LOCK}
"""Whatever may lie there; a folder with anything else in it is no library."""
