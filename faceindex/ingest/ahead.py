"""Files found ahead of their use, in a thread, so that a disk that does not answer is noticed and left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

from faceindex.errors import MachineError
from faceindex.ingest import watch

Found = TypeVar("Found")

_BATCH, _BATCH_SECONDS = 100, 0.01
_BATCHES = 10
_WAIT_SECONDS = 0.2


class Ahead(Generic[Found]):
    """Iterates over `found`, which another thread makes. Raises: what making it raises; MachineError.

    stopped: whether the user wants no more. idle_limit: seconds without anything found and without processor time used
    for finding, after which MachineError is raised. A thread that a disk holds is left behind.
    """

    def __init__(self, found: Iterator[Found], stopped: Callable[[], bool], *, idle_limit: float) -> None:
        self._stopped = stopped
        self._idle_limit = idle_limit
        self._batches: Queue[list[Found] | BaseException | None] = Queue(_BATCHES)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._find, args=(found,), daemon=True)

    def __iter__(self) -> Generator[Found, None, None]:
        self._thread.start()
        try:
            while not isinstance(batch := self._next(), BaseException):
                if batch is None:
                    return
                yield from batch
            raise batch
        finally:
            self._closed.set()

    def _next(self) -> list[Found] | BaseException | None:
        idle, used, looked = 0.0, self._used(), time.monotonic()
        while not self._stopped():
            with suppress(Empty):
                return self._batches.get(timeout=_WAIT_SECONDS)
            now, using = time.monotonic(), self._used()
            # Time in which all of this process was stopped says nothing about the disk.
            idle = idle + min(now - looked, 2 * watch.LOOK_SECONDS) if using == used else 0.0
            used, looked = using, now
            if idle > self._idle_limit:
                return MachineError(f"no folder or file could be looked at for {self._idle_limit:g} seconds")
        return None

    def _used(self) -> float:
        """Seconds of processor time that the thread has used, where the system tells."""
        if not hasattr(time, "pthread_getcpuclockid") or self._thread.ident is None or not self._thread.is_alive():
            return 0.0
        return time.clock_gettime(time.pthread_getcpuclockid(self._thread.ident))

    def _find(self, found: Iterator[Found]) -> None:
        last: BaseException | None = None
        try:
            for batch in _batches(found):
                if not self._put(batch):
                    return
        except BaseException as error:  # the other thread raises it
            last = error
        self._put(last)

    def _put(self, batch: list[Found] | BaseException | None) -> bool:
        """False when nobody wants it any more."""
        while not self._closed.is_set():
            with suppress(Full):
                self._batches.put(batch, timeout=_WAIT_SECONDS)
                return True
        return False


def _batches(found: Iterator[Found]) -> Iterator[list[Found]]:
    batch: list[Found] = []
    began = time.monotonic()
    for one in found:
        batch.append(one)
        if len(batch) >= _BATCH or time.monotonic() - began > _BATCH_SECONDS:
            yield batch
            batch, began = [], time.monotonic()
    if batch:
        yield batch
