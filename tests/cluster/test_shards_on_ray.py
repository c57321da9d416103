"""Search and albums on a Ray that really runs: the answers of this process, whatever dies meanwhile."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from drawn_faces import drawn_faces
from made_library import MadeLibrary
from ray_nodes import another_raylet, kill_raylet
from starlette.testclient import TestClient
from typer.testing import CliRunner

import faceindex
from faceindex.cli.app import app
from faceindex.cluster.blocks import RayBlocks
from faceindex.cluster.session import RaySession
from faceindex.cluster.shard_actor import ShardActor
from faceindex.cluster.sharded_search import ShardedSearch
from faceindex.cluster.shards import RayShards
from faceindex.clustering import neighbours
from faceindex.clustering.cluster import cluster
from faceindex.errors import MachineError
from faceindex.search import index as face_index
from faceindex.search.index import LibraryIndex, find_nearest, find_nearest_of_each
from faceindex.search.partial import taking_partial_answers
from faceindex.search.shard_files import cut
from faceindex.types import Box, Vectors
from faceindex.vectors.nearest import Found
from faceindex.web.app import make_app
from faceindex.web.settings import Settings

pytest.importorskip("ray", reason="the extra `cluster` is not installed")

BOXES = [Box(100 * n, 100 * n, 80, 80) for n in range(4)]


@pytest.fixture(scope="module")
def session() -> Iterator[RaySession]:
    with RaySession("ray", cpus=2) as started:
        yield started


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeLibrary]:
    library = MadeLibrary(tmp_path / "x.faces")
    library.store_all({f"first{n}": BOXES[: n % 4 + 1] for n in range(60)})
    yield library
    library.folder.close()


@pytest.fixture
def index(made: MadeLibrary) -> LibraryIndex:
    return face_index.load_or_build(made.folder)


def probes(made: MadeLibrary) -> Vectors:
    return made.folder.vectors()[1][:40] + np.float32(0.01)


def searched(made: MadeLibrary, index: LibraryIndex) -> list[Found]:
    return list(find_nearest_of_each(made.folder, index, probes(made), 7, np.inf))


def assert_same(found: list[Found], expected: list[Found]) -> None:
    for (ids, distances), (other_ids, other_distances) in zip(found, expected, strict=True):
        assert np.array_equal(ids, other_ids)
        assert np.array_equal(distances, other_distances)


def scattered(session: RaySession, made: MadeLibrary, index: LibraryIndex, **options: int) -> ShardedSearch:
    search = ShardedSearch(session, wait=120, **options)
    assert search.scattered(made.folder, index) is not None
    return search


def shards_of(search: ShardedSearch) -> RayShards:
    assert search.shards is not None
    return search.shards


def kill(search: ShardedSearch, shard: int) -> int:
    process = dict(shards_of(search).processes())[shard]
    os.kill(process, signal.SIGKILL)
    return process


def until_ready(shards: RayShards) -> None:
    until = time.monotonic() + 120
    while 0 in shards.ready():
        assert time.monotonic() < until
        time.sleep(0.05)


def ended(process: int) -> bool:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if not psutil.pid_exists(process) or psutil.Process(process).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_a_killed_shard_is_loaded_elsewhere_and_every_answer_is_right(
    session: RaySession, made: MadeLibrary, index: LibraryIndex
) -> None:
    expected = searched(made, index)
    search = scattered(session, made, index, shards=2)
    on_ray = search.scattered(made.folder, index)
    assert on_ray is not None
    found, stop = list[list[Found]](), threading.Event()

    def ask() -> None:
        while not stop.is_set():
            found.append(searched(made, on_ray))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    while len(found) < 3:
        time.sleep(0.01)
    killed = kill(search, 1)  # in mid-query
    before = len(found)
    while len(found) < before + 6:
        time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    for one in found:
        assert_same(one, expected)
    assert dict(shards_of(search).processes())[1] != killed
    search.close()


@pytest.mark.long
def test_a_raylet_that_is_killed_takes_no_shard_with_it(
    session: RaySession, made: MadeLibrary, index: LibraryIndex
) -> None:
    expected = searched(made, index)
    with another_raylet(session) as node:
        until = time.monotonic() + 120
        while sum(one["Alive"] for one in session.module.nodes()) < 2:
            assert time.monotonic() < until
            time.sleep(0.1)
        search = ShardedSearch(session, shards=4, wait=120)
        on_ray = search.scattered(made.folder, index)
        assert on_ray is not None
        children = {child.pid for child in psutil.Process(raylet_of(node)).children(recursive=True)}
        there = [shard for shard, process in shards_of(search).processes() if process in children]
        assert 0 < len(there) < 4
        kill_raylet(node)
        for _ in range(5):
            assert_same(searched(made, on_ray), expected)
        until_ready(shards_of(search))
        assert_same(searched(made, on_ray), expected)
        search.close()


def raylet_of(node: Any) -> int:
    (raylet,) = node.all_processes["raylet"]
    return int(raylet.process.pid)


def test_with_replicas_a_killed_process_is_not_waited_for(
    session: RaySession, made: MadeLibrary, index: LibraryIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = scattered(session, made, index, shards=1, replicas=2)
    shards = shards_of(search)
    monkeypatch.setattr(shards, "_started", lambda _: pytest.fail("no other is needed"))
    monkeypatch.setattr(shards, "_replace", lambda _: None)
    kill(search, 0)
    on_ray = search.scattered(made.folder, index)
    assert on_ray is not None
    for _ in range(3):
        assert_same(searched(made, on_ray), searched(made, index))
    assert shards.ready() == [1]
    search.close()


def test_an_answer_without_a_shard_says_so_or_is_an_error(
    session: RaySession, made: MadeLibrary, index: LibraryIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lost shard finds no room, until there is some."""
    search = scattered(session, made, index, shards=2)
    shards, started = shards_of(search), RayShards._started
    on_ray = search.scattered(made.folder, index)
    assert on_ray is not None
    monkeypatch.setattr(shards, "_wait", 6.0)
    nowhere = {"resources": {"a_node_that_is_not_there": 1}}
    remote = session.module.remote
    room = threading.Event()

    def without_room(shards: RayShards, file: object) -> object:
        if room.is_set():
            return started(shards, file)  # type: ignore[arg-type]
        return remote(ShardActor).options(**nowhere).remote()

    monkeypatch.setattr(RayShards, "_started", without_room)
    kill(search, 1)
    start, stop = shards.cut.starts[1:3].tolist()
    probe = made.folder.vectors()[1][stop - 1]
    with taking_partial_answers() as unsearched:
        found, _ = find_nearest(made.folder, on_ray, probe, 5, np.inf)
    assert unsearched.faces == stop - start
    assert len(found) == 5
    assert not np.isin(found, index.main.ids[start:stop]).any()
    with pytest.raises(MachineError, match=f"{stop - start} faces cannot be searched now: 1 shard"):
        find_nearest(made.folder, on_ray, probe, 5, np.inf)
    library = faceindex.Library(made.folder.path)
    library._opened.sharded = search
    guard, _ = make_app(library, Settings(login=False))
    browser = TestClient(guard, "http://127.0.0.1:8420")
    matches = f"/api/v1/faces/{index.main.ids[stop - 1]}/matches?threshold=100"
    partial = browser.get(matches)
    assert partial.json()["unsearched"] == stop - start
    known = {"If-None-Match": partial.headers["etag"]}
    assert browser.get(matches, headers=known).status_code == 200
    room.set()
    for replica in shards._replicas:
        if not replica.ready:
            session.module.kill(replica.actor)  # as if its node went
    until_ready(shards)
    with taking_partial_answers() as unsearched:
        assert_same(searched(made, on_ray), searched(made, index))
    assert unsearched.faces == 0
    complete = browser.get(matches, headers=known)
    assert (complete.status_code, complete.json()["unsearched"]) == (200, 0)
    assert browser.get(matches, headers={"If-None-Match": complete.headers["etag"]}).status_code == 304
    library.close()
    search.close()


