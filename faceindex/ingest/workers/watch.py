"""Watches a process at work by its processor time and the bytes that it reads, not by the wall clock."""

from __future__ import annotations

import time

from faceindex.system.processes import Activity, activity

LOOK_SECONDS = 1.0
"""Seconds between two looks at a process that has not answered."""


class Watch:
    """processor: seconds of processor time since the process began its present task. idle: seconds in which it used no
    processor time and read no byte, although nobody suspended it."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._last: Activity | None = None
        self.begin(0.0)

    def begin(self, before: float | None = None) -> None:
        """Begin a new task. before: processor time used until now; default: the next value seen."""
        self.processor = self.idle = 0.0
        self._before = before
        self._looked = time.monotonic()

    def look(self) -> None:
        """Update both values, unless that was done just now."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        # If we slept or were busy ourselves, the time says nothing about the process.
        passed, self._looked = min(now - self._looked, 2 * LOOK_SECONDS), now
        seen = activity(self._process)
        if seen is None:
            return
        if self._before is None:
            self._before = seen.processor
        self.processor = seen.processor - self._before
        self.idle = 0.0 if seen.suspended or seen != self._last else self.idle + passed
        self._last = seen
