"""The interface of what analyses photos for an ingest: in processes, in this process, or on other machines.

The ingest submits photos while there is room, and gets an answer for each. It knows nothing of processes; tasks and
answers are plain data that can be pickled. The ingest keeps the only writer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from faceindex.faces.aligned import AlignedPhoto
from faceindex.faces.analyse import Analyser
from faceindex.photos.finding.entries import FoundFile
from faceindex.types import AnalysedPhoto


@dataclass(frozen=True, slots=True)
class Task:
    """One photo to analyse. file: its path, and its size and time when it was submitted.

    analyser: the recipe and its options, half a kilobyte when pickled; the same one until the executor is closed.
    """

    file: FoundFile
    analyser: Analyser


class Fault(Enum):
    """The cause of a failure. Only a failure with the cause PHOTO is ever stored.

    PLACE: the photo cannot be reached now. MACHINE: something is missing here, or stopped the work. MEMORY: the worker
    ran out of memory and cannot go on.
    """

    PHOTO = "photo"
    PLACE = "place"
    MACHINE = "machine"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Analysed:
    """The answer for one file: the analysed photo, or the error and its cause.

    seconds: time of each stage of the analysis. aligned: instead of the analysed photo, within an executor whose
    workers leave the encoding to another process.
    """

    file: FoundFile
    photo: AnalysedPhoto | None
    error: str | None = None
    seconds: Counter[str] = field(default_factory=Counter)
    fault: Fault = Fault.PHOTO
    aligned: AlignedPhoto | None = None


class Executor(Protocol):
    """Analyses photos. One ingest uses it at a time, from one thread, and closes it.

    Every executor promises:

    - each task is answered once, in any order, with the result of `worker.analyse_file`: so all executors give the same
      vectors, byte for byte;
    - Fault.PHOTO is only for the content of a photo; failures of the machine, network or cluster have another fault,
      or are a MachineError if no more work can be done;
    - it accepts tasks only while there is room, so that memory stays bounded for any number of photos;
    - `close` returns soon, even while photos are at work; then no earlier task is answered, and nothing prevents the
      program from ending.

    One that isolates photos (`ProcessPool`) also promises:

    - a photo that crashes, blocks or uses too much memory harms only itself, and `close` ends such work.

    In `InLine`, where photos are analysed in the program's own process, such a photo crashes or blocks the program.
    """

    @property
    def workers(self) -> int:
        """How many photos may be analysed at the same time; 0: in the calling thread."""

    @property
    def room(self) -> bool:
        """Whether it accepts another task now."""

    def submit(self, task: Task) -> None:
        """Accept a task; there must be room. Raises: MachineError."""

    def answers(self, timeout: float) -> Iterator[Analysed]:
        """The answers so far; waits up to `timeout` seconds for the first. Raises: MachineError."""

    def close(self) -> None:
        """Stop at once, and drop the submitted tasks. The next `submit` starts again."""
