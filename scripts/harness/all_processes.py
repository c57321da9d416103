"""Processor time of this process and of all below it, also of those for which nobody waits."""

from __future__ import annotations

import contextlib
import os
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

import psutil

from harness.measure import Cost

LOOK = 0.1


class AllProcesses:
    """Processor seconds of this process and all below it, also of those that have ended: Ray does not wait for its own,
    so that the system forgets their time. Another process looks at each every LOOK seconds while it lives, so that
    looking costs the measured ones nothing, and is not counted."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._watcher = context.Process(target=_watch, args=(theirs, os.getpid()), daemon=True)
        self._watcher.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._watcher.join()

    def __call__(self) -> Cost:
        """What was spent until now; the clock starts anywhere."""
        self._connection.send(None)
        processor: float = self._connection.recv()
        return Cost(time.perf_counter(), processor)


def _watch(connection: Connection, root: int) -> None:
    seen: dict[tuple[int, float], float] = {}
    with contextlib.suppress(EOFError, psutil.NoSuchProcess):  # until it is closed, or all has ended
        while True:
            asked = connection.poll(LOOK)
            if asked:
                connection.recv()
            _look(psutil.Process(root), seen)
            if asked:
                connection.send(sum(seen.values()))


def _look(root: psutil.Process, seen: dict[tuple[int, float], float]) -> None:
    for process in (root, *root.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid():
                seen[process.pid, process.create_time()] = sum(process.cpu_times()[:2])
