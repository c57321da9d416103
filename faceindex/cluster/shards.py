"""Shards of an index in actors on Ray: asked all at once, and loaded elsewhere when one is lost.

Each shard is in one actor or in several (replicas). An actor that died, or that does not answer in time, is replaced by
a thread of its own; whoever searches meanwhile is answered by another replica, or waits, or is told what is missing
(`faceindex.search.partial`). An actor that cannot be placed anywhere waits for room and holds no work.
"""

from __future__ import annotations

import itertools
import logging
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from faceindex.cluster.session import RaySession
from faceindex.cluster.shard_actor import ShardActor
from faceindex.errors import MachineError
from faceindex.plurals import plural
from faceindex.search.partial import note_missing
from faceindex.search.shard_files import Cut, ShardFile

WAIT = 60.0
"""Seconds that a search waits for a shard that is lost, or does not answer."""

_STUCK = 60.0  # seconds without an answer after which an actor is replaced; a large block of probes takes a while
_PIECE = 8 << 20  # bytes of a shard sent at a time
_LARGE = 100_000  # bytes of an array from which on it is sent once for all shards
_LOOK = 0.25  # seconds after which a thread looks whether all is closed
_AGAIN = 2.0  # seconds until an actor is tried again that could not be loaded

_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Replica:
    """One actor of a shard. ready: it has opened the shard. silent_since: when it was asked what it has not answered
    yet, or answered last."""

    shard: int
    actor: Any = None
    ready: bool = False
    silent_since: float | None = None


@dataclass(slots=True)
class _Asked:
    """Shards that have not answered yet. refs: answers on their way, and by which actor of which replica."""

    waiting: set[int]
    refs: dict[Any, tuple[_Replica, Any]] = field(default_factory=dict)
    found: dict[int, Any] = field(default_factory=dict)


class RayShards:
    """The processes of the shards of one index; see `faceindex.vectors.shards.Calls`. Any thread may call."""

    def __init__(self, session: RaySession, cut: Cut, *, replicas: int = 1, wait: float = WAIT) -> None:
        """Load every shard. wait: seconds that a call waits for a shard that is lost.

        Raises: MachineError when a shard cannot be loaded in WAIT seconds, or `wait` if that is longer, and the time
        that sending it takes.
        """
        self.cut = cut
        self._ray, self._wait = session.module, wait
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._turn = itertools.count()
        self._replicas = [_Replica(number) for number in range(len(cut.files)) for _ in range(replicas)]
        for replica in self._replicas:
            self._replace(replica)
        sizes = sum(file.figures["bytes"] for file in cut.files)
        self._until_ready(max(wait, WAIT) + sizes / (20 << 20))

    def call(self, method: str, arguments: Mapping[int, Sequence[Any]]) -> dict[int, Any]:
        """The answers of these shards, by number. Those that do not answer in time are left out and noted.

        Raises: MachineError for these when the caller takes no partial answer, and when the index was replaced.
        """
        shared = self._sent_once(arguments)
        asked, until = _Asked(set(arguments)), time.monotonic() + self._wait
        while asked.waiting:
            left = until - time.monotonic()
            if left <= 0 or self._closed.is_set():
                break
            for number in asked.waiting - {replica.shard for replica, _ in asked.refs.values()}:
                self._ask(asked, number, method, shared[number])
            self._hear(asked, min(left, _LOOK))
        for replica, actor in asked.refs.values():
            if time.monotonic() - (replica.silent_since or math.inf) > _STUCK:
                self._lost(replica, actor)
        if self._closed.is_set() or (asked.waiting and not all(file.path.exists() for file in self.cut.files)):
            raise MachineError("the index was replaced or removed while it was searched; search again")
        note_missing({number: int(np.diff(self.cut.starts)[number]) for number in asked.waiting})
        return dict(sorted(asked.found.items()))

    def ready(self) -> list[int]:
        """How many replicas of each shard can be asked."""
        with self._changed:
            counts = [0] * len(self.cut.files)
            for replica in self._replicas:
                counts[replica.shard] += replica.ready
            return counts

    def processes(self) -> Iterator[tuple[int, int]]:
        """Each shard that can be asked, and the number of its process on its node."""
        for replica in list(self._replicas):
            if replica.ready:
                yield replica.shard, self._ray.get(replica.actor.process.remote())

    def close(self) -> None:
        """End the actors, and with them whatever they hold of faces."""
        self._closed.set()
        with self._changed:
            self._changed.notify_all()
            for replica in self._replicas:
                self._kill(replica)

    def _sent_once(self, arguments: Mapping[int, Sequence[Any]]) -> dict[int, list[Any]]:
        """The arguments of each shard; a large array that several get is put into the object store once."""
        sent: dict[int, Any] = {}

        def one(argument: Any) -> Any:
            if not isinstance(argument, np.ndarray) or argument.nbytes < _LARGE or len(arguments) < 2:
                return argument
            if id(argument) not in sent:
                sent[id(argument)] = self._ray.put(argument)
            return sent[id(argument)]

        return {number: [one(argument) for argument in own] for number, own in arguments.items()}

    def _ask(self, asked: _Asked, number: int, method: str, arguments: Sequence[Any]) -> None:
        """Ask a replica of this shard, each in its turn; nobody when none is ready."""
        with self._changed:
            ready = [(one, one.actor) for one in self._replicas if one.shard == number and one.ready]
        if ready:
            replica, actor = ready[next(self._turn) % len(ready)]
            replica.silent_since = replica.silent_since or time.monotonic()
            asked.refs[actor.answer.remote(method, *arguments)] = replica, actor

    def _hear(self, asked: _Asked, seconds: float) -> None:
        """Take the answers that come within `seconds`; return when all have come, or a shard can be asked again."""
        if not asked.refs:
            with self._changed:
                if not any(replica.ready and replica.shard in asked.waiting for replica in self._replicas):
                    self._changed.wait(seconds)
            return
        for ref in self._ray.wait(list(asked.refs), num_returns=len(asked.refs), timeout=seconds)[0]:
            replica, actor = asked.refs.pop(ref)
            try:
                asked.found[replica.shard] = self._ray.get(ref)
                asked.waiting.discard(replica.shard)
                replica.silent_since = None
            except self._ray.exceptions.RayActorError:
                self._lost(replica, actor)

    def _lost(self, replica: _Replica, actor: Any) -> None:
        """Replace an actor that died or is stuck, once, however many callers notice."""
        with self._changed:
            if replica.actor is not actor or not replica.ready or self._closed.is_set():
                return
            replica.ready = False
        _log.warning("shard %d of the index is lost; it is loaded elsewhere", replica.shard + 1)
        self._replace(replica)

    def _replace(self, replica: _Replica) -> None:
        threading.Thread(target=self._bring, args=(replica,), name=f"shard {replica.shard + 1}", daemon=True).start()

    def _bring(self, replica: _Replica) -> None:
        """Start an actor, again and again until one has loaded the shard or all is closed."""
        file = self.cut.files[replica.shard]
        while not self._closed.is_set():
            self._kill(replica)
            try:
                replica.actor = self._started(file)
                loaded = self._loaded(replica.actor, file)
            except (self._ray.exceptions.RayError, OSError) as error:
                _log.info("shard %d cannot be loaded: %s", replica.shard + 1, error)
                loaded = False
            with self._changed:
                if self._closed.is_set():
                    self._kill(replica)
                elif loaded:
                    replica.ready = True
                    self._changed.notify_all()
                    return
            self._closed.wait(_AGAIN)

    def _started(self, file: ShardFile) -> Any:
        """An actor, wherever there is memory for the shard; it takes no processor from what else the cluster does."""
        options = {"num_cpus": 0, "memory": file.figures["bytes"], "max_restarts": 0, "scheduling_strategy": "SPREAD"}
        return self._ray.remote(ShardActor).options(**options).remote()

    def _loaded(self, actor: Any, file: ShardFile) -> bool:
        """Let the actor open the file, or send it. False when it did not arrive as it was written, or all is closed."""
        if self._when_done(actor.open.remote(file)):
            return True
        on_its_way: list[Any] = []
        with file.path.open("rb") as source:
            while piece := source.read(_PIECE):
                on_its_way.append(actor.receive.remote(piece))
                if len(on_its_way) > 1:
                    self._when_done(on_its_way.pop(0))
        return bool(self._when_done(actor.open_received.remote(file.figures, file.probing)))

    def _when_done(self, ref: Any) -> Any:
        """The result, however long an actor waits for room; None when all is closed."""
        while not self._closed.is_set():
            if self._ray.wait([ref], timeout=_LOOK)[0]:
                return self._ray.get(ref)
        return None

    def _kill(self, replica: _Replica) -> None:
        actor, replica.actor, replica.ready, replica.silent_since = replica.actor, None, False, None
        if actor is not None and self._ray.is_initialized():
            self._ray.kill(actor)

    def _until_ready(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        with self._changed:
            while not all(replica.ready for replica in self._replicas):
                if time.monotonic() > until:
                    break
                self._changed.wait(_LOOK)
            missing = sum(not replica.ready for replica in self._replicas)
        if missing:
            self.close()
            raise MachineError(
                f"{plural(missing, 'shard')} of the index could not be loaded in {seconds:.0f} seconds: has the "
                "cluster room for them? `ray status` says"
            )
