"""A pool of worker processes. A photo that crashes, blocks or overfills its worker harms only itself.

If the machine stops, freezes or kills a worker, or lacks memory, no photo fails; it only takes longer. A photo fails
only for what it does alone, in a fresh worker that has analysed a test picture and holds no other photo.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import wait

from faceindex.errors import MachineError
from faceindex.faces.analyse import Analyser
from faceindex.ingest.workers.executor import Analysed, Fault, Task
from faceindex.ingest.workers.limits import IDLE_LIMIT, MEMORY_LIMIT, START_LIMIT, TIME_LIMIT
from faceindex.ingest.workers.messages import StartFailure
from faceindex.ingest.workers.worker_process import WorkerProcess
from faceindex.photos.finding.addresses import is_url
from faceindex.photos.finding.entries import FoundFile
from faceindex.system.cgroups import oom_kills
from faceindex.system.children import Connection
from faceindex.system.processes import grants_memory

_STARTS = 3  # workers in a row that may fail to start
_PAUSE = 0.5  # seconds before the next try, times the number of tries
_MOST_FAILURES = 10  # failures of the machine in a row, without an analysed photo in between
_TRIES = 3  # for a photo whose worker is killed from outside
_SILENT = 3  # postponed photos in a row that still cannot be read, until the rest is not tried
_SHORT_OF_MEMORY = "the machine has too little memory"
_CRASHES = frozenset({"SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSYS", "SIGTRAP"})


class ProcessPool:
    """`submit` tasks while there is `room`; `answers` gives an Analysed for each, in the order of completion. See
    `Executor`.

    workers: how many there may be; it is reduced when memory or processes run short.
    """

    def __init__(
        self,
        workers: int,
        *,
        time_limit: float = TIME_LIMIT,
        memory_limit: int = MEMORY_LIMIT,
        idle_limit: float = IDLE_LIMIT,
        one_thread: bool = True,
        work: str = "analyse",
    ) -> None:
        """one_thread: the thread that submits also closes it; then Linux ends the workers with that thread if the
        program is killed. work: see `start.main`."""
        self._asked = workers
        self._work = work
        self._one_thread = one_thread
        self._time_limit = time_limit
        self._memory_limit = memory_limit
        self._idle_limit = idle_limit
        self._begin()

    def _begin(self) -> None:
        self.workers = self._asked
        self._analyser: Analyser | None = None
        self._workers: list[WorkerProcess] = []  # started when there is work; an ingest without new photos needs none
        self._queue: deque[FoundFile] = deque()  # taken from workers that ended
        self._suspects: deque[FoundFile] = deque()  # to be tried alone, as they may have crashed a worker
        self._late: deque[FoundFile] = deque()  # to be tried once more at the end
        self._tries: Counter[tuple[str, str]] = Counter()  # by path and cause
        self._failed_starts = 0
        self._machine_failures = 0
        self._silent = 0
        self._oom_kills = oom_kills()

    def close(self) -> None:
        """End all workers, and drop the submitted tasks."""
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.stop()
        self._begin()

    @property
    def room(self) -> bool:
        """Whether it accepts another task."""
        if self._queue or self._suspects:
            return False
        return len(self._workers) < self.workers or any(worker.takes_more for worker in self._workers)

    @property
    def connections(self) -> dict[Connection, WorkerProcess]:
        """Where answers come from, of the processes that are at work."""
        return {worker.connection: worker for worker in self._workers if worker.files}

    @property
    def waiting(self) -> int:
        """Number of files submitted and not yet answered."""
        held = sum(len(worker.files) for worker in self._workers)
        return held + len(self._queue) + len(self._suspects) + len(self._late)

    def submit(self, task: Task) -> None:
        """Give a task to an idle worker, a new one, or the one with the fewest tasks. Raises: MachineError.

        Also raises ValueError if the analyser differs from that of earlier tasks since the pool was closed."""
        if self._workers and task.analyser != self._analyser:
            raise ValueError("the workers have another analyser; close the pool first")
        self._analyser = task.analyser
        self._queue.append(task.file)
        self._distribute()

    def answers(self, timeout: float) -> Iterator[Analysed]:
        """The answers so far; waits up to `timeout` seconds for the first.

        Raises: MachineError if workers do not start, or the machine ends or blocks one after another.
        """
        self._distribute()
        connections = self.connections
        ready = set(wait(list(connections), timeout)) if connections else set()
        for connection, worker in connections.items():
            answer = self._answer(worker) if connection in ready else self._overdue(worker)
            if answer is not None:
                yield answer
        if self._silent >= _SILENT:
            while self._late:
                yield Analysed(self._late.popleft(), None, self._unreadable(), fault=Fault.PLACE)

    def _answer(self, worker: WorkerProcess) -> Analysed | None:
        alone = worker.alone
        try:
            answer = worker.receive()
        except (EOFError, OSError):  # OSError: it died while it sent an answer
            return self._died(worker)
        if isinstance(answer, StartFailure):
            self._not_started(worker, answer.reason, short_of_memory=answer.memory)
            return None
        self._failed_starts = 0
        if answer is None:
            return None
        return self._judged(worker, answer, alone=alone)

    def _judged(self, worker: WorkerProcess, answer: Analysed, *, alone: bool) -> Analysed | None:
        """The answer, unless the photo will be tried again."""
        match answer.fault:
            case Fault.MEMORY:
                self._replace(worker)
                if not alone:
                    self._suspects.append(answer.file)
                    return None
                if grants_memory(self._memory_limit):
                    reason = f"needed more than {self._memory_limit >> 20} MB of memory"
                    return replace(answer, error=reason, fault=Fault.PHOTO)
                return replace(answer, error="needs more memory than a process may use here (see `ulimit -a`)")
            case Fault.MACHINE:
                self._machine_failed(answer.error or "unknown")
                return self._once_more(answer)
            case Fault.PLACE if not is_url(answer.file.path):  # servers are asked several times at once
                return self._once_more(answer)
        self._machine_failures = self._silent = 0
        return answer

    def _died(self, worker: WorkerProcess) -> Analysed | None:
        """Handle a worker that died at work, or before it started."""
        ending = worker.ending()
        killed_for_memory = self._killed_for_memory()
        if not worker.started:
            reason = _SHORT_OF_MEMORY if killed_for_memory else worker.last_words() or ending
            self._not_started(worker, reason, short_of_memory=killed_for_memory)
            return None
        culprit, alone = worker.take_culprit(), worker.alone
        self._replace(worker)
        crashed = (ending in _CRASHES or ending.startswith("exit code")) and grants_memory(self._memory_limit)
        if crashed:
            self._tries[culprit.path, "crash"] += alone
            if self._tries[culprit.path, "crash"] == 2:
                return Analysed(culprit, None, f"its decoder crashed ({ending})")
        else:
            if killed_for_memory:
                self._shrink()
            why = _SHORT_OF_MEMORY if killed_for_memory else f"workers were ended by {ending}"
            self._machine_failed(why)
            self._tries[culprit.path, "killed"] += 1
            if self._tries[culprit.path, "killed"] == _TRIES:
                return Analysed(culprit, None, f"its worker was ended {_TRIES} times: {why}", fault=Fault.MACHINE)
        self._suspects.append(culprit)
        return None

    def _overdue(self, worker: WorkerProcess) -> Analysed | None:
        """Handle a worker that has not answered: the answer, if it has used up its time."""
        worker.watch.look()
        idle = worker.watch.idle > self._idle_limit
        if not worker.started:
            if idle or worker.watch.processor > START_LIMIT:
                seconds = f"{self._idle_limit:g} idle seconds" if idle else f"{START_LIMIT:g} busy seconds"
                self._not_started(worker, f"not ready after {seconds}")
            return None
        if not idle and worker.watch.processor <= self._time_limit:
            return None
        culprit = worker.take_culprit()
        self._replace(worker)
        if not idle:
            reason = f"not finished after {self._time_limit:g} seconds of processor time"
            return self._once_more(Analysed(culprit, None, reason))
        answer = self._once_more(Analysed(culprit, None, self._unreadable(), fault=Fault.PLACE))
        if answer is None:
            self._machine_failed(f"{culprit.path} {self._unreadable()}")
        else:
            self._silent += 1
        return answer

    def _unreadable(self) -> str:
        return f"did not answer for {self._idle_limit:g} seconds"

    def _once_more(self, answer: Analysed) -> Analysed | None:
        """None, and the photo is tried again at the end; the answer itself if this was that try."""
        self._tries[answer.file.path, "late"] += 1
        if self._tries[answer.file.path, "late"] == 2:
            return answer
        self._late.append(answer.file)
        return None

    def _not_started(self, worker: WorkerProcess, reason: str, *, short_of_memory: bool = False) -> None:
        """Handle a worker that does not start. Other workers can do the work; without others, it is tried again."""
        self._failed_starts += 1
        others = any(other.started for other in self._workers)
        self._replace(worker)
        if others or (short_of_memory and self.workers > 1):
            self._shrink()
        elif self._failed_starts >= _STARTS:
            raise MachineError(f"worker processes do not start: {reason}")

    def _machine_failed(self, reason: str) -> None:
        self._machine_failures += 1
        if self._machine_failures == _MOST_FAILURES:
            raise MachineError(f"no photo can be analysed here now: {reason}")

    def _killed_for_memory(self) -> bool:
        """Whether the kernel has killed a process for lack of memory since the last call."""
        before, self._oom_kills = self._oom_kills, oom_kills()
        return self._oom_kills > before

    def _shrink(self) -> None:
        self.workers = max(1, min(self.workers - 1, len(self._workers)))

    def _replace(self, worker: WorkerProcess) -> None:
        """End a worker; its files go to other workers, or to the one that replaces it."""
        self._workers.remove(worker)
        self._queue.extend(file for file in worker.files if not worker.alone)
        self._suspects.extend(file for file in worker.files if worker.alone)
        worker.stop()

    def _distribute(self) -> None:
        """Give waiting files to free workers: suspects first, each to a fresh worker, and postponed ones last."""
        while self._suspects and self._start_for(self._suspects[0], alone=True):
            self._suspects.popleft()
        while self._queue and self._give(self._queue[0]):
            self._queue.popleft()
        if not any(worker.files for worker in self._workers) and self._late and self._give(self._late[0]):
            self._late.popleft()

    def _give(self, file: FoundFile) -> bool:
        takers = [worker for worker in self._workers if worker.takes_more]
        fewest = min(takers, key=lambda worker: len(worker.files), default=None)
        if (fewest is None or fewest.files) and len(self._workers) < self.workers and self._start_for(file):
            return True
        if fewest is None:
            return False
        fewest.give(file)
        return True

    def _start_for(self, file: FoundFile, *, alone: bool = False) -> bool:
        """Start a worker for a file; it replaces an idle one if there are as many as allowed."""
        if len(self._workers) >= self.workers:
            idle = next((worker for worker in self._workers if not worker.files), None)
            if idle is None:
                return False
            self._replace(idle)
        assert self._analyser is not None
        try:
            worker = WorkerProcess(
                self._analyser, self._memory_limit, alone=alone, one_thread=self._one_thread, work=self._work
            )
        except OSError as error:
            self._no_process(error)
            return False
        worker.give(file)
        self._workers.append(worker)
        return True

    def _no_process(self, error: OSError) -> None:
        """Handle that the system gives no further process, or no descriptor for it."""
        if self._workers:
            self.workers = len(self._workers)
            return
        self._failed_starts += 1
        if self._failed_starts >= _STARTS:
            raise MachineError(f"worker processes do not start: {error.strerror or error}") from error
        time.sleep(_PAUSE * self._failed_starts)
