"""Many photos analysed by a pool of workers, and answered in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

from faceindex.faces.analyse import Analyser
from faceindex.ingest.executor import Analysed, Task
from faceindex.ingest.pool import ProcessPool
from faceindex.photos.find import FoundFile
from faceindex.photos.sources import source_of

_AHEAD = 32  # photos that are given to workers before the first of them is answered


def analysed_in_order(paths: Iterable[str], analyser: Analyser, workers: int) -> Iterator[Analysed]:
    """An answer for each of `paths`, absolute and different; what is wrong with a photo is told in its answer.

    Raises: FaceindexError when no worker can be started.
    """
    coming, done = iter(paths), dict[str, Analysed]()
    order: list[str] = []
    with closing(ProcessPool(workers, one_thread=False)) as pool:  # whoever iterates may do so in several threads
        exhausted = False
        while order or not exhausted:
            while not exhausted and pool.room and len(order) < _AHEAD * workers:
                path = next(coming, None)
                if path is None:
                    exhausted = True
                    break
                order.append(path)
                _submit(path, analyser, pool, done)
            done |= {answer.file.path: answer for answer in pool.answers(0.2 if pool.waiting else 0)}
            while order and order[0] in done:
                yield done.pop(order.pop(0))


def _submit(path: str, analyser: Analyser, pool: ProcessPool, done: dict[str, Analysed]) -> None:
    try:
        status = source_of(path).status(path)
    except OSError as error:
        done[path] = Analysed(FoundFile(path, 0, 0, True), None, error.strerror or str(error))
        return
    pool.submit(Task(FoundFile(path, status.size, status.mtime_ns, True), analyser))
