"""The page Check of a library in which an audit takes too long to be made again after each answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from people_library import drawn_people, store_vectors
from starlette.testclient import TestClient
from web_server import ADDRESS, Server

import faceindex
from faceindex.web.api import audits
from faceindex.web.app import make_app
from faceindex.web.settings import Settings


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Sixty people with six faces each; four have names, and three faces have a wrong one."""
    monkeypatch.setattr(audits, "QUICK_SECONDS", 0.0)
    path = tmp_path / "check.faces"
    store_vectors(path, drawn_people([person for person in range(60) for _ in range(6)]))
    library = faceindex.Library(path, wait=False)
    library.cluster(threshold=0.6)
    for number, name in enumerate(("Ann", "Bob", "Cem", "Dee"), start=1):
        library.people.name(name, album=number)
    for album in (5, 6, 7):
        library.people.name("Bob", face=library.albums.faces(album)[0].face, only=True)
    guard, here = make_app(library, Settings())
    return Server(here, TestClient(guard, ADDRESS, raise_server_exceptions=False))


def found(browser: TestClient) -> list[tuple[str, list[int]]]:
    answer = browser.get("/api/v1/audit").json()
    assert answer["ready"]
    return [(one["kind"], one["faces"]) for one in answer["findings"]]


def test_what_is_answered_leaves_the_page_though_no_new_audit_is_made(server: Server) -> None:
    browser = server.browser()
    browser.get("/audit", headers={"Accept": "text/html"})
    server.here.jobs.all()[0].job.result()
    misfits = [faces for kind, faces in found(browser) if kind == "misfit"]
    assert len(misfits) == 3
    right, wrong, left = (faces[0] for faces in misfits)
    assert browser.post("/api/v1/faces/confirm", json={"faces": [right]}).status_code == 200
    assert browser.post("/api/v1/faces/reject", json={"faces": [wrong]}).status_code == 200
    assert [faces for kind, faces in found(browser) if kind == "misfit"] == [[left]]
    page = browser.get("/audit", headers={"Accept": "text/html"}).text
    assert [f'data-item="{face}"' in page for face in (right, wrong, left)] == [False, False, True]
    assert len(server.here.jobs.all()) == 1
    assert browser.post("/api/v1/history/undo", json={}).status_code == 200
    assert [faces[0] for kind, faces in found(browser) if kind == "misfit"] == sorted(
        (wrong, left), key=[faces[0] for faces in misfits].index
    )
