"""The option `--on`: Ray is started or connected to only when it is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from faceindex.errors import UsageError

if TYPE_CHECKING:
    from faceindex.cluster.executor import RayExecutor


@contextmanager
def executor_on(on: str | None, workers: int | None) -> Iterator[RayExecutor | None]:
    """The executor for an ingest; None without the option. workers: on all nodes. Raises: UsageError; MachineError."""
    if on is None:
        yield None
        return
    if workers == 0:
        raise UsageError("--workers 0 analyses photos in this process, and --on on Ray; give one of the two")
    from faceindex.cluster.session import STARTED, RaySession

    with RaySession(on, cpus=_cores(workers) if on == STARTED else None) as session:
        from faceindex.cluster.executor import RayExecutor

        yield RayExecutor(session, workers=workers)


def _cores(workers: int | None) -> int:
    from faceindex.ingest.workers.machine import choose_workers

    return choose_workers(workers).number
