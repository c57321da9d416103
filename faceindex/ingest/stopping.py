"""Ctrl-C and SIGTERM: what was begun is finished first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stop_signals(stop: threading.Event | None = None) -> Iterator[threading.Event]:
    """An event, `stop` or a new one, that Ctrl-C and SIGTERM set; a second one acts as usual. Only the main thread gets
    signals."""
    stop = stop or threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def on_signal(number: int, frame: object) -> None:
        stop.set()
        signal.signal(number, former[signal.Signals(number)])

    for number in former:
        signal.signal(number, on_signal)
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
