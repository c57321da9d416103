"""How many workers suit this machine: by its cores, the quota of processor time, and the memory that is left."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from faceindex.errors import UsageError
from faceindex.ingest.workers import cgroups

WORKER_MEMORY = 600 << 20
"""Bytes that a worker takes at most with photos of 12 megapixels (README: 408 MB; it was 525), and some more."""

OWN_MEMORY = 200 << 20
"""Bytes that the process that reads and stores takes beside its workers."""


@dataclass(frozen=True, slots=True)
class Workers:
    """A number of worker processes, 0 for none but this one, and what it follows from."""

    number: int
    reason: str

    def __str__(self) -> str:
        return f"{self.number} worker{'' if self.number == 1 else 's'} ({self.reason})"


def choose_workers(asked: int | None = None, *, root: Path = cgroups.ROOT) -> Workers:
    """`asked` of them, else one for each core that this process may use, if there is memory for as many.

    root: of the file system, for the control groups. Raises: UsageError for fewer than none.
    """
    if asked is not None and asked < 0:
        raise UsageError(f"there cannot be {asked} workers; 0 analyse photos in this process")
    if asked is not None:
        return Workers(asked, "as asked for")
    cores, quota, memory = cores_here(), cgroups.cpu_quota(root), workers_in(memory_left(root))
    limited = quota is not None and quota < cores
    usable = math.ceil(quota) if quota is not None and limited else cores
    whose = f"CPU quota {quota:.3g} of " if limited else ""
    room = f"memory for {memory}" if memory else "too little memory for one"
    reason = f"{whose}{cores} core{'' if cores == 1 else 's'}; {room}"
    return Workers(max(1, min(usable, memory)), reason)


def cores_here() -> int:
    """Processor cores that this process may be scheduled on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers_in(memory: int) -> int:
    """How many workers `memory` bytes hold."""
    return max(0, (memory - OWN_MEMORY) // WORKER_MEMORY)


def memory_left(root: Path = cgroups.ROOT) -> int:
    """Bytes that may still be taken here: of the machine's memory, and of what the control groups allow."""
    allowed = cgroups.memory_left(root)
    available = _available()
    return available if allowed is None else min(available, allowed)


def _available() -> int:
    """Bytes of the machine's memory, see proc_meminfo(5); psutil says the same, and takes 20 ms to load."""
    with suppress(OSError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return int(value.split()[0]) << 10
    import psutil

    available: int = psutil.virtual_memory().available
    return available
