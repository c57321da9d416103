"""How a program is started that inherits one end of a pipe."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

if sys.platform == "win32":
    from multiprocessing.connection import PipeConnection as _Connection
else:
    from multiprocessing.connection import Connection as _Connection

Connection = _Connection
"""Either end of a pipe between two processes."""


@contextlib.contextmanager
def without_interrupts() -> Iterator[None]:
    """A process that is started here gets no Ctrl-C: that goes to this one, which then stops its children."""
    if sys.platform == "win32":  # see `start_with`
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a child inherits it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def start_with(connection: Connection, command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a program that inherits the descriptor of `connection` and no other. Its stderr is a pipe.

    Raises: OSError.
    """
    inherited: dict[str, Any] = {"pass_fds": (connection.fileno(),)}
    if sys.platform == "win32":
        os.set_handle_inheritable(connection.fileno(), True)
        startup = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [connection.fileno()]})
        # A group of its own gets no Ctrl-C from the console.
        inherited = {"startupinfo": startup, "creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    with without_interrupts():
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            **inherited,
        )


def inherited_connection(descriptor: int) -> Connection:
    """In the program that `start_with` started: the connection with this descriptor."""
    return Connection(descriptor)
