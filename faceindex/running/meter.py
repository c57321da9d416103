"""The meter: work counts its steps, and a function of the caller gets the progress from time to time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from faceindex.running.stop import Stop
from faceindex.types.jobs import Progress

Item = TypeVar("Item")

TELL_SECONDS = 0.1
"""Seconds between two reports; an ingest checks thousands of files in that time."""

_RATE_SECONDS, _POINT_SECONDS = 30.0, 0.5  # period of the rate, and time between two of its points

Tell = Callable[[Progress], None]


class Meter:
    """The progress of one piece of work; `stop` says whether it should go on. Threads that share the work may share it.

    The reported count never decreases: if the work corrects its count, the report stays still until the count passes
    it.
    """

    def __init__(self, tell: Tell | None = None, stop: Stop | None = None) -> None:
        """tell: called every TELL_SECONDS and at the start of each stage; None: nobody is told."""
        self.stop = stop or Stop()
        self._tell = tell
        self._stage = ""
        self._total: int | None = None
        self._done = self._faces = self._failed = 0
        self._lock = threading.Lock()
        self._told = -TELL_SECONDS
        self._points: deque[tuple[float, int]] = deque()

    def stage(self, name: str, total: int | None = None) -> None:
        """Start a stage. total: steps of all stages, if known. Raises: JobCancelled."""
        self.stop.check()
        self.announce(name, total)

    def announce(self, name: str, total: int | None = None) -> None:
        """As `stage`, for work that ends by itself when it is stopped."""
        with self._lock:
            self._stage = name
            self._total = self._total if total is None else total
            self._say(now=True)

    def advance(self, steps: int = 1) -> None:
        """Count steps. Raises: JobCancelled."""
        self.stop.check()
        with self._lock:
            self._done += steps
            self._say()

    def each(self, items: Iterable[Item]) -> Iterator[Item]:
        """`items`, each counted as one step. Raises: JobCancelled."""
        for item in items:
            yield item
            self.advance()

    @property
    def due(self) -> bool:
        """Whether it is time for the next report."""
        return self._tell is not None and time.monotonic() - self._told > TELL_SECONDS

    def show(self, done: int, *, total: int | None, faces: int, failed: int, now: bool = False) -> None:
        """Set all counts, for work that counts by itself. now: report in any case."""
        with self._lock:
            self._done = max(done, self._done)
            self._total, self._faces, self._failed = total, faces, failed
            self._say(now=now)

    def _say(self, *, now: bool = False) -> None:
        if self._tell is None or not (now or self.due):
            return
        self._told = clock = time.monotonic()
        total = None if self._total is None else max(self._total, self._done)
        rate = self._rate(clock)
        left = (total - self._done) / rate if total is not None and rate else None
        self._tell(
            Progress(
                self._done,
                self._faces,
                self._failed,
                total,
                self._stage,
                rate=rate,
                seconds_left=0.0 if total == self._done else left,
            )
        )

    def _rate(self, clock: float) -> float:
        if not self._points or clock - self._points[-1][0] >= _POINT_SECONDS:
            self._points.append((clock, self._done))
        while len(self._points) > 1 and clock - self._points[1][0] >= _RATE_SECONDS:
            self._points.popleft()
        began, before = self._points[0]
        return (self._done - before) / (clock - began) if clock > began else 0.0
