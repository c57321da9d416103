"""Processes of our own: started with exec, not fork, and never waited for without end.

With exec they inherit no lock and no thread, and a script that calls `Library.ingest` needs no `if __name__ ==
"__main__"`. One whose parent dies sees its pipe close and ends; on Linux the kernel ends it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from faceindex.photos.finding.addresses import secrets_for_children
from faceindex.running import telemetry

END_SECONDS = 5.0
"""How long a killed process is waited for. One that a dead disk holds, or that is frozen, ends later, or never."""

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

_KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
"""By itself glibc gives the memory of every picture back to the system, and gets it anew page by page: 5 % of a
worker's time, for 45 MB less. 32 MiB is the most that the first one may be. Other C libraries do not look at them."""


def start(main: str, connection: Connection, *arguments: object, one_thread: bool = True) -> subprocess.Popen[bytes]:
    """Run the statements `main` in another Python, which gets the connection's descriptor, the process that it is to
    end with or 0, and `arguments`.

    one_thread: this thread ends the child before it ends itself; the kernel then does so when the program is killed.
    Raises: OSError.
    """
    environment = _KEPT_MEMORY | os.environ | telemetry.OFF | secrets_for_children() | dict.fromkeys(_ONE_THREAD, "1")
    package = str(Path(__file__).parents[3])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    # The kernel ends a child with the thread that started it; the main thread lives as long as the program.
    lasting = one_thread or threading.current_thread() is threading.main_thread()
    parent = os.getpid() if lasting else 0
    # A child inherits the mask: Ctrl-C is for the parent, which then stops its children.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return subprocess.Popen(
            [sys.executable, "-c", main, *map(str, (connection.fileno(), parent, *arguments))],
            pass_fds=(connection.fileno(),),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process. One that cannot end now is left behind."""
    process.kill()
    if process.stderr is not None:
        process.stderr.close()
    ending(process)


def ending(process: subprocess.Popen[bytes]) -> str:
    """How a process ended: the name of a signal, an exit code, or that it has not."""
    try:
        code = process.wait(timeout=END_SECONDS)
    except subprocess.TimeoutExpired:
        return "still running"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return f"signal {-code}"
