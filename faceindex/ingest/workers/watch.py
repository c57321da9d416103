"""Watching a process that was given something to do: by its processor time and what it reads, not by the wall clock."""

from __future__ import annotations

import time

from faceindex.ingest.workers.processes import Activity, activity

LOOK_SECONDS = 1.0
"""How often a process that has not answered is looked at."""


class Watch:
    """processor: seconds of processor time since the process began with what it does. idle: seconds for which it has
    neither used the processor nor read a byte, though nobody stopped it."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._last: Activity | None = None
        self.begin(0.0)

    def begin(self, before: float | None = None) -> None:
        """It begins with something else. before: processor time that it had used; default what is seen next."""
        self.processor = self.idle = 0.0
        self._before = before
        self._looked = time.monotonic()

    def look(self) -> None:
        """See what it has done since it was last looked at, unless that was just now."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        # Time in which we were asleep ourselves, or busy, says nothing about the process.
        passed, self._looked = min(now - self._looked, 2 * LOOK_SECONDS), now
        seen = activity(self._process)
        if seen is None:
            return
        if self._before is None:
            self._before = seen.processor
        self.processor = seen.processor - self._before
        self.idle = 0.0 if seen.suspended or seen != self._last else self.idle + passed
        self._last = seen
