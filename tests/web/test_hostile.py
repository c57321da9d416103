"""Hostile input through a real server: photos that are none, uploads without end, paths in every parameter, neighbours.

The server answers each with a problem, keeps answering others, and takes no more memory. Its log names nobody.
"""

from __future__ import annotations

import io
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import psutil
import pytest
from damaged_photos import damaged_pngs, zeroed_tails
from people_library import store_vectors
from PIL import Image
from running_server import RunningServer, running, signed_in
from starlette.testclient import TestClient
from web_server import ADDRESS, Serve

import faceindex
from faceindex.types import Pixels
from faceindex.web.app import api, make_app, openapi
from faceindex.web.scopes import Scope
from faceindex.web.settings import UPLOAD_BYTES, Settings

Sized = Callable[[int], int]
NOBODY = 65534
SECRET = "Wilhelmina Tell"
MEGABYTES = 300.0
"""That the server may take for an upload of UPLOAD_BYTES beside what it takes at rest, of which the photo is a part."""


@dataclass(frozen=True)
class Attacked:
    """A server, and somebody who is signed in."""

    server: RunningServer
    client: httpx.Client
    library: Path

    def memory(self) -> float:
        """MB of the server alone; its workers have limits."""
        return psutil.Process(self.server.process.pid).memory_info().rss / 1e6

    def refused(self, answer: httpx.Response) -> tuple[int, str]:
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        return answer.status_code, answer.json()["type"].rpartition(":")[2]


@pytest.fixture
def attacked(people: faceindex.Library) -> Iterator[Attacked]:
    """Ends well, and with nobody's name in its log."""
    people.people.name(SECRET, album=2)
    with running(people.path) as server, ExitStack() as clients:
        client = signed_in(server, clients)
        yield Attacked(server, client, people.path)
        assert client.get("/api/v1/people").status_code == 200
        server.process.send_signal(signal.SIGTERM)
        _, log = server.process.communicate(timeout=30)
        assert server.process.returncode in (0, 143)
        assert "Traceback" not in log
        assert not [word for word in (SECRET, "Ann", str(people.path), "passwd") if word in log]


