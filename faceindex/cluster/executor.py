"""An executor on Ray: actors on its nodes analyse photos as a local pool does, and lost work goes to those that live.

Whatever fails about a call ends its actor, and the photos that it had are given to others; one that was with several
actors when they ended is tried alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

from faceindex.cluster.actors import Actor, Given, places, travelling
from faceindex.cluster.crew import Crew
from faceindex.cluster.node import Said, Sent
from faceindex.cluster.reading import ReadHere
from faceindex.cluster.session import RaySession
from faceindex.faces.analyse import Analyser
from faceindex.ingest.workers.executor import Analysed, Fault, Task
from faceindex.ingest.workers.identified import Elsewhere, Identified
from faceindex.ingest.workers.limits import IDLE_LIMIT
from faceindex.ingest.workers.worker import dated
from faceindex.photos.finding.entries import FoundFile

_TRIES = 3  # for a photo that has an actor of its own the last time
_SILENT_SECONDS = 60.0  # beyond the idle limit
_POLL_SECONDS = 0.02  # between two looks of an ingest that does not wait, and would look after each file


class RayExecutor:
    """See `Executor` and `Identifies`. It isolates photos, as `ProcessPool` does.

    The session is the caller's. Ids of faces follow the order in which photos are committed, which is that of their
    answers: it differs from run to run, as with several local workers.
    """

    def __init__(self, session: RaySession, *, workers: int | None = None, idle_limit: float = IDLE_LIMIT) -> None:
        """workers: how many there may be on all nodes; default: one for each core that Ray has."""
        self._ray = session.module
        self._asked = workers
        self._idle_limit = idle_limit
        self._begin()

    def _begin(self) -> None:
        self._analyser: Analyser | None = None
        self._crew: Crew | None = None
        self._queue: deque[Given] = deque()
        self._answered: deque[Analysed] = deque()
        self._expected: set[str] = set()  # paths that are to be identified
        self._to_identify: deque[FoundFile] = deque()
        self._identified: dict[str, Identified] = {}
        self._here = ReadHere(self._idle_limit)
        self._polled = 0.0

    @property
    def workers(self) -> int:
        """Workers on all nodes: those that are at work, or that would be."""
        if self._crew is not None:
            return self._crew.workers
        return sum(place.cores for place in places(self._ray.nodes(), self._asked, gpu=False))

    @property
    def room(self) -> bool:
        """Whether it accepts another task."""
        return self._crew is None or self._unanswered < self._crew.capacity

    @property
    def _actors(self) -> list[Actor]:
        return [] if self._crew is None else list(self._crew)

    @property
    def _unanswered(self) -> int:
        return len(self._queue) + sum(len(actor.files) for actor in self._actors)

    def submit(self, task: Task) -> None:
        """Accept a task. Raises: MachineError; ModelError; ValueError if the analyser differs from earlier tasks'."""
        self._prepare(task.analyser)
        self._queue.append(Given(Sent(task.file)))

    def answers(self, timeout: float) -> Iterator[Analysed]:
        """The answers so far; waits up to `timeout` seconds for the first. Raises: MachineError."""
        if self._unanswered and (timeout > 0 or time.monotonic() - self._polled > _POLL_SECONDS):
            self._turn(0 if self._answered else timeout)
        while self._answered:
            yield self._answered.popleft()

    def close(self) -> None:
        """End all actors, and drop the submitted tasks."""
        if self._crew is not None:
            self._crew.end()
        self._here.close()
        self._begin()

    def identify_ahead(self, files: Sequence[FoundFile], analyser: Analyser) -> None:
        """See `Identifies`."""
        self._to_identify.clear()
        self._identified.clear()
        self._expected = {file.path for file in files}
        if files:
            self._prepare(analyser)
            self._to_identify.extend(files)

    def identified(self, path: str, timeout: float) -> Identified | Literal["later"]:
        """See `Identifies`."""
        if path not in self._expected:
            return Elsewhere(path)
        if path not in self._identified:
            self._turn(timeout)
        if path not in self._identified:
            return "later"
        self._expected.discard(path)
        return self._identified.pop(path)

    def _prepare(self, analyser: Analyser) -> None:
        if self._analyser not in (None, analyser):
            raise ValueError("the nodes have another analyser; close the executor first")
        if self._crew is None:
            self._crew = Crew(self._ray, self._asked, self._idle_limit, analyser)
            self._analyser = analyser

    def _turn(self, timeout: float) -> None:
        """Give out what waits, wait for a call to return, and take its answers."""
        assert self._crew is not None
        self._polled = time.monotonic()
        self._crew.look()
        self._distribute()
        calls = {reference: actor for actor in self._crew for reference in actor.references}
        if not calls:
            time.sleep(min(timeout, 0.05))
            return
        ready, _ = self._ray.wait(list(calls), num_returns=1, timeout=timeout)
        if ready and len(calls) > 1:
            ready, _ = self._ray.wait(list(calls), num_returns=len(calls), timeout=0)
        for reference in ready:
            if calls[reference] in self._crew:  # not lost by another of its calls
                self._take(self._crew, calls[reference], reference)
        if ready:
            self._distribute()
        else:
            self._end_silent(self._crew)

    def _take(self, crew: Crew, actor: Actor, reference: Any) -> None:
        try:
            answer = self._ray.get(reference)
        except Exception as error:  # of many kinds: the actor, its node, its store, or the pool there
            self._lose(crew, actor, error)
            return
        actor.heard = time.monotonic()
        if reference == actor.proving:
            crew.welcome(actor, *answer)
        elif reference in actor.hashing:
            pairs = zip(actor.hashing.pop(reference), answer, strict=True)
            self._identified |= {file.path: found for file, found in pairs if file.path in self._expected}
        else:
            actor.calls.discard(reference)
            for one in answer:
                if isinstance(one, Said):
                    crew.pass_on(actor, one.note)
                else:
                    self._judge(crew, actor, one)

    def _judge(self, crew: Crew, actor: Actor, answer: Analysed | Elsewhere) -> None:
        """Keep an answer for the ingest, or send the photo as bytes if the node cannot open it."""
        actor.alone = False
        path = answer.path if isinstance(answer, Elsewhere) else answer.file.path
        given = actor.files.pop(path)
        if isinstance(answer, Elsewhere) or (answer.fault is Fault.PLACE and given.sent.data is None):
            found = self._here.read(given.file)
            if isinstance(found, Analysed):
                self._answered.append(found)
            else:
                self._queue.appendleft(Given(Sent(given.file, found), given.losses))
            return
        if answer.photo is not None:
            crew.worked()
            if given.sent.data is not None:  # the node has no sidecar
                answer = replace(answer, photo=dated(answer.photo, path))
        self._answered.append(answer)

    def _lose(self, crew: Crew, actor: Actor, error: Exception) -> None:
        """Give the work of an actor that ended to others."""
        for given in reversed(actor.files.values()):
            given.losses += 1
            if given.losses == _TRIES:
                reason = f"its worker on Ray was lost {_TRIES} times, the last time with no other photo"
                self._answered.append(Analysed(given.file, None, reason, fault=Fault.MACHINE))
            else:
                self._queue.appendleft(given)
        for files in actor.hashing.values():
            self._to_identify.extendleft(file for file in reversed(files) if file.path in self._expected)
        crew.lose(actor, error)

    def _distribute(self) -> None:
        """Give waiting photos to the actors with the fewest, one that may have ended actors to an actor of its own, and
        files to identify to all."""
        while self._queue:
            suspect = self._queue[0].losses > 1
            takers = [actor for actor in self._actors if (actor.takes_alone if suspect else actor.takes_more)]
            fewest = min(takers, key=lambda actor: len(actor.files) / actor.workers, default=None)
            if fewest is None or (fewest.calls and len(self._queue) < fewest.batch):
                break
            number = 1 if suspect else travelling(self._queue, fewest.takes_more)
            fewest.alone = suspect
            fewest.exchange([self._queue.popleft() for _ in range(number)])
        for actor in self._actors:
            if actor.files and not actor.calls:
                actor.exchange([])
            while self._to_identify and actor.takes_hashing:
                number = min(actor.takes_hashing, len(self._to_identify))
                actor.identify([self._to_identify.popleft() for _ in range(number)])

    def _end_silent(self, crew: Crew) -> None:
        now = time.monotonic()
        for actor in [one for one in crew if one.calls]:
            if now - actor.heard > self._idle_limit + _SILENT_SECONDS:
                self._lose(crew, actor, TimeoutError(f"node {actor.place.name} did not answer"))
