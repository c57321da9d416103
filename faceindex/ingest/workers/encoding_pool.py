"""An executor for GPUs: processes decode photos and align faces on the CPU, and one process encodes all of them.

Its promises are those of `ProcessPool`, of which the first part is one. If the encoding process ends, another one takes
over what it has not answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import wait

from faceindex.errors import MachineError
from faceindex.faces.analyse import Analyser
from faceindex.ingest.workers.executor import Analysed, Fault, Task
from faceindex.ingest.workers.limits import IDLE_LIMIT
from faceindex.ingest.workers.messages import StartFailure
from faceindex.ingest.workers.pool import ProcessPool
from faceindex.ingest.workers.worker import AlignedFile
from faceindex.ingest.workers.worker_process import WorkerProcess

_MOST_ALIGNED = 64
"""Photos that may wait to be encoded: 7 MB, if each has one face."""

_DEATHS = 3  # of the encoding process in a row, without an answer in between
_MOST_FAILURES = 10  # photos in a row that could not be encoded


class EncodingPool:
    """See `Executor`. workers: processes that decode and align; the one that encodes comes in addition."""

    def __init__(self, workers: int, *, idle_limit: float = IDLE_LIMIT, one_thread: bool = True) -> None:
        """one_thread: as of `ProcessPool`."""
        self._aligning = ProcessPool(workers, idle_limit=idle_limit, one_thread=one_thread, work="align")
        self._idle_limit = idle_limit
        self._one_thread = one_thread
        self._begin()

    def _begin(self) -> None:
        self._analyser: Analyser | None = None
        self._encoder: WorkerProcess | None = None
        self._aligned: dict[str, AlignedFile] = {}  # by path: given to the encoder and not answered
        self._deaths = self._failures = 0

    @property
    def workers(self) -> int:
        """How many photos may be decoded at the same time."""
        return self._aligning.workers

    @property
    def room(self) -> bool:
        """Whether it accepts another task."""
        return self._aligning.room and len(self._aligned) < _MOST_ALIGNED

    @property
    def waiting(self) -> int:
        """Number of files submitted and not yet answered."""
        return self._aligning.waiting + len(self._aligned)

    def submit(self, task: Task) -> None:
        """Accept a task. Raises: MachineError; ValueError if the analyser differs from that of earlier tasks."""
        if self._analyser not in (None, task.analyser):
            raise ValueError("the processes have another analyser; close the pool first")
        self._analyser = task.analyser
        self._aligning.submit(Task(task.file, task.analyser.on_cpu()))

    def answers(self, timeout: float) -> Iterator[Analysed]:
        """The answers so far; waits up to `timeout` seconds for the first. Raises: MachineError."""
        connections = [*self._aligning.connections, *([self._encoder.connection] if self._encoder else [])]
        if connections:
            wait(connections, timeout)
        for answer in self._aligning.answers(0):
            if answer.aligned is None:
                yield answer
            elif not answer.aligned.faces:
                yield replace(answer, photo=answer.aligned.photo, aligned=None)
            else:
                self._give(AlignedFile(answer.file, answer.aligned, answer.seconds))
        yield from self._encoded()

    def close(self) -> None:
        """End all processes, and drop the submitted tasks."""
        self._aligning.close()
        if self._encoder is not None:
            self._encoder.stop()
        self._begin()

    def _give(self, file: AlignedFile) -> None:
        self._aligned[file.file.path] = file
        if self._encoder is None:
            self._start()
        else:
            self._encoder.give(file.file, file)

    def _start(self) -> None:
        """Start the encoding process, and give it all that waits. Raises: MachineError."""
        assert self._analyser is not None
        try:
            self._encoder = WorkerProcess(self._analyser, 0, one_thread=self._one_thread, work="encode")
        except OSError as error:
            raise MachineError(f"the process that encodes faces does not start: {error.strerror or error}") from error
        for file in self._aligned.values():
            self._encoder.give(file.file, file)

    def _encoded(self) -> Iterator[Analysed]:
        while (encoder := self._encoder) is not None and encoder.connection.poll():
            try:
                answer = encoder.receive()
            except (EOFError, OSError):
                self._ended(encoder.ending() if encoder.started else encoder.last_words() or encoder.ending())
                return
            if isinstance(answer, StartFailure):
                self._ended(answer.reason)
                return
            if answer is not None:
                yield self._judged(answer)
        if encoder is not None and encoder.files:
            encoder.watch.look()
            if encoder.watch.idle > self._idle_limit:
                self._ended(f"did not answer for {self._idle_limit:g} seconds")

    def _judged(self, answer: Analysed) -> Analysed:
        del self._aligned[answer.file.path]
        self._deaths = 0
        self._failures = 0 if answer.photo else self._failures + 1
        if self._failures == _MOST_FAILURES:
            raise MachineError(f"no face can be encoded here now: {answer.error}")
        return answer if answer.photo else replace(answer, fault=Fault.MACHINE)

    def _ended(self, reason: str) -> None:
        """Start the encoding process again. Raises: MachineError after several ends in a row."""
        assert self._encoder is not None
        self._encoder.stop()
        self._encoder = None
        self._deaths += 1
        if self._deaths == _DEATHS:
            raise MachineError(f"the process that encodes faces ends again and again: {reason}")
        self._start()
