"""Lists files in a thread, ahead of their use, so that a disk that does not answer is noticed and given up."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Generic, TypeVar

from faceindex.errors import SilentDisk
from faceindex.ingest.workers import watch
from faceindex.running.stop import Stop
from faceindex.running.threads import start
from faceindex.system.processes import thread_seconds

Found = TypeVar("Found")

_LIMIT = 50_000  # files, 15 MB: so the total of most collections is known soon
_WAIT_SECONDS = 0.2
_LOOK_SECONDS = 0.02  # between two looks for results that are fewer than BATCH

BATCH = 500
"""Results that are taken at once."""


class Prefetched(Generic[Found]):
    """Iterates over `found` in another thread. Raises: what `found` raises; SilentDisk.

    stop: ends it. idle_limit: SilentDisk is raised after this many seconds without a result and without processor time.
    The thread is then abandoned, as the disk may hold it for ever. total: number of results, known when all are found.
    """

    def __init__(self, found: Iterator[Found], stop: Stop, *, idle_limit: float) -> None:
        self.total: int | None = None
        self._stop = stop
        self._idle_limit = idle_limit
        self._found: deque[Found] = deque()
        self._more, self._room, self._closed = threading.Event(), threading.Event(), threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._find, args=(found,), daemon=True)

    def __iter__(self) -> Generator[Found, None, None]:
        with closing(self.batches()) as batches:
            for batch in batches:
                yield from batch

    def batches(self) -> Generator[list[Found], None, None]:
        """The results in lists of those that are there: BATCH at most, and nothing is waited for but the first."""
        start(self._thread)
        try:
            while self._found or self._wait():
                yield [self._found.popleft() for _ in range(min(len(self._found), BATCH))]
                if len(self._found) <= _LIMIT // 2:
                    self._room.set()
            if self._error is not None:
                raise self._error
        finally:
            self._closed.set()

    def _wait(self) -> bool:
        """Wait for another result; False at the end. Raises: SilentDisk."""
        idle, used, looked = 0.0, self._used(), time.monotonic()
        while not self._stop.is_set():
            self._more.clear()
            ended = not self._thread.is_alive()  # checked before the last look, so that no result is missed
            if self._found or ended:
                return bool(self._found)
            self._more.wait(_LOOK_SECONDS)
            now, using = time.monotonic(), self._used()
            # If this whole process was suspended, the time says nothing about the disk.
            idle = idle + min(now - looked, 2 * watch.LOOK_SECONDS) if using == used else 0.0
            used, looked = using, now
            if idle > self._idle_limit and not self._found:
                raise SilentDisk(f"no folder or file could be listed for {self._idle_limit:g} seconds")
        return False

    def _used(self) -> float:
        """Processor time of the thread in seconds, on systems that measure it."""
        if self._thread.ident is None or not self._thread.is_alive():
            return 0.0
        return thread_seconds(self._thread.ident)

    def _find(self, found: Iterator[Found]) -> None:
        count = 0
        try:
            for one in found:
                count += 1
                self._found.append(one)
                if count % BATCH == 0:  # fewer are found by looking: to wake the other thread for each costs more
                    self._more.set()
                while len(self._found) >= _LIMIT and not self._closed.is_set():
                    self._room.wait(_WAIT_SECONDS)
                    self._room.clear()
                if self._closed.is_set():
                    return
            self.total = count
        except BaseException as error:  # the other thread raises it
            self._error = error
        self._more.set()
