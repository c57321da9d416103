"""Long work that the server does: one of each kind at a time, the last ones remembered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from faceindex.library.job import Job

MOST_REMEMBERED = 50


@dataclass(frozen=True, slots=True)
class ServedJob:
    """A job under an id. started: time in UTC. written: name of what it writes, in the folder for backups."""

    id: str
    kind: str
    started: str
    job: Job[Any]
    written: str = ""

    def as_json(self) -> dict[str, object]:
        """Id, kind, time and progress."""
        named = {"id": self.id, "kind": self.kind, "started": self.started, "written": self.written}
        return named | asdict(self.job.progress)


class Jobs:
    """The jobs of one server. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._jobs: dict[str, ServedJob] = {}
        self._last = 0
        self._guard = threading.Lock()

    def all(self) -> list[ServedJob]:
        """The jobs that are remembered, the newest first."""
        with self._guard:
            return list(self._jobs.values())[::-1]

    def get(self, number: str) -> ServedJob | None:
        """The job with this id."""
        with self._guard:
            return self._jobs.get(number)

    def cancel(self) -> None:
        """Ask all jobs to end."""
        for one in self.all():
            one.job.cancel()

    def start(self, kind: str, begin: Callable[[], Job[Any]], written: str = "") -> tuple[ServedJob, bool]:
        """The job of this kind that is at work, or else a new one; and whether it is new."""
        with self._guard:
            for known in self._jobs.values():
                if known.kind == kind and not known.job.progress.ended:
                    return known, False
            self._last += 1
            number = str(self._last)
            started = datetime.now(UTC).isoformat(timespec="seconds")
            self._jobs[number] = ServedJob(number, kind, started, begin(), written)
            for old in [one.id for one in self._jobs.values() if one.job.progress.ended][:-MOST_REMEMBERED]:
                del self._jobs[old]
            return self._jobs[number], True
