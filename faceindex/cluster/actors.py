"""The actors that analyse photos, as the driver sees them: where they are, what they hold, which calls are out."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from faceindex.cluster.node import CONCURRENCY, Node, Sent
from faceindex.photos.finding.entries import FoundFile

MOST_WORKERS = 4
"""Workers of one actor: a node has an actor for each four of its cores, so that one that is busy elsewhere leaves the
others to us."""

_CALLS = 2  # of each kind that an actor has at the same time, so that it never waits for us
_MOST_BYTES = 32 << 20  # of photos that travel in one call
_MOST_HASHED = 16  # files in one call


@dataclass(slots=True)
class Given:
    """A photo that is not answered yet. sent: what a node gets; losses: actors that ended while they had it."""

    sent: Sent
    losses: int = 0

    @property
    def file(self) -> FoundFile:
        """The photo's file."""
        return self.sent.file


@dataclass(frozen=True, slots=True)
class Place:
    """Where an actor may be. cores: that it uses; share: of the node's memory."""

    node: str
    name: str
    cores: int
    share: float


@dataclass(slots=True, eq=False)
class Actor:
    """handle: Ray's. proving: the call of `Node.prove`, until it is answered. workers: 0 until then. files: given and
    not answered, by path. calls: of `exchange` that are out. hashing: calls of `identify`, and their files. heard: when
    a call returned last.

    alone: it has one photo, which may be what ended others, and gets no more until that is answered.
    """

    place: Place
    handle: Any
    proving: Any
    workers: int = 0
    files: dict[str, Given] = field(default_factory=dict)
    calls: set[Any] = field(default_factory=set)
    hashing: dict[Any, list[FoundFile]] = field(default_factory=dict)
    alone: bool = False
    heard: float = field(default_factory=time.monotonic)

    @property
    def batch(self) -> int:
        """Photos in a call."""
        return 4 * self.workers

    @property
    def capacity(self) -> int:
        """Photos that it may hold: two of each worker, and those of two calls."""
        return 2 * self.workers + _CALLS * self.batch

    @property
    def references(self) -> list[Any]:
        """Calls that are out."""
        return [*([] if self.proving is None else [self.proving]), *self.calls, *self.hashing]

    @property
    def takes_more(self) -> int:
        """Photos that it can be given now."""
        if not self.workers or self.alone or len(self.calls) >= _CALLS:
            return 0
        return min(self.batch, self.capacity - len(self.files))

    @property
    def takes_alone(self) -> bool:
        """Whether it is free for a photo that gets an actor of its own."""
        return bool(self.workers) and not self.files and not self.calls

    @property
    def takes_hashing(self) -> int:
        """Files that it can be given to identify."""
        return _MOST_HASHED if self.workers and len(self.hashing) < _CALLS else 0

    def exchange(self, more: Sequence[Given]) -> None:
        """Give it more photos, and ask for answers."""
        if not self.calls:
            self.heard = time.monotonic()
        for given in more:
            self.files[given.file.path] = given
        self.calls.add(self.handle.exchange.remote([given.sent for given in more], self.batch))

    def identify(self, files: list[FoundFile]) -> None:
        """Have it identify files."""
        self.hashing[self.handle.identify.remote(files)] = files


def start(ray: Any, place: Place, *, version: str, parcel: Any, idle_limit: float, gpu: bool) -> Actor:
    """An actor that Ray will place on a node, when it has room for it there."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    remote = ray.remote(
        num_cpus=place.cores,
        num_gpus=1 if gpu else 0,
        max_restarts=0,
        max_task_retries=0,
        concurrency_groups=CONCURRENCY,
        scheduling_strategy=NodeAffinitySchedulingStrategy(place.node, soft=False),
    )(Node)
    handle = remote.remote(place.cores, place.share, idle_limit)
    return Actor(place, handle, handle.prove.remote(version, parcel))


def end(ray: Any, actor: Actor) -> None:
    """End an actor and its processes at once."""
    with contextlib.suppress(Exception):  # it may have ended, or its node
        ray.kill(actor.handle)


def places(nodes: Sequence[dict[str, Any]], workers: int | None, *, gpu: bool) -> list[Place]:
    """Where actors go: to all cores of all living nodes, or so many in turn. nodes: as `ray.nodes()` gives them.

    gpu: an actor for each GPU, and none elsewhere: one process encodes for all workers beside a GPU.
    """
    living = [node for node in nodes if node["Alive"] and (not gpu or _gpus(node))]
    cores = {node["NodeID"]: int(node["Resources"].get("CPU", 0)) for node in living}
    used = dict.fromkeys(cores, 0)
    left = sum(cores.values()) if workers is None else workers
    while left and any(used[node] < cores[node] for node in cores):
        for node in cores:
            if left and used[node] < cores[node]:
                used[node] += 1
                left -= 1
    found = []
    for node in living:
        of_node = used[node["NodeID"]]
        number = min(_gpus(node), of_node) if gpu else -(-of_node // MOST_WORKERS)
        edges = [of_node * place // number for place in range(number + 1)] if number else []
        for size in (end - first for first, end in pairwise(edges)):
            found.append(Place(node["NodeID"], node["NodeManagerAddress"], size, size / of_node))
    return found


def _gpus(node: dict[str, Any]) -> int:
    return int(node["Resources"].get("GPU", 0))


def travelling(queue: Sequence[Given], most: int) -> int:
    """How many photos at the head of a queue travel in one call: `most`, or as many as have so many bytes."""
    size = 0
    for number, given in enumerate(queue):
        size += len(given.sent.data or b"")
        if number == most or given.losses > 1 or (number and size > _MOST_BYTES):
            return number
    return min(most, len(queue))
