"""`serve --watch`: what arrives in a folder is in the library, and in its album, once it is whole."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import httpx2 as httpx
from running_server import running, signed_in

import faceindex
from faceindex.web.watching import _pattern

WAIT_SECONDS = 60.0


def jobs_until(client: httpx.Client, photos: int, clusterings: int) -> list[dict[str, object]]:
    """The jobs, oldest first, when there are so many photos, and so many clusterings have ended."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        jobs = client.get("/api/v1/jobs").json()[::-1]
        ended = [job["kind"] for job in jobs if job["state"] == "done"].count("cluster")
        if ended == clusterings and client.get("/api/v1/status").json()["photos"] == photos:
            return list(jobs)
        time.sleep(0.2)
    raise AssertionError(json.dumps(client.get("/api/v1/jobs").json()))


def test_a_photo_is_ingested_once_it_is_whole_also_after_its_disk_was_away(
    small_library: faceindex.Library, many_photos: Path, tmp_path: Path
) -> None:
    library, inbox, away = tmp_path / "watched.faces", tmp_path / "in [box]", tmp_path / "away"
    shutil.copytree(small_library.path, library)
    inbox.mkdir()
    before = small_library.status()
    whole = [(many_photos / f"{number:02d}.jpg").read_bytes() + bytes(number) for number in (3, 4)]  # other content
    with running(library, "--watch", str(inbox)) as server, ExitStack() as clients:
        client = signed_in(server, clients)
        client.get("/api/v1/people").raise_for_status()
        with (inbox / "slow # [1].jpg").open("wb", buffering=0) as file:
            for part in (whole[0][:2000], whole[0][2000:4000], whole[0][4000:]):
                file.write(part)
                time.sleep(1.2)  # less than it takes for a file to be whole
        jobs = jobs_until(client, before.photos + 1, 1)
        assert [job["kind"] for job in jobs] == ["ingest", "cluster"]
        assert {job["state"] for job in jobs} == {"done"}
        (new,) = [face for face in client.get("/api/v1/faces?limit=500").json()["items"] if "slow" in str(face["path"])]
        assert new["album"] is not None
        inbox.rename(away)
        (away / "later.jpg").write_bytes(whole[1])
        time.sleep(1.0)
        assert client.get("/api/v1/status").json()["photos"] == before.photos + 1
        away.rename(inbox)
        jobs_until(client, before.photos + 2, 2)
        time.sleep(3.0)
        assert len(client.get("/api/v1/jobs").json()) == 4  # nothing that the server does looks like an arrival
        assert client.get("/api/v1/status").json()["failed"] == before.failed


def test_files_that_grow_are_left_out_by_a_pattern_of_their_own(tmp_path: Path) -> None:
    from faceindex.photos.finding.find import find_files

    names = ["a.jpg", "!b [1].jpg", "#c*.jpg", "d\\e?.jpg ", "sub/a.jpg"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for name in names:
        pattern = _pattern(str(tmp_path), str(tmp_path / name))
        assert pattern is not None
        found = {Path(one.path).relative_to(tmp_path).as_posix() for one in find_files([tmp_path], exclude=[pattern])}
        assert found == set(names) - {name}, pattern
    assert _pattern(str(tmp_path), "/elsewhere/a.jpg") is None
