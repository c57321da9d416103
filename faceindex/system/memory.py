"""How the C library keeps memory that was freed."""

from __future__ import annotations

import contextlib
import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of mallopt(3)

_ARENAS = 2
_LARGE = 1 << 20


def give_back_memory() -> None:
    """Let a process of many threads give freed memory back to the system, instead of keeping it for each thread.

    glibc gives threads a heap each, up to eight for each processor, which keeps what was ever used there; and after the
    first large array is freed it keeps large ones, too. Call it before threads begin. Other C libraries have no such
    settings, and nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):  # the last one: on Windows there is no library None
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, _ARENAS)
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _LARGE)
