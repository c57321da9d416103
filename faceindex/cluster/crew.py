"""The actors of one ingest: started where Ray has nodes, proved, replaced when they end, and left out where a node is
not fit."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from typing import Any

from faceindex.cluster import actors
from faceindex.cluster.actors import Actor, Place
from faceindex.cluster.proof import Proof, difference, own_version, parcel, proof_of
from faceindex.errors import MachineError, Note
from faceindex.faces.analyse import Analyser

_MOST_LOSSES = 10  # actors in a row that end, without an analysed photo in between
_START_SECONDS = 180.0  # until one actor at least is ready
_LOOK_SECONDS = 2.0  # between two looks at which nodes there are


class Crew:
    """Iterates over its actors. An actor that Ray cannot place has no workers, and so gets no work."""

    def __init__(self, ray: Any, asked: int | None, idle_limit: float, analyser: Analyser) -> None:
        """asked: workers in all, at most; None: one for each core. Raises: ModelError; MachineError if Ray has no
        node for the work."""
        self._ray = ray
        self._asked = asked
        self._idle_limit = idle_limit
        device = analyser.engine.used_device
        self._gpu = device != "cpu"
        self._proof = proof_of(analyser)
        self._parcel = ray.put(parcel(analyser))
        self._actors: list[Actor] = []
        self._again: list[Place] = []  # of actors that ended
        self._unfit: set[str] = set()  # nodes
        self._known: set[str] = set()  # nodes that have got their actors
        self._why = (
            f"Ray has no node with a GPU, for the device {device}" if self._gpu else "Ray has no node with a processor"
        )
        self._losses = 0
        self._looked = 0.0
        self._waiting_since = time.monotonic()
        self._said: set[tuple[str, str]] = set()  # by nodes
        self.look()

    def __iter__(self) -> Iterator[Actor]:
        return iter(self._actors)

    def __contains__(self, actor: Actor) -> bool:
        return actor in self._actors

    @property
    def workers(self) -> int:
        """Workers that are ready or starting."""
        return sum(actor.workers or actor.place.cores for actor in self._actors)

    @property
    def capacity(self) -> int:
        """Photos that they may hold."""
        return max(2 * self.workers, sum(actor.capacity for actor in self._actors))

    def look(self) -> None:
        """Now and then, start actors on nodes that are new, and for those that ended. Raises: MachineError if nobody is
        ready in time."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        places = actors.places(self._ray.nodes(), self._asked, gpu=self._gpu)
        living = {place.node for place in places} - self._unfit
        again, self._again = self._again, []
        full = self._known and self._asked is not None and self.workers >= self._asked
        new = [] if full else [place for place in places if place.node not in self._known]
        for place in (*again, *new):
            if place.node in living:
                self._start(place)
                self._known.add(place.node)
        if any(actor.workers for actor in self._actors):
            self._waiting_since = now
        elif now - self._waiting_since > _START_SECONDS:
            raise MachineError(
                f"no worker on Ray was ready after {_START_SECONDS:g} seconds; are its processors in use?"
            )
        self._require_one()

    def welcome(self, actor: Actor, proof: Proof, workers: int) -> None:
        """Give work to an actor that has what it must have; leave the node of another out. Raises: MachineError if no
        node is left."""
        actor.proving = None
        wrong = difference(self._proof, proof)
        if wrong is None:
            actor.workers = workers
        else:
            self._refuse(actor, wrong)

    def pass_on(self, actor: Actor, note: str) -> None:
        """Give a note of a node to the user, once."""
        if (actor.place.node, note) not in self._said:
            self._said.add((actor.place.node, note))
            warnings.warn(f"node {actor.place.name}: {note}", Note, stacklevel=2)

    def worked(self) -> None:
        """A photo was analysed."""
        self._losses = 0

    def lose(self, actor: Actor, error: Exception) -> None:
        """End an actor about which something failed, and replace it. Raises: MachineError if nobody is left."""
        why = _reason(error)
        if actor.proving is not None and "No module named 'faceindex'" in str(error):
            self._refuse(actor, "it has no faceindex")
            return
        self._end(actor)
        self._why = why
        self._losses += actor.proving is None or not any(other.workers for other in self._actors)
        if self._losses >= _MOST_LOSSES:
            raise MachineError(f"no photo can be analysed on Ray now: {why}")
        if isinstance(error, MachineError):  # another actor there would lack the same
            self._unfit.add(actor.place.node)
        else:
            self._again.append(actor.place)
        self._require_one()

    def end(self) -> None:
        """End all actors at once."""
        for actor in list(self._actors):
            self._end(actor)

    def _refuse(self, actor: Actor, why: str) -> None:
        """Leave a node out, and say so once."""
        self._end(actor)
        self._why = f"node {actor.place.name}: {why}"
        if actor.place.node not in self._unfit:
            self._unfit.add(actor.place.node)
            if self._actors:
                warnings.warn(f"node {actor.place.name} is left out: {why}", Note, stacklevel=2)
        self._require_one()

    def _start(self, place: Place) -> None:
        version, parcel = own_version(), self._parcel
        started = actors.start(
            self._ray, place, version=version, parcel=parcel, idle_limit=self._idle_limit, gpu=self._gpu
        )
        self._actors.append(started)

    def _end(self, actor: Actor) -> None:
        self._actors.remove(actor)
        actors.end(self._ray, actor)

    def _require_one(self) -> None:
        if not self._actors and not self._again:
            raise MachineError(self._why)


def _reason(error: Exception) -> str:
    """What an error of Ray's says, in one line."""
    cause = getattr(error, "cause", None)
    said = str(cause if isinstance(cause, Exception) else error).strip().splitlines()
    return said[0] if said else type(error).__name__
