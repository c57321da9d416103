"""dlib's own HOG detector for a process's first photos: compiling our loops takes seconds, loading them half of one.

Both find the same faces: of 701 in 550 photos every box, and scores that differ by 0.0012 at most. So a few photos are
done sooner by dlib, and many by the loops. Without numba, which comes with the extra `hog`, dlib scans all of them.
"""

from __future__ import annotations

from dataclasses import replace

from faceindex.faces.engine import Engine
from faceindex.faces.kernels import can_compile
from faceindex.types import Pixels

LOADED_PIXELS = 14_000_000
"""Scanned pixels after which loops that were compiled before are worth loading: dlib takes 80 ns for one, the loops 38,
and 0.6 s to load."""

COMPILED_PIXELS = 100_000_000
"""And after which they are worth compiling, which takes 4.3 s."""


class HogStart:
    """Counts what a process scans."""

    def __init__(self) -> None:
        self._scanned = 0
        self._ready = False

    def engine(self, engine: Engine, pixels: Pixels) -> Engine:
        """What is to scan `pixels`, uint8 [h, w, 3]: `engine`, or dlib in its place as long as few were scanned."""
        if engine.name == "dlib" or self._ready or not can_compile():
            return engine
        self._scanned += pixels.shape[0] * pixels.shape[1]
        worth_loading = self._scanned > LOADED_PIXELS and _compiled_before()
        self._ready = worth_loading or self._scanned > COMPILED_PIXELS
        return engine if self._ready else replace(engine, name="dlib")


def _compiled_before() -> bool:
    from faceindex.faces.fhog import cell_histograms

    return cell_histograms.kept
