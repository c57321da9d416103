"""A worker process, as its parent uses and watches it."""

from __future__ import annotations

import contextlib
import subprocess
import warnings
from collections import deque
from multiprocessing import Pipe

from faceindex.errors import Note
from faceindex.faces.analyse import Analyser
from faceindex.ingest.workers import child
from faceindex.ingest.workers.executor import Analysed
from faceindex.ingest.workers.messages import Held, Started, StartFailure
from faceindex.ingest.workers.watch import Watch
from faceindex.ingest.workers.worker import AlignedFile
from faceindex.photos.finding.addresses import is_url
from faceindex.photos.finding.entries import FoundFile
from faceindex.system.children import Connection
from faceindex.system.files import set_blocking

_WORKER = "from faceindex.ingest.workers.start import main; main()"
_STDERR_BYTES = 1 << 16


QUEUED, QUEUED_AHEAD = 2, 6
"""Files in a worker beside those that it holds: one at work, and one so that it never waits; of files at addresses
more, as it reads them ahead."""


class WorkerProcess:
    """One process. files: given and not yet answered. The faces of the first `held` are found and wait for those of
    others; the next file is at work.

    alone: it is fresh and gets only one file until that is answered. started: it has analysed its test picture. watch:
    of its present task.
    """

    def __init__(
        self,
        analyser: Analyser,
        memory_limit: int,
        *,
        alone: bool = False,
        one_thread: bool = True,
        work: str = "analyse",
    ) -> None:
        """memory_limit: bytes, or 0. one_thread: see `child.start`. work: see `start.main`. Raises: OSError if the
        system gives no process, descriptor or memory."""
        self.files: deque[FoundFile] = deque()
        self.held = 0
        self.alone = alone
        self.started = False
        self.connection, theirs = Pipe()
        try:
            self._process = _start(theirs, memory_limit, one_thread=one_thread, work=work)
        except BaseException:
            self.connection.close()
            raise
        finally:
            theirs.close()
        self.watch = Watch(self._process.pid)
        self._send(analyser)

    @property
    def takes_more(self) -> bool:
        """Whether it may be given another file."""
        queued = QUEUED_AHEAD if self.files and is_url(self.files[-1].path) else QUEUED
        return not self.alone and len(self.files) - self.held < queued

    def give(self, file: FoundFile, aligned: AlignedFile | None = None) -> None:
        """Give it another file to analyse. aligned: the same, for a process that only encodes."""
        if not self.files and self.started:
            self.watch.begin()
        self.files.append(file)
        self._send(aligned or file)

    def receive(self) -> Analysed | StartFailure | None:
        """Its next answer; None when it has started or goes on to another file. Raises: EOFError, OSError if it has
        died."""
        answer: Analysed | StartFailure | Held | Started = self.connection.recv()
        self.watch.begin()
        if isinstance(answer, Held):
            self.held = answer.files
            return None
        if isinstance(answer, Started):
            self.started = True
            self._close_stderr()
            for note in answer.notes:
                warnings.warn(note, Note, stacklevel=2)
            return None
        if isinstance(answer, Analysed):
            place = self.files.index(answer.file)
            del self.files[place]
            self.held -= place < self.held
            self.alone = False
        return answer

    def take_culprit(self) -> FoundFile:
        """Remove the file that was at work when the process died or was given up: which is not sure if it was
        encoding."""
        place = min(self.held, len(self.files) - 1)
        culprit = self.files[place]
        del self.files[place]
        return culprit

    def ending(self) -> str:
        """How the process ended, see `child.ending`."""
        return child.ending(self._process)

    def last_words(self) -> str:
        """The last line on its stderr before it started, or an empty text."""
        if self._process.stderr is None or self._process.stderr.closed:
            return ""
        set_blocking(self._process.stderr.fileno(), False)
        said = self._process.stderr.read(_STDERR_BYTES) or b""
        lines = said.decode(errors="replace").strip().splitlines()
        return next((line for line in reversed(lines) if "rror" in line), lines[-1] if lines else "")

    def kill(self) -> None:
        """Tell it to end; `stop` waits for that."""
        self._process.kill()

    def stop(self) -> None:
        """End it, or leave it behind if it cannot end now."""
        self.kill()
        self.connection.close()
        self._close_stderr()
        self.ending()

    def _send(self, what: object) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it is dead; the next `receive` raises
            self.connection.send(what)

    def _close_stderr(self) -> None:
        if self._process.stderr is not None:
            self._process.stderr.close()


def _start(
    connection: Connection, memory_limit: int, *, one_thread: bool, work: str = "analyse"
) -> subprocess.Popen[bytes]:
    return child.start(_WORKER, connection, memory_limit, work, one_thread=one_thread)
