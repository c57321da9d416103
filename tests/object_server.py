"""A server of objects on this machine, which speaks S3: what it was asked for is counted, and it can be killed."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fsspec
import fsspec.config
import pytest

from faceindex.photos.finding import addresses

BUCKET = "photos"
_SERVER = "import sys; from moto.server import main; main(['-p', sys.argv[1]])"
_REQUEST = re.compile(r'"([A-Z]+) (\S+) HTTP')


class ObjectServer:
    """log: where the server writes a line for each request."""

    key, secret = "nobody", "SECRET-OF-NOBODY"

    def __init__(self, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a user sets, for fsspec to find the server and to log in."""
        return {
            "FSSPEC_S3_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "FSSPEC_S3_KEY": self.key,
            "FSSPEC_S3_SECRET": self.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def be_found(self) -> None:
        """By this process and those that it starts, from now on."""
        os.environ.update(self.environment)
        fsspec.config.set_conf_env(fsspec.config.conf)

    def let_be_found(self, patch: pytest.MonkeyPatch) -> None:
        """By this process and those that it starts."""
        for name, value in self.environment.items():
            patch.setenv(name, value)
        found: dict[str, Any] = {}
        fsspec.config.set_conf_env(found)
        patch.setitem(fsspec.config.conf, "s3", found["s3"])
        patch.setattr(addresses, "_logins", {})  # of another test that named a user in an address

    def start(self, objects: Mapping[str, bytes]) -> None:
        """Serve these objects, by their keys, in BUCKET."""
        with self.log.open("wb") as log:
            self._process = subprocess.Popen([sys.executable, "-c", _SERVER, str(self.port)], stdout=log, stderr=log)
        self._wait_for(self.port)
        self.system().mkdir(BUCKET)
        for key, data in objects.items():
            self.put(key, data)
        self.forget_requests()

    def _wait_for(self, port: int) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, and wait for that."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def put(self, key: str, data: bytes) -> None:
        """Store an object in the place of what is there."""
        self.system().pipe_file(f"{BUCKET}/{key}", data)

    def remove(self, key: str) -> None:
        """Remove an object."""
        self.system().rm_file(f"{BUCKET}/{key}")

    def system(self) -> Any:
        """fsspec's view of it."""
        return fsspec.filesystem(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            key=self.key,
            secret=self.secret,
            use_listings_cache=False,
        )

    def requests(self) -> Counter[str]:
        """How often each method and address was asked for since `forget_requests`."""
        text = self.log.read_bytes()[self._seen :].decode()
        return Counter(f"{method} {address}" for method, address in _REQUEST.findall(text))

    def read(self) -> list[str]:
        """Keys of the objects whose bytes were asked for since `forget_requests`, each as often as it was."""
        asked = self.requests()
        found = (re.fullmatch(rf"GET /{BUCKET}/([^?]+)(\?.*)?", request) for request in asked.elements())
        return sorted(match[1] for match in found if match and match[1])

    def forget_requests(self) -> None:
        """Count from here on."""
        self._seen = self.log.stat().st_size
