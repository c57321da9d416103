"""A worker process as its parent sees it: given files, watched, and never waited for without end.

Workers are started with exec, not fork: they inherit no lock and no thread, and a script that calls
`Library.ingest` needs no `if __name__ == "__main__"`. A worker whose parent dies sees its pipe close and ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from faceindex import telemetry
from faceindex.faces.analyse import Analyser
from faceindex.ingest.processes import Activity, activity
from faceindex.ingest.start import Unable
from faceindex.ingest.worker import Analysed
from faceindex.photos.find import FoundFile

LOOK_SECONDS = 1.0
"""How often a worker that has not answered is looked at."""

_END_SECONDS = 5.0
"""How long a killed process is waited for. One that a dead disk holds, or that is frozen, ends later, or never."""

_WORKER = "from faceindex.ingest.start import main; main()"
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_STDERR_BYTES = 1 << 16

_KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
"""By itself glibc gives the memory of every picture back to the system, and gets it anew page by page: 5 % of a
worker's time, for 45 MB less. 32 MiB is the most that the first one may be. Other C libraries do not look at them."""


class WorkerProcess:
    """One process. files: given and not yet answered, the first being worked on.

    alone: it is fresh, and gets one file only until that is answered. started: it has tried itself out. processor:
    seconds of processor time since it began with what it does. idle: seconds for which it has neither used the
    processor nor read a byte, though nobody stopped it.
    """

    def __init__(self, analyser: Analyser, memory_limit: int, *, alone: bool = False) -> None:
        """Raises: OSError when the system gives no process, descriptor or memory."""
        self.files: deque[FoundFile] = deque()
        self.alone = alone
        self.started = False
        self.processor = self.idle = 0.0
        self._began: float | None = 0.0
        self._last: Activity | None = None
        self._looked = time.monotonic()
        self.connection, theirs = Pipe()
        try:
            self._process = _start(theirs, memory_limit)
        except BaseException:
            self.connection.close()
            raise
        finally:
            theirs.close()
        self._send(analyser)

    def give(self, file: FoundFile) -> None:
        """Another file to analyse."""
        if not self.files and self.started:
            self._begin()
        self.files.append(file)
        self._send(file)

    def receive(self) -> Analysed | Unable | None:
        """Its next answer; None is its word that it has started. Raises: EOFError, OSError when it has died."""
        answer: Analysed | Unable | None = self.connection.recv()
        if isinstance(answer, Analysed):
            self.files.popleft()
            self.alone = False
        elif answer is None:
            self.started = True
            self._close_stderr()
        self._begin()
        return answer

    def look(self) -> None:
        """See what it has done since it was last looked at, unless that was just now."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        # Time in which we were asleep ourselves, or busy, says nothing about the worker.
        passed, self._looked = min(now - self._looked, 2 * LOOK_SECONDS), now
        seen = activity(self._process.pid)
        if seen is None:
            return
        if self._began is None:
            self._began = seen.processor
        self.processor = seen.processor - self._began
        self.idle = 0.0 if seen.suspended or seen != self._last else self.idle + passed
        self._last = seen

    def ending(self) -> int | None:
        """How the process ended: its exit code, or the number of a signal as a negative one; None when it has not."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout=_END_SECONDS)
        return None

    def last_words(self) -> str:
        """What it last wrote to stderr before it had started, in one line, or nothing."""
        if self._process.stderr is None or self._process.stderr.closed:
            return ""
        os.set_blocking(self._process.stderr.fileno(), False)
        said = self._process.stderr.read(_STDERR_BYTES) or b""
        lines = said.decode(errors="replace").strip().splitlines()
        return next((line for line in reversed(lines) if "rror" in line), lines[-1] if lines else "")

    def kill(self) -> None:
        """Send it its end; `stop` waits for that."""
        self._process.kill()

    def stop(self) -> None:
        """End it. One that cannot end now is left behind: it ends when it can."""
        self.kill()
        self.connection.close()
        self._close_stderr()
        self.ending()

    def _begin(self) -> None:
        self._began = None  # known when it is next looked at
        self.processor = self.idle = 0.0
        self._looked = time.monotonic()

    def _send(self, what: object) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # dead: the next `receive` says so
            self.connection.send(what)

    def _close_stderr(self) -> None:
        if self._process.stderr is not None:
            self._process.stderr.close()


def ending_in_words(code: int | None) -> str:
    """The name of the signal, or the exit code."""
    if code is None:
        return "still running"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return f"signal {-code}"


def _start(connection: Connection, memory_limit: int) -> subprocess.Popen[bytes]:
    environment = _KEPT_MEMORY | os.environ | telemetry.OFF | dict.fromkeys(_ONE_THREAD, "1")
    package = str(Path(__file__).parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    # The kernel ends a child with the thread that started it: only the main thread lives as long as the program.
    parent = os.getpid() if threading.current_thread() is threading.main_thread() else 0
    # A child inherits the mask: Ctrl-C is for the parent, which then stops its workers.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(connection.fileno()), str(memory_limit), str(parent)],
            pass_fds=(connection.fileno(),),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
