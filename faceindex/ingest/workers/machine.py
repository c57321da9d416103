"""How many workers suit this machine: by cores, quota of processor time, and free memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from faceindex.errors import UsageError
from faceindex.plurals import plural
from faceindex.system import cgroups
from faceindex.system.processes import cores_here, memory_available

WORKER_MEMORY = 600 << 20
"""Most memory of a worker with photos of 12 megapixels, in bytes (README: 408 MB), with some reserve."""

OWN_MEMORY = 200 << 20
"""Memory of the process that reads and stores, in bytes."""


@dataclass(frozen=True, slots=True)
class Workers:
    """A number of worker processes (0: only this process), and the reason for it."""

    number: int
    reason: str

    def __str__(self) -> str:
        return f"{plural(self.number, 'worker')} ({self.reason})"


def choose_workers(asked: int | None = None, *, root: Path = cgroups.ROOT) -> Workers:
    """`asked` workers; by default one for each core that this process may use, if there is memory for them.

    root: of the file system with the control groups. Raises: UsageError for a negative number.
    """
    if asked is not None and asked < 0:
        raise UsageError(f"the number of workers cannot be {asked}; 0 analyses photos in this process")
    if asked is not None:
        return Workers(asked, "as asked for")
    cores, quota, memory = cores_here(), cgroups.cpu_quota(root), workers_in(memory_left(root))
    limited = quota is not None and quota < cores
    usable = math.ceil(quota) if quota is not None and limited else cores
    whose = f"CPU quota {quota:.3g} of " if limited else ""
    room = f"memory for {memory}" if memory else "too little memory for one"
    reason = f"{whose}{cores} core{'' if cores == 1 else 's'}; {room}"
    return Workers(max(1, min(usable, memory)), reason)


def workers_in(memory: int) -> int:
    """How many workers fit into `memory` bytes."""
    return max(0, (memory - OWN_MEMORY) // WORKER_MEMORY)


def memory_left(root: Path = cgroups.ROOT) -> int:
    """Bytes that can still be allocated: limited by the machine's memory and the control groups."""
    allowed = cgroups.memory_left(root)
    available = memory_available()
    return available if allowed is None else min(available, allowed)
