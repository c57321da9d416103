"""What a system lets one process know of another, and ask for itself; what differs between systems is here."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from faceindex.ingest.workers import cgroups

_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_KILLED_FIRST = 700  # of oom_score_adj, at most 1000


@dataclass(frozen=True, slots=True)
class Activity:
    """processor: seconds of processor time that a process has used. read: bytes; 0 where the system does not count.

    suspended: somebody stopped the process (SIGSTOP, a debugger) or froze its group, to let it go on later.
    """

    processor: float
    read: int
    suspended: bool


def activity(process: int) -> Activity | None:
    """What a process has done by now; None when it is gone."""
    import psutil  # takes 20 ms, which only those who analyse photos wait for

    try:
        watched = psutil.Process(process)
        times, status = watched.cpu_times(), watched.status()
    except psutil.Error:
        return None
    try:
        counted = watched.io_counters()
        read = counted.read_bytes + getattr(counted, "read_chars", 0)
    except (psutil.Error, AttributeError, OSError):  # macOS does not count, and some containers do not tell
        read = 0
    stopped = status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
    return Activity(times.user + times.system, read, stopped or cgroups.frozen(process))


def limit_memory(size: int) -> None:
    """Let every allocation that would take this process beyond `size` bytes fail.

    RLIMIT_DATA counts private memory that can be written, which is what a decoder takes; address space that onnxruntime
    or numba only reserve does not count. Linux enforces it, macOS does not, Windows has no such limit.
    """
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (size if hard == resource.RLIM_INFINITY else min(size, hard), hard))


def grants_memory(size: int) -> bool:
    """Whether a process that limits itself to `size` bytes meets no tighter limit before (`ulimit`, strict accounting).

    Where it does, a process that ran out of memory tells nothing about what it needed.
    """
    if sys.platform == "win32":
        return True
    import resource

    _, data = resource.getrlimit(resource.RLIMIT_DATA)
    space, _ = resource.getrlimit(resource.RLIMIT_AS)
    with contextlib.suppress(OSError):
        if Path("/proc/sys/vm/overcommit_memory").read_text().strip() == "2":
            return False
    return (data == resource.RLIM_INFINITY or data >= size) and (
        space == resource.RLIM_INFINITY or space >= 2 * size  # libraries reserve address space that they do not use
    )


def be_killed_first() -> None:
    """Let the kernel, when memory runs out, rather kill this process than its parent, which holds what was analysed."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_KILLED_FIRST))


def end_with_parent(parent: int) -> None:
    """Let the kernel kill this process when the thread that started it ends. Only Linux knows how."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it had ended before
        os._exit(1)