def test_a_shard_is_sent_where_its_file_cannot_be_opened(
    session: RaySession, made: MadeLibrary, index: LibraryIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_cut = cut(made.folder, index, 1)
    assert made_cut is not None
    monkeypatch.chdir(made.folder.index)  # actors have another working folder
    relative = tuple(replace(file, path=Path(file.path.name)) for file in made_cut.files)
    sent = RayShards(session, replace(made_cut, files=relative), wait=120)
    assert np.array_equal(sent.call("vectors", {0: (np.arange(9),)})[0], index.main.vectors[:9])
    sent.close()


def test_a_shard_that_is_not_what_was_written_is_refused_and_cut_again(made: MadeLibrary, index: LibraryIndex) -> None:
    good = cut(made.folder, index, 2)
    assert good is not None
    data = good.files[0].path.read_bytes()
    for damaged in (data[:-1], data[:200] + b"another" + data[207:], b""):
        good.files[0].path.write_bytes(damaged)
        actor = ShardActor()
        assert not actor.open(good.files[0])
        actor.receive(damaged)
        assert not actor.open_received(good.files[0].figures, None)
        again = cut(made.folder, index, 2)
        assert again is not None
        assert actor.open(again.files[0])
        for start in range(0, len(data), 10_000):
            actor.receive(data[start : start + 10_000])
        assert actor.open_received(again.files[0].figures, None)
        assert np.array_equal(actor.answer("vectors", np.arange(5)), index.main.vectors[:5])


def test_a_library_is_searched_on_ray_while_faces_come_and_go(
    session: RaySession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(face_index, "SMALL", 0)
    made = MadeLibrary(tmp_path / "y.faces")
    made.store_all({f"first{n}": BOXES[: n % 4 + 1] for n in range(60)})
    rows = tmp_path / "probes.npy"
    np.save(rows, probes(made))
    runner = CliRunner()

    def asked(*options: str) -> list[dict[str, object]]:
        ran = runner.invoke(app, ["search-many", str(rows), "-L", str(made.folder.path), *options])
        assert ran.exit_code == 0, ran.output
        return [json.loads(line) for line in ran.stdout.splitlines()]

    local = asked()
    assert len(local) == 40
    assert asked("--on", "ray", "--shards", "1") == local
    with faceindex.Library(made.folder.path) as library, faceindex.Library(made.folder.path) as plain:
        library.index.search_on("ray", shards=1)
        search = library._opened.sharded
        assert search is not None
        processes = dict(shards_of(search).processes())
        made.store_all({f"new{n}": BOXES[:3] for n in range(5)})
        with made.folder.writer() as writer:
            writer.remove_paths(["/first7.jpg"])
        for answer, expected in zip(library.search_many(rows), plain.search_many(rows), strict=True):
            assert answer == expected
        new = max(made.faces())
        assert library.faces.matches(*library.faces.probes(face=new), k=3, threshold=100).matches
        assert dict(shards_of(search).processes()) == processes
        library.photos.forget(["/first8.jpg"])
        assert search.shards is None
        assert all(ended(process) for process in processes.values())
        assert not list(made.folder.index.glob("shard*"))
        assert [a.matches for a in library.search_many(rows)] == [a.matches for a in plain.search_many(rows)]
        processes = dict(shards_of(search).processes())
    assert all(ended(process) for process in processes.values())
    made.folder.close()


def test_albums_are_the_same_when_a_process_is_killed(session: RaySession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "COMPLETE", 100)
    monkeypatch.setattr(neighbours, "_PART_ELSEWHERE", 1)
    vectors, blocks = drawn_faces(8000), RayBlocks(session)
    expected = cluster(vectors, threshold=0.8)
    assert len(np.unique(expected)) > 100
    answered = blocks.found

    def killing(*arguments: object) -> Iterator[object]:
        for number, one in enumerate(answered(*arguments)):  # type: ignore[arg-type]
            if number == 2:
                process = session.module.get(blocks._actors[0].__ray_call__.remote(lambda _: os.getpid()))
                os.kill(process, signal.SIGKILL)
            yield one

    monkeypatch.setattr(blocks, "found", killing)
    assert np.array_equal(cluster(vectors, threshold=0.8, elsewhere=blocks), expected)
    blocks.close()