@pytest.mark.long
def test_five_hundred_malformed_photos_and_bombs_are_refused(
    attacked: Attacked, astronaut: Pixels, sized: Sized
) -> None:
    count = max(8, sized(400))
    photos = [photo.bytes for photo in damaged_pngs(count // 2, 7)] + [one.bytes for one in zeroed_tails(count // 2, 7)]
    picture = io.BytesIO()
    Image.fromarray(astronaut).save(picture, "JPEG")
    whole, random = picture.getvalue(), np.random.default_rng(7)
    photos += [whole[: int(random.integers(len(whole)))] for _ in range(count // 4)] + bombs()
    answers = [attacked.client.post("/api/v1/identify", files={"photo": ("x", photo)}) for photo in photos]
    before = attacked.memory()
    for photo in photos:
        answers.append(attacked.client.post("/api/v1/identify", files={"photo": (SECRET, photo, "image/png")}))
    for answer in answers:
        assert answer.status_code == 200 or attacked.refused(answer)[0] == 422, answer.text
    assert sum(answer.status_code == 422 for answer in answers) > len(answers) / 4
    assert [answer.status_code for answer in answers[-len(bombs()) :]] == [422] * len(bombs())
    assert attacked.memory() < before + 60
    (eileen,) = attacked.client.post("/api/v1/identify", files={"photo": ("x", whole)}).json()
    assert eileen["box"]


def bombs() -> list[bytes]:
    """Files of less than half a megabyte with 400 and with 3,600 million pixels, and one that says it has more."""
    found = []
    for side in (20_000, 60_000):
        buffer = io.BytesIO()
        Image.new("1", (side, side)).save(buffer, "PNG" if side < 30_000 else "TIFF", compression="group4")
        found.append(buffer.getvalue())
    small = io.BytesIO()
    Image.new("L", (8, 8)).save(small, "PNG")
    found.append(small.getvalue().replace((8).to_bytes(4, "big") * 2, (1 << 30).to_bytes(4, "big") * 2))
    return found


def test_an_upload_of_a_gigabyte_is_refused_early(attacked: Attacked) -> None:
    """By its length before it is sent; without one, when it is larger than a photo may be."""
    before = attacked.memory()
    head = (
        f"POST /api/v1/search HTTP/1.1\r\nHost: {attacked.client.base_url.netloc.decode()}\r\n"
        f"Cookie: faceindex={attacked.client.cookies['faceindex']}\r\n"
        f"X-CSRF-Token: {attacked.client.headers['X-CSRF-Token']}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
    )
    part = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
    assert (
        _sent(attacked, f"{head}Content-Length: {1 << 30}\r\n\r\n".encode(), part) < 32 << 20
    )  # what the system buffers
    sent = _sent(attacked, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode(), part, chunked=True)
    assert UPLOAD_BYTES / 2 < sent < 2 * UPLOAD_BYTES
    assert attacked.memory() < before + MEGABYTES


def _sent(attacked: Attacked, head: bytes, part: bytes, *, chunked: bool = False) -> int:
    """Bytes that were sent of a gigabyte until the server closed."""
    host, port = attacked.client.base_url.host, attacked.client.base_url.port
    with socket.create_connection((host, port), timeout=60) as client:
        client.sendall(head)
        block, sent = part + bytes(1 << 18), 0
        client.setblocking(False)
        while sent < 1 << 30:
            try:
                if answer := client.recv(1 << 16):
                    assert answer.startswith(b"HTTP/1.1 413"), answer
                    return sent
                break
            except BlockingIOError:
                pass
            client.setblocking(True)
            try:
                client.sendall(f"{len(block):x}\r\n".encode() + block + b"\r\n" if chunked else block)
            except ConnectionError:  # what was not read yet makes the system discard the answer
                return sent
            sent += len(block)
            block = bytes(1 << 18)
            client.setblocking(False)
    raise AssertionError(f"{sent} bytes were taken")


OPERATIONS = [
    (path, method, operation)
    for path, operations in openapi(api())["paths"].items()
    for method, operation in operations.items()
    if path != "/api/v1/events"
]
PATHS = ("/etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "file:///etc/passwd", "a\0b", "\u202egpj")


@pytest.mark.parametrize(
    "hostile", ["../../../../etc/passwd", *(pytest.param(path, marks=pytest.mark.long) for path in PATHS)]
)
def test_no_parameter_is_taken_for_a_path(serve: Serve, hostile: str) -> None:
    browser, tried = serve().browser(), 0
    for path, method, operation in OPERATIONS:
        places = {one["name"]: one["in"] for one in operation.get("parameters", [])}
        for name, place in places.items():
            filled = path
            for other in (other for other, where in places.items() if where == "path"):
                filled = filled.replace(f"{{{other}}}", quoted(hostile) if other == name else "1")
            query = {name: hostile} if place == "query" else {}
            check(browser.request(method, filled, params=query, json={}), hostile)
            tried += 1
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is not None:
            filled = path
            for other in places:
                filled = filled.replace(f"{{{other}}}", "1")
            for key in properties(body["schema"]):
                check(browser.request(method, filled, json={key: hostile, "name": hostile}), hostile)
                check(browser.request(method, filled, json={key: [hostile]}), hostile)
                tried += 2
    assert tried > 100


def quoted(text: str) -> str:
    return text.replace("/", "%2f").replace("\0", "%00")


def properties(schema: dict[str, Any]) -> list[str]:
    found = openapi(api())["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return list(found["properties"])


def check(answer: httpx.Response, hostile: str) -> None:
    assert answer.status_code < 500 or answer.status_code == 503, (answer.url, answer.text)
    assert "root:" not in answer.text
    if answer.headers["content-type"] == "application/problem+json":
        assert json.loads(answer.text)["status"] == answer.status_code


@pytest.mark.skipif(sys.platform != "linux", reason="becomes another user on Linux only")
def test_another_user_of_the_machine_gets_nothing(attacked: Attacked, tmp_path: Path) -> None:
    if psutil.Process().uids().effective:
        pytest.skip("it takes root to be another user")
    script = f"""
import http.client, os, sys
connection = http.client.HTTPConnection({attacked.client.base_url.netloc.decode()!r}, timeout=30)
for path in ("/people", "/api/v1/people", "/api/v1/events", "/api/v1/faces/1/crop", "/login?token=guess"):
    connection.request("GET", path)
    answer = connection.getresponse()
    print(answer.status, {SECRET!r} in answer.read().decode())
process = "/proc/{attacked.server.process.pid}/"
print(b"token" in open(process + "cmdline", "rb").read())
for file in ("environ", "maps", "mem", "fd/2"):
    try:
        open(process + file, "rb").read(1)
    except PermissionError:
        print("denied")
for place in ({str(attacked.library)!r}, {str(attacked.library / "login.json")!r}):
    print(os.access(place, os.R_OK))
"""
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-c", script],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    expected = ["401 False"] * 5 + ["False"] + ["denied"] * 4 + ["False"] * 2
    assert done.stdout.splitlines() == expected, done.stderr


def test_directions_of_text_in_file_names_do_not_turn_a_page_around(tmp_path: Path) -> None:
    path = tmp_path / "odd.faces"
    store_vectors(path, np.eye(2, 128, dtype=np.float32), prefix="/photos/\u202egpj.exe \u2066 <img src=x onerror=f()>")
    with faceindex.Library(path, wait=False) as library:
        guard, here = make_app(library, Settings())
        cookie = here.sessions.begin(Scope.ADMIN)
        browser = TestClient(guard, ADDRESS, cookies={"faceindex": cookie}, headers={"Accept": "text/html"})
        for page in ("/people", "/photos", "/photos/2", "/history", "/status"):
            html = browser.get(page)
            assert html.status_code == 200, page
            assert [mark for mark in ("\u202e", "\u2066", "<img src=x") if mark in html.text] == [], page
            assert "gpj.exe" in html.text or page in ("/history", "/status", "/people"), page
