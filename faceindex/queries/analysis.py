"""Many photos analysed by a pool of workers, and answered in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

from faceindex.faces.analyse import Analyser
from faceindex.ingest.workers.executor import Analysed, Executor, Task
from faceindex.ingest.workers.local import local_executor
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.finding.sources import source_of

_AHEAD = 32  # photos that are given to workers before the first of them is answered


def analysed_in_order(paths: Iterable[str], analyser: Analyser, workers: int) -> Iterator[Analysed]:
    """An answer for each of `paths`, absolute and different; an error about a photo is in its answer.

    Raises: FaceindexError when no worker can be started.
    """
    coming, done = iter(paths), dict[str, Analysed]()
    order: list[str] = []
    # Whoever iterates may do so in several threads.
    with closing(local_executor(workers, device=analyser.engine.used_device, one_thread=False)) as executor:
        exhausted, waiting = False, 0
        while order or not exhausted:
            while not exhausted and executor.room and len(order) < _AHEAD * max(1, workers):
                path = next(coming, None)
                if path is None:
                    exhausted = True
                    break
                order.append(path)
                waiting += _submitted(path, analyser, executor, done)
            answers = {answer.file.path: answer for answer in executor.answers(0.2 if waiting else 0)}
            waiting -= len(answers)
            done |= answers
            while order and order[0] in done:
                yield done.pop(order.pop(0))


def _submitted(path: str, analyser: Analyser, executor: Executor, done: dict[str, Analysed]) -> bool:
    """Submit a photo; False, with the answer in `done`, when it is not there."""
    try:
        status = source_of(path).status(path)
    except OSError as error:
        done[path] = Analysed(FoundFile(path, 0, 0, True), None, error.strerror or str(error))
        return False
    executor.submit(Task(FoundFile(path, status.size, status.mtime_ns, True), analyser))
    return True
