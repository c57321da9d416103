"""An executor without any other process or thread: for debuggers, and for where no process may be started."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from faceindex.errors import MachineError
from faceindex.ingest.workers.executor import Analysed, Fault, Task
from faceindex.ingest.workers.worker import analyse_file

_BLOWS = 10  # of the machine in a row


class InLine:
    """Analyses a photo when its answer is asked for, in the thread that asks. See `Executor`: it isolates nothing."""

    workers = 0

    def __init__(self) -> None:
        self._tasks: deque[Task] = deque()
        self._blows = 0

    @property
    def room(self) -> bool:
        """Whether another task can be taken now: one waits at most."""
        return not self._tasks

    def submit(self, task: Task) -> None:
        """Take a task."""
        self._tasks.append(task)

    def answers(self, timeout: float) -> Iterator[Analysed]:
        """The answer of what was submitted. Raises: MachineError when ten photos in a row lacked something here."""
        while self._tasks:
            task = self._tasks.popleft()
            answer = analyse_file(task.analyser, task.file)
            self._blows = self._blows + 1 if answer.fault in (Fault.MACHINE, Fault.MEMORY) else 0
            yield answer
            if self._blows == _BLOWS:
                raise MachineError(f"no photo can be analysed here now: {answer.error}")

    def close(self) -> None:
        """Forget what was submitted."""
        self._tasks.clear()
