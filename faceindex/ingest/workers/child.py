"""Child processes, started with exec instead of fork. Nothing waits for them without a limit.

With exec they inherit no locks and no threads, and a script that calls `Library.ingest` needs no `if __name__ ==
"__main__"`. If the parent dies, the child's pipe closes and the child ends; on Linux the kernel also ends it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from faceindex.photos.finding.addresses import secrets_for_children
from faceindex.running import telemetry
from faceindex.system.children import Connection, start_with

END_SECONDS = 5.0
"""How long to wait for a killed process. One that a dead disk blocks, or that is frozen, ends later or never."""

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

_KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
"""By default glibc returns the memory of every picture to the system and gets it again page by page, which costs 5 % of
a worker's time and saves 45 MB. 32 MiB is the largest allowed threshold. Other C libraries ignore these variables."""


def start(main: str, connection: Connection, *arguments: object, one_thread: bool = True) -> subprocess.Popen[bytes]:
    """Run the statements `main` in another Python process. Its arguments: the connection's descriptor, the process
    whose end ends it (or 0), and `arguments`.

    one_thread: this thread ends the child before it ends itself; then the kernel ends the child if this program is
    killed. Raises: OSError.
    """
    environment = _KEPT_MEMORY | os.environ | telemetry.OFF | secrets_for_children() | dict.fromkeys(_ONE_THREAD, "1")
    package = str(Path(__file__).parents[3])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    # The kernel ends a child together with the thread that started it; the main thread lives as long as the program.
    lasting = one_thread or threading.current_thread() is threading.main_thread()
    parent = os.getpid() if lasting else 0
    command = [sys.executable, "-c", main, *map(str, (connection.fileno(), parent, *arguments))]
    return start_with(connection, command, environment)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process. If it cannot end now, it is left behind."""
    process.kill()
    if process.stderr is not None:
        process.stderr.close()
    ending(process)


def ending(process: subprocess.Popen[bytes]) -> str:
    """How a process ended: the name of a signal, an exit code, or "still running"."""
    try:
        code = process.wait(timeout=END_SECONDS)
    except subprocess.TimeoutExpired:
        return "still running"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return f"signal {-code}"
