"""The blocks of a neighbour graph in actors on Ray; see `faceindex.clustering.blocks`.

Each actor holds a shard of the lists, which is sent to it once; rows are sent as they are asked about. An actor that
died is started again, and its shard sent again; where nothing can be started in time, an actor that lives takes the
shard over. What was asked of it is asked again: a block has the same result wherever it is computed.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from faceindex.cluster.proof import own_version
from faceindex.cluster.session import RaySession
from faceindex.clustering.blocks import Asking, Floats, Keys, Lists, Looks, found_in, looks_of
from faceindex.clustering.graph import Nodes
from faceindex.errors import MachineError
from faceindex.types import Vectors

_START_SECONDS = 60.0  # that actors get to start
_AGAIN_SECONDS = 10.0  # that one gets to start again, before another takes its work
_SILENT_SECONDS = 600.0
_AT_ONCE = 2  # blocks that an actor has, one at work and one on its way
_MOST_DEATHS = 3
_PIECE = 1 << 14  # vectors of a shard sent at a time
_BLOCKS = 32  # whose looks are found in one call


class BlockActor:
    """Holds shards of lists, and computes blocks."""

    def __init__(self) -> None:
        self._pieces: dict[int, list[Vectors]] = {}
        self._shards: dict[int, Lists] = {}

    def proof(self) -> tuple[str, str]:
        """faceindex's version, and a digest of what this machine computes from some numbers."""
        return own_version(), arithmetic()

    def receive(self, shard: int, piece: Vectors) -> None:
        """The next vectors of a shard."""
        self._pieces.setdefault(shard, []).append(piece)

    def hold(self, shard: int, lists: Lists) -> None:
        """The shard of the vectors that were received. lists: all of it but these."""
        pieces = self._pieces.pop(shard, [])
        self._shards[shard] = lists._replace(vectors=np.concatenate([lists.vectors, *pieces]))

    def looks(self, blocks: list[Floats], centroids: Floats, spread: float) -> list[tuple[Looks, Nodes]]:
        """`looks_of` each block."""
        with threadpool_limits(1, user_api="blas"):
            return [looks_of(block, centroids, spread) for block in blocks]

    def found(self, shard: int, asking: Asking, threshold: float) -> Keys:
        """`found_in` the shard."""
        with threadpool_limits(1, user_api="blas"):
            return found_in(asking, self._shards[shard], threshold)


@contextmanager
def blocks_on(address: str, cpus: int) -> Iterator[RayBlocks]:
    """Ray at this address, see `RaySession`, for as long as the block lasts. cpus: of one that is started here; 1: all.

    Raises: UsageError; MachineError.
    """
    with RaySession(address, cpus=cpus if cpus > 1 else None) as session, closing(RayBlocks(session)) as blocks:
        yield blocks


