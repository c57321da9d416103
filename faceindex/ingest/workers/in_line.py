"""An executor without another process or thread: for debuggers, and where no process may be started."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from faceindex.errors import MachineError
from faceindex.ingest.workers.executor import Analysed, Fault, Task
from faceindex.ingest.workers.worker import analyse_file

_MOST_FAILURES = 10  # failures of the machine in a row


def _analysed(task: Task) -> Analysed:
    return analyse_file(task.analyser, task.file)


class InLine:
    """Analyses a photo when its answer is requested, in the calling thread. See `Executor`: it isolates nothing."""

    workers = 0

    def __init__(self, answer: Callable[[Task], Analysed] = _analysed) -> None:
        """answer: what answers a task, default analysing its photo."""
        self._answer = answer
        self._tasks: deque[Task] = deque()
        self._machine_failures = 0

    @property
    def room(self) -> bool:
        """Whether it accepts another task now: at most one waits."""
        return not self._tasks

    def submit(self, task: Task) -> None:
        """Accept a task."""
        self._tasks.append(task)

    def answers(self, timeout: float) -> Iterator[Analysed]:
        """The answer for the submitted task. Raises: MachineError if ten photos in a row failed because of the
        machine."""
        while self._tasks:
            answer = self._answer(self._tasks.popleft())
            self._machine_failures = self._machine_failures + 1 if answer.fault in (Fault.MACHINE, Fault.MEMORY) else 0
            yield answer
            if self._machine_failures == _MOST_FAILURES:
                raise MachineError(f"no photo can be analysed here now: {answer.error}")

    def close(self) -> None:
        """Drop the submitted task."""
        self._tasks.clear()
