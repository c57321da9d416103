"""The names of the clustering methods; commands list them without loading what they need."""

from __future__ import annotations

METHODS = ("linkage", "whispers", "dbscan")

DEFAULT_METHOD = "linkage"
"""Best on lfw-dev, see `faceindex.clustering.linkage.GROWTH`: B-cubed F on all with recipe `dlib` 0.967, whispers
0.958 at its best; `sface` 0.992 and 0.990. And no seed matters."""
