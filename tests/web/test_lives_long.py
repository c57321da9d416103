"""A server that runs for long: it takes no more memory and files, serves beside an ingest, and ends within seconds."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx2 as httpx
import psutil
import pytest
from running_server import RunningServer, running, signed_in

import faceindex
from faceindex.search import building

Sized = Callable[[int], int]
END_SECONDS = 5.0


def test_one_builds_the_index_for_all_who_ask(people: faceindex.Library, monkeypatch: pytest.MonkeyPatch) -> None:
    builds, build = [], building.build

    def slow(*arguments: object, **options: object) -> object:
        builds.append(1)
        time.sleep(0.3)
        return build(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(building, "build", slow)
    (probe,) = people.faces.probes(face=1)
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(len(people.faces.matches(probe).matches))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert found[0]
    assert len(set(found)) == 1
    assert len(builds) == 1


@pytest.mark.long
def test_it_serves_while_another_process_ingests_and_ends_while_it_ingests_itself(
    small_library: faceindex.Library, many_photos: Path, tmp_path: Path
) -> None:
    path, new = tmp_path / "busy.faces", tmp_path / "new"
    shutil.copytree(small_library.path, path)
    new.mkdir()
    for number in range(60):  # other content, and as much work
        (new / f"{number}.jpg").write_bytes((many_photos / f"{number % 20:02d}.jpg").read_bytes() + bytes(number + 1))
    photos = small_library.status().photos
    with running(path, "--photos", str(new)) as server, ExitStack() as clients:
        client = signed_in(server, clients)
        command = [sys.executable, "-m", "faceindex", "ingest", "-L", str(path), "--workers", "1", str(new)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as ingest:
            acts = 0
            while ingest.poll() is None and acts < 500:
                answer = client.post("/api/v1/people/name", json={"name": f"Ann {acts}", "faces": [1 + acts % 20]})
                assert answer.status_code == 200, answer.text
                assert client.get("/people").status_code == 200
                acts += 1
                if client.get("/api/v1/status").json()["photos"] > photos:
                    break  # it began to store them
            assert client.get("/api/v1/faces/2/matches").status_code in (200, 503)
            ingest.terminate()
        assert acts
        assert client.post("/api/v1/jobs/ingest", json={}).status_code == 202
        until_it_analyses(client)
        workers = psutil.Process(server.process.pid).children(recursive=True)
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(END_SECONDS)
        _, alive = psutil.wait_procs(workers, END_SECONDS)
        assert not alive
    with faceindex.Library(path, create=False) as library:
        assert not library.care.check(deep=True).damage


def until_it_analyses(client: httpx.Client) -> None:
    end = time.monotonic() + 60
    while client.get("/api/v1/jobs").json()[0]["stage"] != "analysing":
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.long
def test_thousands_of_requests_and_hundreds_of_indexes_leave_nothing(
    small_library: faceindex.Library, many_photos: Path, tmp_path: Path, sized: Sized
) -> None:
    path = tmp_path / "long.faces"
    shutil.copytree(small_library.path, path)
    photo = (many_photos / "00.jpg").read_bytes()
    with (
        running(path) as server,
        ExitStack() as clients,
        faceindex.Library(path, create=False) as writer,
    ):
        client = signed_in(server, clients)
        states = []
        for _ in range(4):
            for number in range(sized(100)):
                writer.index.build()
                writer.people.name(f"Ann {number % 3}", faces=[1 + number % 10])
                for part in ("/people", "/photos", "/history", "/api/v1/faces/3/matches", "/api/v1/faces/4/crop"):
                    assert client.get(part).status_code == 200, part
                if number % 10 == 0:
                    with client.stream("GET", "/api/v1/events") as events:
                        next(events.iter_lines())
                    upload = client.post("/api/v1/search", files={"photo": ("a.jpg", photo)})
                    assert upload.status_code == 200
            states.append(state(server))
        (memory, *others), (last, *at_last) = states[1], states[-1]
        assert last < memory * 1.1 + 10, states
        assert all(after <= before + 8 for before, after in zip(others, at_last, strict=True)), states


def state(server: RunningServer) -> tuple[float, int, int, int]:
    """Memory of its own in MB, descriptors, threads and mapped files."""
    process = psutil.Process(server.process.pid)
    return (
        process.memory_full_info().uss / 1e6,
        process.num_fds(),
        process.num_threads(),
        len(process.memory_maps(grouped=True)),
    )
