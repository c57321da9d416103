"""Starts threads, so that a machine without room for another one gives an error about memory."""

from __future__ import annotations

import threading


def start(thread: threading.Thread) -> None:
    """Start the thread. Raises: MemoryError if the machine gives no thread; Python raises RuntimeError for that."""
    try:
        thread.start()
    except RuntimeError as error:
        raise MemoryError("no thread can be started") from error
