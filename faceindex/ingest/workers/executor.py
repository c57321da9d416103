"""What analyses photos for an ingest, wherever that is done: in processes, in this one, or on other machines.

The ingest submits photos while there is room, and gets an answer for each. It knows nothing of processes; what travels
is plain data that can be pickled. The one writer stays with the ingest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from faceindex.faces.analyse import Analyser
from faceindex.photos.finding.find import FoundFile
from faceindex.types import AnalysedPhoto


@dataclass(frozen=True, slots=True)
class Task:
    """One photo to analyse. file: where it is, and of what size and time it was when it was submitted.

    analyser: the recipe and its options, half a kilobyte when pickled; the same one until the executor is closed.
    """

    file: FoundFile
    analyser: Analyser


class Fault(Enum):
    """Whose fault it is that a photo was not read. Only what is in the PHOTO is ever stored.

    PLACE: it lies where it cannot be read now. MACHINE: something is missing here, or stopped the work. MEMORY: the
    worker ran out of it, and is in no state to go on.
    """

    PHOTO = "photo"
    PLACE = "place"
    MACHINE = "machine"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Analysed:
    """The answer for one file: the photo, or the reason why there is none, and whose fault that is.

    seconds: what each stage of the analysis took.
    """

    file: FoundFile
    photo: AnalysedPhoto | None
    error: str | None = None
    seconds: Counter[str] = field(default_factory=Counter)
    fault: Fault = Fault.PHOTO


class Executor(Protocol):
    """Analyses photos. Used by one ingest at a time, which closes it, and by one thread.

    Every executor promises:

    - each task is answered once, in any order, by what `worker.analyse_file` returns for it: so all give the same
      vectors, byte for byte;
    - a photo is at fault (Fault.PHOTO) for what is in it only; what the machine, the network or a cluster does is
      another fault, or, when no more work can be done, a MachineError;
    - it takes no more than there is room for, so that memory stays bounded however many photos there are;
    - `close` returns soon, whatever the work is at, and of what was submitted before no answer comes any more; nothing
      is left that would keep the program from ending.

    One that isolates photos (`ProcessPool`) promises, too:

    - a photo that crashes, hangs or swells what analyses it costs itself only, and `close` ends such work.

    Where photos are analysed in the program's own process (`InLine`), such a photo ends or holds the program.
    """

    @property
    def workers(self) -> int:
        """How many photos may be analysed at once; 0: in the calling thread."""

    @property
    def room(self) -> bool:
        """Whether another task can be taken now."""

    def submit(self, task: Task) -> None:
        """Take a task, when there is room. Raises: MachineError."""

    def answers(self, timeout: float) -> Iterator[Analysed]:
        """What has been answered by now; waits up to `timeout` seconds for the first. Raises: MachineError."""

    def close(self) -> None:
        """End at once, and forget what was submitted. The next `submit` begins anew."""