class RayBlocks:
    """Computes in actors; see `faceindex.clustering.blocks.Elsewhere`."""

    def __init__(self, session: RaySession) -> None:
        self._ray = session.module
        self._actors: list[Any] = []
        self.count = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        """Shards, one for each processor of the cluster."""

    def looks(self, blocks: Iterable[Floats], centroids: Floats, spread: float) -> Iterator[tuple[Looks, Nodes]]:
        """`looks_of` each block, in their order. Raises: MachineError."""
        self._start()
        shared, source = self._ray.put(centroids), iter(blocks)
        groups = iter(lambda: list(itertools.islice(source, _BLOCKS)), [])
        waiting: deque[tuple[Any, list[Floats]]] = deque()
        for turn in itertools.count():
            group = next(groups, [])
            if group:
                actor = self._actors[turn % len(self._actors)]
                waiting.append((actor.looks.remote(group, shared, spread), group))
            if waiting and (not group or len(waiting) >= _AT_ONCE * len(self._actors)):
                ref, asked = waiting.popleft()
                try:
                    yield from self._answer(ref)
                except self._ray.exceptions.RayActorError:
                    yield from (looks_of(block, centroids, spread) for block in asked)  # soon done, and rare
                    self._without_dead()
            elif not waiting and not group:
                return

    def found(
        self, shards: Sequence[Lists], asking: Iterable[tuple[int, int, Asking]], threshold: float
    ) -> Iterator[tuple[int, Nodes, Keys]]:
        """`found_in` of each block, as they come. Raises: MachineError."""
        self._start()
        work = _Work(self._ray, self._actors, shards, self._replacement)
        for part, shard, rows in asking:
            if not len(rows.rows):
                yield part, rows.rows, np.empty((0, 0), dtype=np.uint64)
                continue
            while work.is_full(shard):
                yield from work.answers()
            work.ask(part, shard, rows, threshold)
        while work.pending:
            yield from work.answers()

    def close(self) -> None:
        """End the actors."""
        while self._actors:
            self._kill(self._actors.pop())

    def _start(self) -> None:
        """Actors on as many processors as are free. Raises: MachineError when there are none."""
        if self._actors:
            return
        begun = [self._new() for _ in range(self.count)]
        proofs = {actor.proof.remote(): actor for actor in begun}
        ready, _ = self._ray.wait(list(proofs), num_returns=len(proofs), timeout=_START_SECONDS)
        for ref in ready:
            self._check(self._ray.get(ref))
        self._actors = [proofs[ref] for ref in ready]
        for actor in begun:
            if actor not in self._actors:
                self._kill(actor)  # it would wait for a processor, and take one later
        if not self._actors:
            raise MachineError(f"no processor of the cluster was free in {_START_SECONDS:.0f} seconds")

    def _new(self) -> Any:
        return self._ray.remote(BlockActor).options(num_cpus=1, max_restarts=0).remote()

    def _replacement(self) -> Any:
        """Another actor; None when it does not start in time."""
        actor = self._new()
        proof = actor.proof.remote()
        if self._ray.wait([proof], timeout=_AGAIN_SECONDS)[0]:
            with suppress(self._ray.exceptions.RayActorError):
                self._check(self._ray.get(proof))
                return actor
        self._kill(actor)
        return None

    def _check(self, proof: tuple[str, str]) -> None:
        version, computed = proof
        if version != own_version():
            raise MachineError(f"a node has faceindex {version}, and this machine {own_version()}: install the same")
        if computed != arithmetic():
            raise MachineError(
                "a node computes other last digits than this machine (another kind of processor, or other versions of "
                "FAISS and NumPy): albums could differ from those of this machine; use nodes of one kind"
            )

    def _without_dead(self) -> None:
        """Start those again that died. Raises: MachineError when none is left."""
        alive = {actor: actor.proof.remote() for actor in self._actors}
        done, _ = self._ray.wait(list(alive.values()), num_returns=len(alive), timeout=_START_SECONDS)
        living = [actor for actor, ref in alive.items() if ref in done and self._lives(ref)]
        living += filter(None, (self._replacement() for _ in range(len(self._actors) - len(living))))
        self._actors = living
        if not living:
            raise MachineError("all workers on the cluster have died")

    def _lives(self, ref: Any) -> bool:
        try:
            self._ray.get(ref)
        except self._ray.exceptions.RayActorError:
            return False
        return True

    def _answer(self, ref: Any) -> Any:
        if not self._ray.wait([ref], timeout=_SILENT_SECONDS)[0]:
            raise MachineError(f"a worker on the cluster has not answered for {_SILENT_SECONDS:.0f} seconds")
        return self._ray.get(ref)

    def _kill(self, actor: Any) -> None:
        if self._ray.is_initialized():
            self._ray.kill(actor)


@dataclass(frozen=True, slots=True)
class _Block:
    """A block that an actor computes. deaths: of actors that computed it before."""

    actor: Any
    part: int
    shard: int
    rows: Asking
    threshold: float
    deaths: int


