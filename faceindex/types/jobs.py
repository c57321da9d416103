"""Progress of long work, as plain data: `dataclasses.asdict` of it is JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

JobState = Literal["queued", "running", "cancelling", "done", "failed", "cancelled"]
"""queued: waits for another writer. cancelling: was asked to end, and has not yet. The last three are for good."""

ENDED: frozenset[JobState] = frozenset(("done", "failed", "cancelled"))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far work is. It never goes back.

    done, total: photos of an ingest or a reencoding, faces of a clustering, an export or an index (which reads them
    more than once), bytes of a backup; total is None while nobody knows. faces: new ones. failed: photos that could not
    be read. stage: what is done now, one word. rate: of `done`, a second, lately. seconds_left: at that rate; None
    while that cannot be said. error: in one line, of work that failed.
    """

    done: int
    faces: int = 0
    failed: int = 0
    total: int | None = None
    stage: str = ""
    state: JobState = "running"
    rate: float = 0.0
    seconds_left: float | None = None
    error: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED
