"""A server of objects that keeps them on a disk (s3rver, from npm), and a proxy before it that makes trouble."""

from __future__ import annotations

import hashlib
import re
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from object_server import BUCKET, ObjectServer

ROOT = Path(__file__).resolve().parents[1]
_SCRIPT = ROOT / ".venv" / "object_store" / "node_modules" / "s3rver" / "bin" / "s3rver.js"
_HEAD_BYTES = 1 << 16


def skip_without_server() -> None:
    """Skip the test where the server is not installed."""
    if shutil.which("node") is None or not _SCRIPT.exists():
        pytest.skip("s3rver is not installed: it takes node and npm (Debian: apt-get install npm), then scripts/setup")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the proxy does to a request. seconds: it waits so long first. status: answered in the server's place, with
    this code as the error of S3. most: bytes of the answer's body, after which the connection is cut."""

    seconds: float = 0.0
    status: int = 0
    code: str = ""
    most: int | None = None


NO_TROUBLE = Trouble()


class KeptObjects(ObjectServer):
    """s3rver behind a proxy: its objects outlive it. trouble: called with method and address for each request."""

    key = secret = "S3RVER"

    def __init__(self, folder: Path) -> None:
        """folder: for the objects and the log."""
        super().__init__(folder / "log")
        self._objects = folder / "objects"
        self._objects.mkdir(parents=True)
        self.trouble: Callable[[str, str], Trouble] = lambda method, address: NO_TROUBLE
        self.asked: list[str] = []
        self._proxy: _Proxy | None = None
        self._inner = _free_port()

    def start(self, objects: Mapping[str, bytes] | None = None) -> None:
        """Serve what is on the disk, and put these objects into BUCKET first."""
        place = ["-d", str(self._objects), "-a", "127.0.0.1", "-p", str(self._inner), "--no-vhost-buckets"]
        command = ["node", "--openssl-legacy-provider", str(_SCRIPT), *place]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self._wait_for(self._inner)
        if self._proxy is None:
            self._proxy = _Proxy(self.port, self)
        if not (self._objects / BUCKET).exists():
            self.system().mkdir(BUCKET)
        for key, data in (objects or {}).items():
            self.put(key, data)
        self.forget_requests()

    def close(self) -> None:
        """End the server and the proxy."""
        self.kill()
        if self._proxy is not None:
            self._proxy.shutdown()
            self._proxy.server_close()

    def fill(self, folder: str, names: Iterable[str], data: bytes) -> None:
        """Store many equal objects at once, as the server lays them on its disk."""
        place = self._objects / BUCKET / folder
        place.mkdir(parents=True)
        for name in names:
            (place / f"{name}._S3rver_object").write_bytes(data)
            (place / f"{name}._S3rver_object.md5").write_text(hashlib.md5(data).hexdigest())
            (place / f"{name}._S3rver_metadata.json").write_text("{}")

    def requests(self) -> Counter[str]:
        """See ObjectServer."""
        return Counter(self.asked)

    def forget_requests(self) -> None:
        """See ObjectServer."""
        self.asked.clear()


class _Proxy(socketserver.ThreadingTCPServer):
    """Passes each request on, over a connection of its own."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, server: KeptObjects) -> None:
        self.objects = server
        super().__init__(("127.0.0.1", port), _Request)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is none."""


class _Request(socketserver.BaseRequestHandler):
    server: _Proxy

    def handle(self) -> None:
        head, rest = _split_head(self.request)
        if not head:
            return
        method, address = head.split(b" ", 2)[:2]
        objects = self.server.objects
        objects.asked.append(f"{method.decode()} {address.decode()}")
        trouble = objects.trouble(method.decode(), address.decode())
        time.sleep(trouble.seconds)
        if trouble.status:
            length = int((re.search(rb"(?i)\r\ncontent-length: *(\d+)", head) or [b"", b"0"])[1])
            while b"100-continue" not in head and len(rest) < length and (more := self.request.recv(1 << 16)):
                rest += more
            self.request.sendall(_refusal(trouble, is_head=method == b"HEAD"))
            return
        try:
            upstream = socket.create_connection(("127.0.0.1", objects._inner), timeout=60)
        except OSError:
            return  # as of a server that is down
        with upstream:
            upstream.sendall(_closing(head) + rest)
            passing = threading.Thread(target=_pass, args=(self.request, upstream), daemon=True)
            passing.start()
            head, rest = _split_head(upstream)
            while head.startswith(b"HTTP/1.1 100"):
                self.request.sendall(head)
                head, rest = _split_head(upstream, rest)
            self.request.sendall(_closing(head) if head else b"")
            left = trouble.most
            while rest or (rest := upstream.recv(1 << 16)):
                self.request.sendall(rest if left is None else rest[:left])
                left = None if left is None else left - len(rest)
                if left is not None and left <= 0:
                    return
                rest = b""


def _pass(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
    except OSError:
        return


def _split_head(connection: socket.socket, data: bytes = b"") -> tuple[bytes, bytes]:
    """The head of a message with its empty line, and what came after it; nothing from a connection that ends."""
    while b"\r\n\r\n" not in data:
        more = connection.recv(1 << 16)
        if not more or len(data) > _HEAD_BYTES:
            return b"", b""
        data += more
    head, end, rest = data.partition(b"\r\n\r\n")
    return head + end, rest


def _closing(head: bytes) -> bytes:
    kept = re.sub(rb"(?i)\r\n(connection|keep-alive): [^\r]*", b"", head)
    return kept[:-2] + b"Connection: close\r\n\r\n"


def _refusal(trouble: Trouble, *, is_head: bool) -> bytes:
    said = f"<?xml version='1.0'?><Error><Code>{trouble.code}</Code><Message>{trouble.code}</Message></Error>".encode()
    body = b"" if is_head else said
    head = f"HTTP/1.1 {trouble.status} X\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(folder: Path, objects: Mapping[str, bytes] | None = None) -> Iterator[KeptObjects]:
    """A server without trouble, which this process and those that it starts find; `objects` are in BUCKET.

    The test is skipped where there can be none.
    """
    pytest.importorskip("s3fs")
    skip_without_server()
    made = KeptObjects(folder)
    with pytest.MonkeyPatch.context() as patch:
        made.let_be_found(patch)
        try:
            made.start(objects)
            yield made
        finally:
            made.close()
