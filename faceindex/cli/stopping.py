"""Ctrl-C and SIGTERM: the photo or batch at work is finished before the program ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

from faceindex.errors import JobCancelled
from faceindex.library.job import Job
from faceindex.types import ImportReport, IngestReport, Reencoded

Report = TypeVar("Report", IngestReport, ImportReport, Reencoded)


@contextmanager
def on_signals(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` on the first Ctrl-C or SIGTERM; a second one ends the program. Works in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def on_signal(number: int, frame: object) -> None:
        act()
        signal.signal(number, former[signal.Signals(number)])

    for number in former:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def report_of(job: Job[Report]) -> Report:
    """The report of a job when it ends, also after Ctrl-C or SIGTERM cancelled it. Raises: what the job raised."""
    with on_signals(job.cancel):
        job.wait()
    try:
        return job.result()
    except JobCancelled as error:
        if error.report is None:
            raise
        return cast(Report, error.report)
