"""What runs on a node of the cluster, as a Ray actor: a pool of worker processes, and a process that identifies photos.

The pool is the one that a local ingest has, so that a photo which crashes, blocks or overfills its worker costs only
itself here, too, by the same limits.
"""

from __future__ import annotations

import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import ray

from faceindex.cluster.deliveries import Deliveries
from faceindex.cluster.proof import Proof, own_version, proof_of, unpack
from faceindex.errors import MachineError, Note, UnreadablePhoto
from faceindex.faces.analyse import Analyser
from faceindex.ingest.photo_reader import PhotoReader
from faceindex.ingest.workers.executor import Analysed, Executor, Task
from faceindex.ingest.workers.identified import Elsewhere, Identified, Refused
from faceindex.ingest.workers.local import local_executor
from faceindex.ingest.workers.machine import memory_left, workers_in
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.finding.sources import source_of
from faceindex.running.stop import Stop

_FIRST_SECONDS = 0.5
"""How long an answer waits for others to travel with."""

_QUIET_SECONDS = 2.0
"""The longest time without a sign of life."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A photo for a node. data: its bytes, if the node cannot open it."""

    file: FoundFile
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A note for the user, such as that a device cannot be started."""

    note: str


CONCURRENCY = {"work": 1, "hashing": 1}
"""Threads for the methods of a node."""

Method = TypeVar("Method", bound=Callable[..., object])
_in_work: Callable[[Method], Method] = ray.method(concurrency_group="work")
_in_hashing: Callable[[Method], Method] = ray.method(concurrency_group="hashing")


class Node:
    """Ray calls `exchange` in one thread and `identify` in another; `prove` comes before both."""

    def __init__(self, cores: int, share: float, idle_limit: float) -> None:
        """cores: workers that it may have; share: of the machine's memory that they may use together."""
        self._cores = cores
        self._share = share
        self._idle_limit = idle_limit
        self._deliveries = Deliveries(ray._private.worker._global_node.get_session_dir_path())
        self._backlog: deque[Sent] = deque()
        self._given: dict[str, FoundFile] = {}  # by the path that the pool has
        self._analyser: Analyser | None = None
        self._pool: Executor | None = None
        self._reader: PhotoReader | None = None
        self._notes: deque[str] = deque()
        warnings.showwarning = self._hear
        warnings.simplefilter("always", Note)

    @_in_work
    def prove(self, version: str, parcel: bytes) -> tuple[Proof, int]:
        """What is here, and the number of workers; with another version, nothing else is looked at."""
        if own_version() != version:
            return Proof(own_version()), 0
        analyser = unpack(parcel, self._deliveries.folder / "models")
        proof = proof_of(analyser)
        workers = max(1, min(self._cores, workers_in(int(memory_left() * self._share))))
        self._analyser = analyser
        self._pool = local_executor(workers, device=analyser.engine.used_device, idle_limit=self._idle_limit)
        return proof, workers

    @_in_work
    def exchange(self, more: Sequence[Sent], wanted: int) -> list[Analysed | Elsewhere | Said]:
        """Take more photos, and give answers for some that came with this or earlier calls.

        It returns with `wanted` answers, or with those that are there soon after the first, and sooner if nothing is
        left to do. Raises: MachineError as `Executor.answers`.
        """
        answers = self._accepted(more)
        began = quiet = time.monotonic()
        while len(answers) < wanted and (self._backlog or self._given):
            self._fill()
            found = [self._returned(answer) for answer in self._working.answers(timeout=0.1)]
            now = time.monotonic()
            if found and not answers:
                began = now
            answers += found
            if now - (began if answers else quiet) > (_FIRST_SECONDS if answers else _QUIET_SECONDS):
                break
        self._fill()
        notes = [Said(self._notes.popleft()) for _ in range(len(self._notes))]
        return [*notes, *answers]

    @_in_hashing
    def identify(self, files: Sequence[FoundFile]) -> list[Identified]:
        """Read and hash files; an answer for each."""
        return [self._identified(file) for file in files]

    def _hear(self, message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        """Nobody sees what an actor prints."""
        if issubclass(category, Note):
            self._notes.append(str(message))

    @property
    def _working(self) -> Executor:
        assert self._pool is not None
        return self._pool

    def _accepted(self, more: Sequence[Sent]) -> list[Analysed | Elsewhere]:
        """Put photos into the backlog, and return what cannot be opened here."""
        elsewhere: list[Analysed | Elsewhere] = []
        for sent in more:
            if sent.data is None and not _is_same_here(sent.file):
                elsewhere.append(Elsewhere(sent.file.path))
            else:
                self._backlog.append(sent)
        return elsewhere

    def _fill(self) -> None:
        assert self._analyser is not None
        while self._backlog and self._working.room:
            sent = self._backlog.popleft()
            file = sent.file if sent.data is None else self._deliveries.put(sent.file, sent.data)
            self._given[file.path] = sent.file
            self._working.submit(Task(file, self._analyser))

    def _returned(self, answer: Analysed) -> Analysed:
        """The answer, about the file as it was sent."""
        file = self._given.pop(answer.file.path)
        if answer.file.path == file.path:
            return answer
        self._deliveries.remove(answer.file)
        error = answer.error and answer.error.replace(answer.file.path, file.path)
        return replace(answer, file=file, error=error)

    def _identified(self, file: FoundFile) -> Identified:
        self._reader = self._reader or PhotoReader(Stop(), idle_limit=self._idle_limit)
        try:
            if not _is_same_here(file):
                return Elsewhere(file.path)
            found = self._reader.identify(file.path, named=file.named)
        except UnreadablePhoto as error:
            return Elsewhere(file.path) if error.out_of_reach else Refused(error.reason)
        except MachineError:  # of this machine: another one may do better
            return Elsewhere(file.path)
        if found is not None and (found.size, found.mtime_ns) != (file.size, file.mtime_ns):
            return Elsewhere(file.path)
        return found


def _is_same_here(file: FoundFile) -> bool:
    """Whether the path shows a file of this size and time on this node."""
    try:
        status = source_of(file.path).status(file.path)
    except (OSError, UnreadablePhoto):
        return False
    return (status.size, status.mtime_ns) == (file.size, file.mtime_ns)
