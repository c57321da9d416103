"""A pool of worker processes in which a photo that kills, hangs or swells its worker costs that photo only.

Workers are started with exec, not fork: they inherit no lock and no thread, and a script that calls
`Library.ingest` needs no `if __name__ == "__main__"`. A worker whose parent dies sees its pipe close and ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import Self

from faceindex import telemetry
from faceindex.errors import FaceindexError
from faceindex.faces.analyse import Analyser
from faceindex.ingest.worker import Analysed
from faceindex.photos.find import FoundFile

TIME_LIMIT = 60.0
"""Seconds after which a photo that is still being analysed is given up and its worker replaced."""

START_LIMIT = 120.0
"""Seconds that a worker may take to start: on a busy machine loading the networks takes long."""

MEMORY_LIMIT = 4 << 30
"""Bytes that a worker may use, its networks included (0.6 GB). A PNG of 300 megapixels takes 2.7 GB."""

_WORKER = "from faceindex.ingest.worker import main; main()"
_STARTS = 3  # workers in a row that may die before they have started, until the pool gives up
_QUEUED = 2  # files given to a worker at a time: one to work on and one so that it never waits
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

_KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
"""By itself glibc gives the memory of every picture back to the system, and gets it anew page by page: 5 % of a
worker's time, for 45 MB less. 32 MiB is the most that the first one may be. Other C libraries do not look at them."""


class WorkerPool:
    """`submit` files while there is `room`; collect an Analysed for each, in the order of completion."""

    def __init__(
        self,
        analyser: Analyser,
        workers: int,
        *,
        time_limit: float = TIME_LIMIT,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self._analyser = analyser
        self._time_limit = time_limit
        self._memory_limit = memory_limit
        self._limit = workers
        self._workers: list[_Worker] = []  # started when there is work: a rescan may need none
        self._tried: set[str] = set()  # paths of photos that a worker died over
        self._dead_starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.stop()

    @property
    def room(self) -> bool:
        """Whether a worker can take another file."""
        return len(self._workers) < self._limit or any(len(worker.files) < _QUEUED for worker in self._workers)

    @property
    def waiting(self) -> int:
        """Number of files submitted and not yet answered."""
        return sum(len(worker.files) for worker in self._workers)

    def submit(self, file: FoundFile) -> None:
        """Give a file to an idle worker, a new one, or the one with the fewest."""
        if len(self._workers) < self._limit and all(worker.files for worker in self._workers):
            self._workers.append(self._new_worker())
        min(self._workers, key=lambda worker: len(worker.files)).give(file)

    def answers(self, timeout: float) -> Iterator[Analysed]:
        """What has been answered by now; waits up to `timeout` seconds for the first.

        Raises: FaceindexError when workers do not even start.
        """
        connections = [worker.connection for worker in self._workers if worker.files]
        ready = set(wait(connections, timeout)) if connections else set()
        for place, worker in enumerate(self._workers):
            if worker.connection in ready:
                try:
                    answer = worker.receive()
                    self._dead_starts = 0
                except (EOFError, OSError):  # OSError: it died within an answer
                    answer = self._died(place)
                if answer is not None and answer.exhausted:
                    self._restart(place, worker.files)
                    answer = replace(answer, error=f"needed more than {self._memory_limit >> 20} MB of memory")
                if answer is not None:
                    yield answer
            elif worker.files and time.monotonic() - worker.since > (
                self._time_limit if worker.started else START_LIMIT
            ):
                yield self._replace(place, f"not finished after {self._time_limit:g} seconds")

    def _died(self, place: int) -> Analysed | None:
        """Replace a worker that has died. Its photo is tried once more: only a death that repeats is the photo's fault,
        others are the work of people, or of a kernel that needed memory."""
        worker = self._workers[place]
        if worker.started:
            culprit = worker.files[0].path
            if culprit in self._tried:
                return self._replace(place, f"its decoder crashed ({worker.ending()})")
            self._tried.add(culprit)
        else:
            self._dead_starts += 1
            if self._dead_starts == _STARTS:
                raise _no_start(worker)
        self._restart(place, worker.files)
        return None

    def _replace(self, place: int, reason: str) -> Analysed:
        worker = self._workers[place]
        if not worker.started:
            worker.stop()
            raise _no_start(worker)
        culprit, *others = worker.files
        self._restart(place, others)
        return Analysed(culprit, None, reason)

    def _restart(self, place: int, files: Iterable[FoundFile]) -> None:
        """Another worker in the place of one, for `files`, which it has not answered."""
        self._workers[place].stop()
        self._workers[place] = self._new_worker()
        for file in files:
            self._workers[place].give(file)

    def _new_worker(self) -> _Worker:
        return _Worker(self._analyser, self._memory_limit)


class _Worker:
    """One process. files: given and not yet answered, the first being worked on since `since`."""

    def __init__(self, analyser: Analyser, memory_limit: int) -> None:
        self.connection, theirs = Pipe()
        self.files: deque[FoundFile] = deque()
        self.since = time.monotonic()
        self.started = False
        self._process = _start(theirs, memory_limit)
        theirs.close()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # dead: the first `receive` says so
            self.connection.send(analyser)

    def give(self, file: FoundFile) -> None:
        if not self.files:
            self.since = time.monotonic()
        self.files.append(file)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # dead: the next `receive` says so
            self.connection.send(file)

    def receive(self) -> Analysed | None:
        """The worker's next answer; None is its word that it has started."""
        answer: Analysed | None = self.connection.recv()
        self.started = True
        self.since = time.monotonic()
        if answer is not None:
            self.files.popleft()
        return answer

    def ending(self) -> str:
        """How the process ended."""
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "still running"
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def stop(self) -> None:
        self.connection.close()
        self._process.kill()
        self._process.wait()


def _no_start(worker: _Worker) -> FaceindexError:
    return FaceindexError(f"worker processes do not start ({worker.ending()}); try `faceindex models verify`")


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start(connection: Connection, memory_limit: int) -> subprocess.Popen[bytes]:
    environment = _KEPT_MEMORY | os.environ | telemetry.OFF | dict.fromkeys(_ONE_THREAD, "1")
    package = str(Path(__file__).parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    # A child inherits the mask: Ctrl-C is for the parent, which then stops its workers.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(connection.fileno()), str(memory_limit)],
            pass_fds=(connection.fileno(),),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
