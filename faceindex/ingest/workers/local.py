"""The default executor: it analyses photos on this machine."""

from __future__ import annotations

from faceindex.ingest.workers.encoding_pool import EncodingPool
from faceindex.ingest.workers.executor import Executor
from faceindex.ingest.workers.in_line import InLine
from faceindex.ingest.workers.limits import IDLE_LIMIT
from faceindex.ingest.workers.pool import ProcessPool


def local_executor(
    workers: int, *, device: str = "cpu", idle_limit: float = IDLE_LIMIT, one_thread: bool = True
) -> Executor:
    """A `ProcessPool` with so many worker processes, or an `EncodingPool` for another device than the CPU; with 0,
    photos are analysed in this process."""
    if not workers:
        return InLine()
    pool = ProcessPool if device.lower() == "cpu" else EncodingPool
    return pool(workers, idle_limit=idle_limit, one_thread=one_thread)
