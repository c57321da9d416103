"""An executor of threads, as whoever writes one of their own would: only what `Executor` promises is known of it."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from faceindex.ingest.workers.executor import Analysed, Task
from faceindex.ingest.workers.worker import analyse_file

_QUEUED = 2  # tasks of each thread


class Threads:
    """Analyses photos in threads of this process: it isolates nothing."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._begin()

    def _begin(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._answered: queue.SimpleQueue[Analysed] = queue.SimpleQueue()
        self._held = 0

    @property
    def room(self) -> bool:
        return self._held < _QUEUED * self.workers

    def submit(self, task: Task) -> None:
        answered, self._pool = self._answered, self._pool or ThreadPoolExecutor(self.workers)
        self._held += 1
        self._pool.submit(lambda: answered.put(analyse_file(task.analyser, task.file)))

    def answers(self, timeout: float) -> Iterator[Analysed]:
        wait = timeout if self._held else 0.0
        while self._held:
            try:
                answer = self._answered.get(timeout=wait) if wait else self._answered.get_nowait()
            except queue.Empty:
                return
            self._held -= 1
            wait = 0.0
            yield answer

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._begin()
