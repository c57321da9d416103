"""The catalog as it is read: `Catalog`, with a part for each topic."""

from __future__ import annotations

from faceindex.store.catalog.catalog import Catalog

__all__ = ["Catalog"]
