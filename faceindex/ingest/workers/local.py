"""The default executor: it analyses photos on this machine."""

from __future__ import annotations

from faceindex.ingest.workers.executor import Executor
from faceindex.ingest.workers.in_line import InLine
from faceindex.ingest.workers.pool import IDLE_LIMIT, ProcessPool


def local_executor(workers: int, *, idle_limit: float = IDLE_LIMIT, one_thread: bool = True) -> Executor:
    """A `ProcessPool` with so many worker processes; with 0, photos are analysed in this process."""
    return ProcessPool(workers, idle_limit=idle_limit, one_thread=one_thread) if workers else InLine()
