"""What the server does when the library changes: it tells its pages, and lets go of what was erased."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from web_server import Serve

import faceindex
from faceindex.web import changes as module
from faceindex.web.scopes import Scope

Command = Callable[..., subprocess.CompletedProcess[str]]


def maps() -> str:
    return Path("/proc/self/maps").read_text()


async def until(events: AsyncIterator[str], kind: str) -> dict[str, object]:
    async for event in events:
        if event.startswith(f"event: {kind}"):
            return dict(json.loads(event.partition("data: ")[2]))
    raise AssertionError("the stream ended")


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="shows mapped files on Linux only")
def test_an_erasure_by_another_process_leaves_no_map_and_no_crop(
    serve: Serve, people: faceindex.Library, command: Command
) -> None:
    server = serve()
    people.index.build()
    reader = server.program(Scope.READ)
    assert reader.get("/api/v1/faces/1/matches").json()["matches"]
    assert f"{people.path}/index" in maps()
    (people.path / "crops").mkdir(mode=0o700)
    (people.path / "crops" / "1.jpg").write_bytes(b"a face")

    async def erase() -> None:
        watching = asyncio.create_task(server.here.changes.watch())
        events = server.here.changes.events()
        await until(events, "change")
        done = await asyncio.to_thread(command, "people", "forget", "Ann", "--yes", "-L", people.path)
        assert done.returncode == 0, done.stderr
        await until(events, "change")
        watching.cancel()
        await events.aclose()  # type: ignore[attr-defined]

    asyncio.run(erase())
    gc.collect()
    assert f"{people.path}/index" not in maps()
    assert not (people.path / "crops").exists()
    assert server.here.changes.streams == 0


def test_a_stream_ends_with_the_server_and_one_that_is_not_read_is_dropped(
    serve: Serve, people: faceindex.Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    here = serve().here

    async def listen() -> None:
        watching = asyncio.create_task(here.changes.watch())
        idle = here.changes.events()
        await anext(idle)
        read = here.changes.events()
        await anext(read)
        assert here.changes.streams == 2
        for number in range(210):
            here.changes._tell(f": {number}\n\n")
            while await anext(read) != f": {number}\n\n":
                pass
        assert here.changes.streams == 1
        assert [event async for event in idle] == []
        here.changes.stop()
        assert [event async for event in read] == []
        watching.cancel()

    asyncio.run(listen())
    assert here.changes.streams == 0


def test_jobs_are_told_until_they_end(serve: Serve, people: faceindex.Library) -> None:
    here = serve().here

    async def listen() -> list[object]:
        watching = asyncio.create_task(here.changes.watch())
        events, states = here.changes.events(), list[object]()
        await anext(events)
        here.jobs.start("cluster", people.start_cluster)
        while "done" not in states:
            states.append((await until(events, "job"))["state"])
        watching.cancel()
        await events.aclose()  # type: ignore[attr-defined]
        return states

    assert asyncio.run(listen())[-1] == "done"
    assert [job.kind for job in here.jobs.all()] == ["cluster"]


def test_one_job_of_a_kind_serves_all_who_ask(serve: Serve, people: faceindex.Library) -> None:
    here = serve().here
    first, new = here.jobs.start("index", people.index.start_build)
    again, second = here.jobs.start("index", people.index.start_build)
    assert new
    assert again is first or first.job.progress.ended
    assert not second or first.job.progress.ended
    first.job.result()
