"""Chips of a file as pixels: decoded once, and kept while there is room."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from faceindex.training.encoder.chips_file import ChipsFile, decoded
from faceindex.training.losses import People
from faceindex.types import Pixels

ROOM = 2 << 30
"""Bytes of decoded chips that are kept."""


class ChipPixels:
    """The chips of a file. Threads decode at the same time."""

    def __init__(self, chips: ChipsFile, threads: int = 1) -> None:
        self._chips = chips
        self._kept: dict[tuple[int, int], Pixels] = {}
        self._most = ROOM // (3 * chips.settings.side**2)
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def of(self, places: People, view: int | People = 0) -> Pixels:
        """uint8 [n, s, s, 3]. places: faces, int64 [n]. view: the chip of each, or one for all."""
        wanted = list(zip(places.tolist(), np.broadcast_to(view, places.shape).tolist(), strict=True))
        found = self._pool.map(self._one, wanted) if self._pool else map(self._one, wanted)
        return np.stack(list(found))

    def _one(self, place: tuple[int, int]) -> Pixels:
        kept = self._kept.get(place)
        if kept is None:
            kept = decoded(self._chips.images[place[0]][place[1]])
            if len(self._kept) < self._most:
                self._kept[place] = kept
        return kept
