"""What surrounds Ray in a process: environment, signals, and output, all as before when a session has ended."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)


class Environment:
    """Variables that are set in this process, and restored."""

    def __init__(self, variables: dict[str, str]) -> None:
        self._former: dict[str, str | None] = {}
        self.set(variables)

    def set(self, variables: dict[str, str]) -> None:
        """Set more of them."""
        for name, value in variables.items():
            self._former.setdefault(name, os.environ.get(name))
            os.environ[name] = value

    def restore(self) -> None:
        """Restore all."""
        for name, value in self._former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._former.clear()


@contextlib.contextmanager
def isolated(folder: Path) -> Iterator[None]:
    """Daemons that start meanwhile ask no cloud's server where they are.

    One of them asks Azure, Google and Amazon, by addresses of theirs, even where usage statistics are off; but not when
    it finds a file in its home that says how the cluster was launched.
    """
    (folder / "ray_bootstrap_config.yaml").write_text("{}\n")
    home = Environment({"HOME": str(folder)})
    try:
        yield
    finally:
        home.restore()


@contextlib.contextmanager
def same_signals() -> Iterator[None]:
    """SIGTERM does what it did before: Ray takes it in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Nothing is written to stderr meanwhile, not even by native code: Ray says every second that it was refused."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextlib.contextmanager
def nothing_printed(ray: Any) -> Iterator[None]:
    """What raylets have to say goes to our log: Ray prints it on stdout, which is for answers, and has no option."""
    worker = ray._private.worker
    former = worker.print_to_stdstream
    worker.print_to_stdstream = lambda data, **_: _log.info("%s: %s", data.get("pid"), data.get("lines"))
    try:
        yield
    finally:
        worker.print_to_stdstream = former
