"""Threads are begun here, so that a machine that has no room for one more is said to be short of memory."""

from __future__ import annotations

import threading


def start(thread: threading.Thread) -> None:
    """Start it. Raises: MemoryError when the machine gives no thread, which Python tells by a RuntimeError."""
    try:
        thread.start()
    except RuntimeError as error:
        raise MemoryError("no thread can be started") from error
