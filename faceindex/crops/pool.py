"""Resident workers that make pictures: each may die over a photo, and another one takes its place."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from multiprocessing import Pipe
from subprocess import Popen

from faceindex.crops.requests import DONE, Request
from faceindex.errors import MachineError
from faceindex.ingest.workers import child
from faceindex.ingest.workers.watch import Watch
from faceindex.system.children import Connection

WORKERS = 2

MEMORY_LIMIT = 3 << 30
"""Bytes that a worker may use. A PNG of 300 megapixels takes 2.7 GB."""

PROCESSOR_LIMIT = 30.0
"""Seconds of processor time that one picture may take."""

IDLE_LIMIT = 20.0
"""Seconds in which a worker may do nothing before it is given up, as on a disk that does not answer."""

QUEUE_SECONDS = 60.0
"""Seconds that a request waits for a worker."""

_LOOK_SECONDS = 0.5
_MAIN = "from faceindex.crops.worker import main; main()"


class PictureFailed(Exception):
    """There is no picture. Its text is the reason, about the photo."""


class Closed(MachineError):
    """The pool was closed while the request was at work."""


@dataclass(slots=True)
class _Worker:
    process: Popen[bytes]
    connection: Connection
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self.watch = Watch(self.process.pid)

    def end(self) -> None:
        self.connection.close()
        child.end(self.process)


class PicturePool:
    """At most `workers` processes, started when they are needed. Every method may be called from any thread."""

    def __init__(self, workers: int = WORKERS, *, processor_limit: float = PROCESSOR_LIMIT) -> None:
        self._limit = processor_limit
        self._free = threading.BoundedSemaphore(workers)
        self._idle: list[_Worker] = []
        self._guard = threading.Lock()
        self._closed = False

    def ask(self, request: Request) -> bytes:
        """What `request` asks for. Raises: PictureFailed; MachineError when no worker can be had."""
        if not self._free.acquire(timeout=QUEUE_SECONDS):
            raise MachineError("too many pictures are asked for; try again later")
        try:
            worker = self._take()
            try:
                found = self._answer(worker, request)
            except BaseException:
                worker.end()
                raise
            self._hand_back(worker)
        finally:
            self._free.release()
        if found[:1] != DONE:
            raise PictureFailed(found[1:].decode(errors="replace"))
        return found[1:]

    def close(self) -> None:
        """End all workers; requests at work fail."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def _take(self) -> _Worker:
        with self._guard:
            if self._closed:
                raise Closed("the library is closed")
            if self._idle:
                return self._idle.pop()
        ours, theirs = Pipe()
        try:
            return _Worker(child.start(_MAIN, theirs, MEMORY_LIMIT, one_thread=False), ours)
        except OSError as error:
            ours.close()
            raise MachineError(f"no process can be started ({error.strerror or error})") from error
        finally:
            theirs.close()

    def _hand_back(self, worker: _Worker) -> None:
        with self._guard:
            if not self._closed:
                self._idle.append(worker)
                return
        worker.end()

    def _answer(self, worker: _Worker, request: Request) -> bytes:
        worker.watch.begin()
        try:
            worker.connection.send(request)
            while not worker.connection.poll(_LOOK_SECONDS):
                self._judge(worker)
            return worker.connection.recv_bytes()
        except (EOFError, OSError) as error:
            ended = child.ending(worker.process)
            raise PictureFailed(f"the decoder ended unexpectedly ({ended})") from error

    def _judge(self, worker: _Worker) -> None:
        worker.watch.look()
        if worker.watch.processor > self._limit:
            raise PictureFailed(f"it takes more than {self._limit:g} s to decode")
        if worker.watch.idle > IDLE_LIMIT:
            raise PictureFailed("its disk does not answer")
        if self._closed:
            raise Closed("the library is closed")
