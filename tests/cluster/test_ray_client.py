"""A cluster by the address of its head, and of its Ray Client server: what a command stores and answers there."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from contents import Contents, contents
from made_library import MadeLibrary
from running_server import running, signed_in

import faceindex
from faceindex.cluster.session import LOOPBACK, RaySession
from faceindex.types import Box

pytest.importorskip("ray", reason="the extra `cluster` is not installed")


@pytest.fixture(scope="module")
def head() -> Iterator[str]:
    """The address of a head that runs; its token is in this program's environment."""
    with RaySession("ray", cpus=2) as session:
        yield session.module.get_runtime_context().gcs_address


@contextmanager
def client_server(head: str) -> Iterator[str]:
    """Ray's own program beside the head, as `ray start --head` has it."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ray.util.client.server", "--mode", "legacy", "--host", LOOPBACK]
    with subprocess.Popen([*command, "--port", str(port), "--address", head], stderr=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 120
            while not _answers(port):
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.1)
            yield f"ray://{LOOPBACK}:{port}"
        finally:
            process.kill()


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((LOOPBACK, port)) == 0


def ingested(library: Path, photos: Path, on: str) -> subprocess.CompletedProcess[str]:
    command = ["ingest", "-L", str(library), "--recipe", "sface", "--on", on, "--json", str(photos)]
    return subprocess.run([sys.executable, "-m", "faceindex", *command], capture_output=True, text=True, timeout=300)


def test_an_ingest_by_ray_client_stores_what_a_local_one_does(
    head: str, many_photos: Path, usual: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with client_server(head) as address:
        ran = ingested(tmp_path / "x.faces", many_photos, address)
        assert ran.returncode == 0, ran.stderr
        photos = json.loads(ran.stdout)["photos"]
        assert (photos["new"], photos["failed"]) == (22, 1)
        assert contents(tmp_path / "x.faces") == usual
        monkeypatch.setenv("RAY_AUTH_TOKEN", "f" * 64)
        refused = ingested(tmp_path / "y.faces", many_photos, address)
    assert refused.returncode == 3
    (said,) = refused.stderr.splitlines()
    assert said.startswith(f"faceindex: Ray at {address} ")
    assert "the token in RAY_AUTH_TOKEN" in said
    assert not (tmp_path / "y.faces" / "catalog.sqlite").exists()


def test_the_server_answers_by_shards_what_it_answers_alone(head: str, tmp_path: Path) -> None:
    made = MadeLibrary(tmp_path / "x.faces")
    made.scale = 0.05
    made.store_all({f"first{n}": [Box(100 * m, 100, 80, 80) for m in range(n % 4 + 1)] for n in range(60)})
    made.folder.close()
    with faceindex.Library(made.folder.path) as library:
        library.index.build()
        faces = [face.face for face in library.faces][::7]
    before = shard_actors()
    alone = answers(made.folder.path, faces)
    assert shard_actors() == before
    on_ray = answers(made.folder.path, faces, "--on", head, "--shards", "3", killed=True)
    assert on_ray == alone
    assert all(answer["unsearched"] == 0 and len(answer["matches"]) == 10 for answer in alone)
    assert len(np.unique([match["face"] for answer in alone for match in answer["matches"]])) > 50


def answers(library: Path, faces: list[int], *options: str, killed: bool = False) -> list[dict[str, Any]]:
    """What `serve` answers about faces. killed: a process with a shard is, after half of them."""
    with running(library, *options) as server, ExitStack() as clients:
        client = signed_in(server, clients)
        found = []
        for number, face in enumerate(faces):
            if killed and number == len(faces) // 2:
                shards = sorted(shard_actors())
                assert len(shards) == 3
                os.kill(shards[0], signal.SIGKILL)
            until = time.monotonic() + 120
            while (answer := asked(client, face))["unsearched"]:  # the shard is not back yet, and the answer says so
                assert killed
                assert time.monotonic() < until
            found.append(answer)
        return found


def asked(client: Any, face: int) -> dict[str, Any]:
    response = client.get(f"/api/v1/faces/{face}/matches", params={"k": 10, "threshold": 10})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def shard_actors() -> set[int]:
    """Processes with a shard, of the Ray that this program has started."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        try:
            if " ".join(child.cmdline()).startswith("ray::ShardActor"):
                found.add(child.pid)
        except psutil.Error:
            continue
    return found
