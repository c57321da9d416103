"""Long work that a click begins: backups, exports, files that failed and are tried again; and cancelling it."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from web_server import Serve

import faceindex
from faceindex.library.job import Job
from faceindex.running.meter import Meter
from faceindex.web.app import make_app
from faceindex.web.scopes import Scope
from faceindex.web.settings import Settings

ADDRESS = "http://127.0.0.1:8420"


def begun(browser: TestClient, kind: str, **body: object) -> dict[str, Any]:
    answer = browser.post(f"/api/v1/jobs/{kind}", json=body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def test_backups_and_exports_go_into_the_folder_for_them(
    serve: Serve, people: faceindex.Library, tmp_path: Path
) -> None:
    place = tmp_path / "backups"
    place.mkdir()
    server = serve(backups=place)
    browser = server.browser()
    written = {}
    for kind, body in (("backup", {}), ("export", {"form": "csv"}), ("export", {"vectors": True})):
        job = begun(browser, kind, **body)
        found = server.here.jobs.get(job["id"])
        assert found is not None
        found.job.result()
        ended = browser.get(f"/api/v1/jobs/{job['id']}").json()
        assert (ended["state"], ended["written"]) == ("done", job["written"])
        assert (place / job["written"]).stat().st_mode & 0o077 == 0
        written[kind, body.get("form")] = place / job["written"]
    assert sorted(path.name for path in place.iterdir()) == sorted(path.name for path in written.values())
    with faceindex.Library(written["backup", None], create=False) as copy:
        assert [face.face for face in copy.faces] == [face.face for face in people.faces]
        assert [person.person for person in copy.people] == ["Ann"]
    assert len(written["export", "csv"].read_text().splitlines()) == 1 + len(list(people.faces))
    lines = written["export", None].read_text().splitlines()
    assert len(json.loads(lines[0])["vector"]) == 128


def test_without_a_folder_for_them_there_are_none(serve: Serve) -> None:
    browser = serve().browser()
    for kind in ("backup", "export", "ingest"):
        answer = browser.post(f"/api/v1/jobs/{kind}", json={})
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:faceindex:problem:no-folder")
    assert browser.post("/api/v1/jobs/retry", json={}).json()["detail"] == "no file failed"
    assert browser.get("/api/v1/jobs").json() == []


@pytest.fixture
def photos(small_library: faceindex.Library, many_photos: Path, tmp_path: Path) -> Iterator[faceindex.Library]:
    """A copy of a library with a photo that is cut off, whose file this test may change."""
    shutil.copytree(small_library.path, tmp_path / "photos.faces")
    with faceindex.Library(tmp_path / "photos.faces", wait=False) as library:
        yield library


def test_files_that_failed_are_tried_again(photos: faceindex.Library, many_photos: Path) -> None:
    (failed,) = photos.photos.failed()
    cut_off = Path(failed.path)
    kept = cut_off.read_bytes()
    guard, here = make_app(photos, Settings())
    browser = TestClient(guard, ADDRESS, cookies={"faceindex": here.sessions.begin(Scope.ADMIN)})
    browser.headers["X-CSRF-Token"] = browser.get("/api/v1/session").json()["csrf"]
    try:
        cut_off.write_bytes((many_photos / "01.jpg").read_bytes() + b"more")
        job = here.jobs.get(begun(browser, "retry")["id"])
        assert job is not None
        report = job.job.result()
    finally:
        cut_off.write_bytes(kept)
    assert (report.new, report.failed, report.new_faces) == (1, 0, 1)
    assert browser.get("/api/v1/photos/failed").json()["items"] == []


def test_a_job_that_is_cancelled_ends(serve: Serve) -> None:
    server = serve()
    browser, waiting = server.browser(), threading.Event()

    def work(meter: Meter) -> None:
        while True:
            meter.advance()
            waiting.wait(0.01)

    job, _ = server.here.jobs.start("cluster", lambda: Job("cluster", work))
    assert browser.delete(f"/api/v1/jobs/{job.id}").status_code == 202
    job.job.wait(10)
    assert browser.get(f"/api/v1/jobs/{job.id}").json()["state"] == "cancelled"
