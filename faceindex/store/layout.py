"""What lies in a library's folder, by name."""

from __future__ import annotations

from faceindex.store.lock import LOCK

CATALOG = "catalog.sqlite"
VECTORS = "vectors"
INDEX = "index"

CROPS = "crops"
"""Crops of faces and previews of photos, made again when they are missing; erasing removes all of them."""

ERASED = ".erased"
"""The end of the name of a folder while it is erased."""

LOGIN = "login.json"
"""Who may use the library's server; not part of a backup."""

AUDIT = "audit.log"
"""What the library's server was asked to change, without names."""

COPY = "catalog.copy"
"""Of the catalog, in the library, while it is rebuilt."""

NEW_CATALOG = CATALOG + ".tmp"
"""The catalog while it is made."""

CATALOGS = frozenset(name + s for name in (CATALOG, NEW_CATALOG, COPY) for s in ("", "-wal", "-shm", "-journal"))
OWN_NAMES = CATALOGS | {VECTORS, INDEX, CROPS, INDEX + ERASED, CROPS + ERASED, LOGIN, AUDIT, AUDIT + ".1", LOCK}
"""Whatever may lie there; a folder with anything else in it is no library."""