class _Work:
    """Blocks that are asked for, and who holds which shard."""

    def __init__(self, ray: Any, actors: list[Any], shards: Sequence[Lists], replacement: Any) -> None:
        self._ray, self._actors, self._shards, self._replacement = ray, actors, shards, replacement
        self._holder: list[Any] = [None] * len(shards)
        self.pending: dict[Any, _Block] = {}
        for shard in range(len(shards)):
            self._send(shard, actors[shard % len(actors)])

    def is_full(self, shard: int) -> bool:
        """Whether the actor of this shard has enough to do."""
        return sum(block.actor is self._holder[shard] for block in self.pending.values()) >= _AT_ONCE

    def ask(self, part: int, shard: int, rows: Asking, threshold: float, deaths: int = 0) -> None:
        """Let the shard's actor compute this block. deaths: of actors that computed it before."""
        actor = self._holder[shard]
        ref = actor.found.remote(shard, rows, threshold)
        self.pending[ref] = _Block(actor, part, shard, rows, threshold, deaths)

    def answers(self) -> Iterator[tuple[int, Nodes, Keys]]:
        """The next that come. Raises: MachineError."""
        done, _ = self._ray.wait(list(self.pending), num_returns=1, timeout=_SILENT_SECONDS)
        if not done:
            raise MachineError(f"no worker on the cluster has answered for {_SILENT_SECONDS:.0f} seconds")
        for ref in done:
            block = self.pending.pop(ref)
            try:
                keys = self._ray.get(ref)
            except self._ray.exceptions.RayActorError as error:
                if block.deaths == _MOST_DEATHS:
                    raise MachineError("the same work ended several workers: do the nodes lack memory?") from error
                self._replace(block.actor)
                self.ask(block.part, block.shard, block.rows, block.threshold, block.deaths + 1)
            else:
                yield block.part, block.rows.rows, keys

    def _replace(self, dead: Any) -> None:
        """Give all shards of a dead actor to another one; its blocks that are still pending fail, and come here too."""
        if dead in self._actors:
            self._actors.remove(dead)
            new = self._replacement()
            if new is not None:
                self._actors.append(new)
        if not self._actors:
            raise MachineError("all workers on the cluster have died")
        for shard, holder in enumerate(self._holder):
            if holder is dead:
                counts = [sum(other is actor for other in self._holder) for actor in self._actors]
                self._send(shard, self._actors[int(np.argmin(counts))])

    def _send(self, shard: int, actor: Any) -> None:
        self._holder[shard], lists = actor, self._shards[shard]
        sent: list[Any] = []
        for start in range(0, len(lists.vectors), _PIECE):
            sent.append(actor.receive.remote(shard, lists.vectors[start : start + _PIECE]))
            if len(sent) > _AT_ONCE:
                self._ray.wait([sent.pop(0)], timeout=_SILENT_SECONDS)
        actor.hold.remote(shard, lists._replace(vectors=lists.vectors[:0]))


def arithmetic() -> str:
    """A digest of the last digits that this machine computes: blocks must have the same ones everywhere."""
    random = np.random.default_rng(0)
    vectors = random.standard_normal((512, 128), dtype=np.float32)
    squares = np.einsum("ij,ij->i", vectors, vectors)
    with threadpool_limits(1, user_api="blas"):
        (counts, numbers), own = looks_of(vectors[:, :64], vectors[:40, :64].copy(), 20.0)
        starts = np.arange(0, 513, 64)
        lists = Lists(vectors, squares, np.argsort(own, kind="stable").astype(np.int32), starts.astype(np.int64))
        looking = Asking(np.arange(512, dtype=np.int32), vectors, squares, counts, numbers % 8)
        keys = found_in(looking, lists, 20.0)
    return hashlib.blake2b(keys.tobytes() + numbers.tobytes(), digest_size=16).hexdigest()
