"""A server as users run it: a process with a socket."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

STARTS_SECONDS = 60.0


@dataclass(frozen=True)
class RunningServer:
    """process; the lines that it printed when it began; address: of the first line, without its path."""

    process: subprocess.Popen[str]
    lines: list[str]

    @property
    def address(self) -> str:
        found = re.match(r"https?://[^/]+", self.lines[0])
        assert found, self.lines
        return found[0]

    @property
    def entrance(self) -> str:
        """The address that signs in."""
        return self.lines[0]


@contextmanager
def running(library: Path, *options: str, lines: int = 2) -> Iterator[RunningServer]:
    """`faceindex serve` with these options, at a free port. lines: that it prints before it answers."""
    command = [sys.executable, "-m", "faceindex", "serve", "-L", str(library), "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield RunningServer(process, first_lines(process, lines))
        finally:
            process.kill()


def first_lines(process: subprocess.Popen[str], count: int) -> list[str]:
    """The lines that it prints first; a process that prints none in time is killed."""
    assert process.stderr is not None
    timer = threading.Timer(STARTS_SECONDS, process.kill)
    timer.start()
    try:
        found = [process.stderr.readline().rstrip("\n") for _ in range(count)]
    finally:
        timer.cancel()
    assert all(found), found
    return found


def signed_in(server: RunningServer, clients: ExitStack) -> httpx.Client:
    """A browser that used the address which the server printed."""
    client = clients.enter_context(httpx.Client(base_url=server.address, follow_redirects=True, timeout=30))
    assert client.get(server.entrance).status_code == 200
    client.headers["X-CSRF-Token"] = client.get("/api/v1/session").json()["csrf"]
    return client
