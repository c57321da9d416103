"""The catalog, as it is read: `Catalog` has a part for each topic. What is written is with the topic itself."""

from __future__ import annotations

from faceindex.store.catalog.catalog import Catalog

__all__ = ["Catalog"]
