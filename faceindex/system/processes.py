"""What a process finds out about itself, about another, and about its limits."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from faceindex.system import cgroups
from faceindex.system.modules import resource

_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_KILLED_FIRST = 700  # oom_score_adj; the largest is 1000


@dataclass(frozen=True, slots=True)
class Activity:
    """processor: seconds of processor time that a process has used. read: bytes read; 0 where the system does not
    count.

    suspended: the process was stopped (SIGSTOP, a debugger) or its group was frozen, and may go on later.
    """

    processor: float
    read: int
    suspended: bool


def activity(process: int) -> Activity | None:
    """What a process has done up to now; None if it has ended."""
    import psutil  # takes 20 ms to import; only needed to analyse photos

    try:
        watched = psutil.Process(process)
        times, status = watched.cpu_times(), watched.status()
    except psutil.Error:
        return None
    try:
        counted = getattr(watched, "io_counters")()  # noqa: B009
        read = counted.read_bytes + getattr(counted, "read_chars", 0)
    except (psutil.Error, AttributeError, OSError):  # macOS and some containers have no such counts
        read = 0
    stopped = status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
    return Activity(times.user + times.system, read, stopped or cgroups.frozen(process))


def limit_memory(size: int) -> None:
    """Make every allocation fail that would take this process beyond `size` bytes.

    RLIMIT_DATA counts private writable memory, which decoders use; address space that onnxruntime or numba only reserve
    does not count. Linux enforces it, macOS does not, and Windows has no such limit.
    """
    if resource is None:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (size if hard == resource.RLIM_INFINITY else min(size, hard), hard))


def grants_memory(size: int) -> bool:
    """Whether this process can use `size` bytes before it meets another limit (`ulimit`, strict accounting).

    If not, running out of memory says nothing about the photo.
    """
    if resource is None:
        return True
    _, data = resource.getrlimit(resource.RLIMIT_DATA)
    space, _ = resource.getrlimit(resource.RLIMIT_AS)
    with contextlib.suppress(OSError):
        if Path("/proc/sys/vm/overcommit_memory").read_text().strip() == "2":
            return False
    return bool(data == resource.RLIM_INFINITY or data >= size) and bool(
        space == resource.RLIM_INFINITY or space >= 2 * size  # libraries reserve address space that they do not use
    )


def be_killed_first() -> None:
    """When memory runs out, let the kernel kill this process and not its parent, which holds the results."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_KILLED_FIRST))


def end_with_parent(parent: int) -> None:
    """Let the kernel kill this process when the thread that started it ends. Linux only."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # the parent has ended already
        os._exit(1)


def thread_seconds(thread: int) -> float:
    """Processor time of a living thread in seconds; 0 where it is not measured (macOS, Windows)."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return 0.0
    seconds: float = getattr(time, "clock_gettime")(time.pthread_getcpuclockid(thread))  # noqa: B009
    return seconds


def cores_here() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_available() -> int:
    """Free memory of the machine in bytes, see proc_meminfo(5); psutil gives the same, but takes 20 ms to import."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return int(value.split()[0]) << 10
    import psutil

    available: int = psutil.virtual_memory().available
    return available
