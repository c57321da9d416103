"""After `people forget`, by another process or by the server, no process of the server keeps anything of it."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2 as httpx
import psutil
import pytest
from running_server import RunningServer, running, signed_in

import faceindex

Command = Callable[..., subprocess.CompletedProcess[str]]
WAIT_SECONDS = 30.0


def mapped(server: RunningServer, library: Path) -> list[str]:
    """Lines of /proc/PID/maps, of the server and its workers, about files of the library that are erased."""
    process = psutil.Process(server.process.pid)
    lines = []
    for one in (process, *process.children(recursive=True)):
        text = Path(f"/proc/{one.pid}/maps").read_text()
        lines += [line for line in text.splitlines() if f"{library}/" in line and line.endswith("(deleted)")]
    return lines


def held(server: RunningServer, library: Path) -> list[str]:
    """Erased files of the library that they have open."""
    process = psutil.Process(server.process.pid)
    found = []
    for one in (process, *process.children(recursive=True)):
        for link in Path(f"/proc/{one.pid}/fd").iterdir():
            try:
                found.append(str(link.readlink()))
            except FileNotFoundError:
                continue
    return [path for path in found if path.startswith(f"{library}/") and path.endswith("(deleted)")]


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.1)


@contextmanager
def visitors(client: httpx.Client, paths: list[str]) -> Iterator[None]:
    """Three readers who never rest, and two pages that listen."""
    ends = threading.Event()

    def read(paths: list[str]) -> None:
        with httpx.Client(base_url=client.base_url, cookies=client.cookies, timeout=60) as own:
            while not ends.is_set():
                for path in paths:
                    assert own.get(path).status_code in (200, 303, 404), path

    def listen() -> None:
        with (
            httpx.Client(base_url=client.base_url, cookies=client.cookies, timeout=60) as own,
            own.stream("GET", "/api/v1/events") as answer,
        ):
            next(line for line in answer.iter_lines() if ends.is_set())

    threads = [threading.Thread(target=read, args=[paths[number::3]]) for number in range(3)]
    threads += [threading.Thread(target=listen) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ends.set()
        client.post("/api/v1/faces/1/hide", json={})  # the streams hear of something
        for thread in threads:
            thread.join(WAIT_SECONDS)
        assert not any(thread.is_alive() for thread in threads)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="shows mapped files on Linux only")
def test_nothing_of_the_forgotten_is_kept(small_library: faceindex.Library, command: Command, tmp_path: Path) -> None:
    path = tmp_path / "forgets.faces"
    shutil.copytree(small_library.path, path)
    with faceindex.Library(path) as library:
        faces = [face.face for face in library.faces]
        theirs = {"Ann": faces[:7], "Bob": faces[7:14], "Eve": faces[14:]}
        for name, some in theirs.items():
            library.people.name(name, faces=some)
        ids = {person.person: person.id for person in library.people}
        library.index.build()
    with running(path) as server, ExitStack() as clients:
        client = signed_in(server, clients)
        paths = [f"/api/v1/faces/{face}/{what}" for face in faces[:14] for what in ("crop", "matches")]
        for one in paths:
            assert client.get(one).status_code == 200, one
        assert list((path / "crops").iterdir())
        index = next(
            line
            for line in Path(f"/proc/{server.process.pid}/maps").read_text().splitlines()
            if "faiss" in line and str(path) in line
        )
        assert not index.endswith("(deleted)")
        with visitors(client, [*paths, "/people", "/photos", "/history", f"/people/{ids['Eve']}"]):
            done = command("people", "forget", "Ann", "--yes", "-L", path, timeout=WAIT_SECONDS)
            assert done.returncode == 0, done.stderr
            until(lambda: not mapped(server, path) and not held(server, path))
            forget = f"/api/v1/people/{ids['Bob']}/forget"
            until(lambda: _forgotten(client, forget))
            until(lambda: not mapped(server, path) and not held(server, path))
        for face in faces[:14]:
            assert client.get(f"/api/v1/faces/{face}/crop").status_code == 404
        assert not (path / "crops").exists() or not list((path / "crops").iterdir())
        assert client.get(f"/api/v1/faces/{faces[-1]}/matches").json()["matches"]


def _forgotten(client: httpx.Client, path: str) -> bool:
    """Whether the server forgot; it asks again when something has changed meanwhile."""
    confirm = client.post(path, json={}).json()["confirm"]
    return bool(client.post(path, json={"confirm": confirm}).status_code == 200)
