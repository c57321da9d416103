"""What the API says and does, as its programs use it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from people_library import store_vectors
from starlette.testclient import TestClient
from web_server import Serve, Server

import faceindex
from faceindex.web.app import api, make_app, openapi
from faceindex.web.scopes import Scope
from faceindex.web.settings import Settings


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve()


@pytest.fixture
def browser(server: Server) -> TestClient:
    return server.browser()


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_lists_come_in_pages(browser: TestClient, server: Server) -> None:
    seen, cursor = [], None
    while True:
        page = browser.get("/api/v1/faces", params={"limit": 8} | ({"cursor": cursor} if cursor else {})).json()
        seen += [face["face"] for face in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [face.face for face in server.library.faces]
    assert kind(browser.get("/api/v1/faces?cursor=nonsense")) == (400, "wrong-request")
    assert kind(browser.get("/api/v1/faces?limit=0")) == (422, "wrong-request")


def test_a_name_is_given_undone_and_given_again(browser: TestClient, server: Server) -> None:
    album = server.library.albums.list()[1].album
    dry = browser.post("/api/v1/people/name", json={"name": "Bob", "album": album, "dry_run": True}).json()
    assert (dry["act"], dry["price"]["faces"]) == (0, 5)
    done = browser.post("/api/v1/people/name", json={"name": "Bob", "album": album}).json()
    assert (done["person"], done["faces"]) == ("Bob", 5)
    (bob,) = [one for one in browser.get("/api/v1/people").json()["items"] if one["person"] == "Bob"]
    assert bob["faces"] == 5
    faces = browser.get(f"/api/v1/people/{bob['id']}/faces").json()["items"]
    assert {face["person"] for face in faces} == {"Bob"}
    undone = browser.post("/api/v1/history/undo", json={"act": done["act"]}).json()
    assert undone["undoes"] == done["act"]
    assert kind(browser.get(f"/api/v1/people/{bob['id']}")) == (404, "not-in-library")
    browser.post("/api/v1/history/undo", json={"act": undone["act"]})
    assert browser.get(f"/api/v1/people/{bob['id']}").json()["person"] == "Bob"
    assert browser.get("/api/v1/history?limit=1").json()["items"][0]["undoes"] == undone["act"]


def test_nobody_becomes_one_person_unasked(browser: TestClient, server: Server) -> None:
    album = server.library.albums.list()[1].album
    assert kind(browser.post("/api/v1/people/name", json={"name": "Ann", "album": album})) == (409, "name-in-use")
    joined = browser.post("/api/v1/people/name", json={"name": "Ann", "album": album, "merge": True})
    assert joined.status_code == 200
    assert server.library.people.get("Ann").faces == 10


def test_faces_are_rejected_split_moved_and_no_faces(browser: TestClient, server: Server) -> None:
    def post(path: str, **body: object) -> dict[str, Any]:
        answer = browser.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    ann, second, third, *_ = [album.album for album in server.library.albums]
    first = [face.face for face in server.library.albums.faces(ann)]
    others = [face.face for face in server.library.albums.faces(second)]
    assert post("faces/reject", faces=first[:1])["kind"] == "reject"
    assert post(f"albums/{second}/split", faces=others[:2])["kind"] == "split"
    assert post("faces/move", faces=others[:2], album=third)["kind"] == "move"
    assert post("faces/not-face", faces=others[:1])["kind"] == "not-face"
    assert kind(browser.get(f"/api/v1/faces/{others[0]}")) == (404, "not-in-library")
    assert post("faces/is-face", faces=others[:1])["kind"] == "is-face"
    assert post(f"faces/{first[1]}/cover")["kind"] == "cover"
    assert server.library.people.get("Ann").cover == first[1]
    person = server.library.people.get("Ann").id
    assert post(f"people/{person}/hide")["kind"] == "hide"
    assert browser.get("/api/v1/people").json()["items"] == []
    assert post(f"people/{person}/unhide")["kind"] == "unhide"
    assert post(f"people/{person}/rename", name="Anna")["renamed"] == "Anna"
    merged = post("people/merge", people=[{"person": person}, {"album": third}])
    assert (merged["kind"], server.library.people.get("Anna").faces) == ("merge", 11)


def test_erasing_asks_twice(browser: TestClient, server: Server) -> None:
    person = server.library.people.get("Ann").id
    path = f"/api/v1/people/{person}/forget"
    planned = browser.post(path, json={}).json()
    assert (planned["faces"], planned["dry_run"], len(list(server.library.people))) == (5, True, 1)
    assert kind(browser.post(path, json={"confirm": "0" * 32})) == (409, "not-confirmed")
    server.library.people.name("Bob", album=2)
    assert kind(browser.post(path, json={"confirm": planned["confirm"]})) == (409, "not-confirmed")
    planned = browser.post(path, json={}).json()
    assert browser.post(path, json={"confirm": planned["confirm"]}).json()["faces"] == 5
    assert [one.person for one in server.library.people] == ["Bob"]


def test_answers_have_an_etag_that_changes_with_the_library(browser: TestClient, server: Server) -> None:
    first = browser.get("/api/v1/people")
    again = browser.get("/api/v1/people", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    server.library.people.rename("Ann", "Anna")
    changed = browser.get("/api/v1/people", headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, changed.json()["items"][0]["person"]) == (200, "Anna")


def test_a_face_finds_its_like(browser: TestClient, server: Server) -> None:
    face = server.library.albums.faces(1)[0].face
    server.library.index.build()
    found = browser.get(f"/api/v1/faces/{face}/matches?k=4&threshold=0.6").json()
    own = {one.face for one in server.library.albums.faces(1)}
    assert {match["face"] for match in found["matches"]} == own - {face}
    assert found["matches"] == sorted(found["matches"], key=lambda match: match["distance"])


def test_a_persons_faces_are_audited_and_confirmed(browser: TestClient, server: Server) -> None:
    person = server.library.people.get("Ann").id
    wrong = server.library.albums.faces(2)[0].face
    server.library.people.name("Ann", faces=[wrong])
    found = browser.get(f"/api/v1/people/{person}/audit").json()
    assert found[0]["faces"] == [wrong]
    assert found[0]["probability"] > 0.5
    assert browser.post("/api/v1/faces/confirm", json={"faces": [wrong]}).json()["kind"] == "confirm"
    assert wrong not in {face for one in server.library.people.audit().findings for face in one.faces}
    html = browser.get(f"/people/{person}/audit", headers={"Accept": "text/html"})
    assert html.status_code == 200


def test_questions_are_asked_about_one_person(browser: TestClient, server: Server) -> None:
    faces = [face.face for face in server.library.albums.faces(1)]
    server.library.history.undo()
    server.library.cluster(threshold=0.22, rebuild=True)
    server.library.people.name("Ann", faces=faces[:2])
    asked = browser.get("/api/v1/review").json()["items"]
    person = server.library.people.get("Ann").id
    about = browser.get("/api/v1/review", params={"person": person}).json()["items"]
    assert {one["person"] for one in about} <= {"Ann"}
    assert len(about) <= max(1, len(asked))
    page = browser.get("/review", params={"person": person}, headers={"Accept": "text/html"})
    assert page.status_code == 200
    settled = {"album": 99, "other": 98, "face": None, "lost": None, "answer": "same"}
    assert kind(browser.post("/api/v1/review/answer", json=settled)) == (409, "settled")


def test_uploads_that_are_no_photos_are_refused(browser: TestClient) -> None:
    for data in (b"", b"nonsense", b"\x89PNG\r\n\x1a\n" + bytes(50)):
        answer = browser.post("/api/v1/search", files={"photo": ("../../etc/passwd", data, "image/png")})
        assert kind(answer) == (422, "unreadable-photo")
    assert kind(browser.post("/api/v1/search", json={})) == (422, "wrong-request")


def test_pictures_say_why_they_are_missing(browser: TestClient) -> None:
    answer = browser.get("/api/v1/faces/1/crop")
    assert kind(answer) == (422, "unreadable-photo")
    assert "No such file" in answer.json()["detail"]
    assert kind(browser.get("/api/v1/faces/999/crop")) == (404, "not-in-library")


def test_names_and_paths_of_any_characters_come_back(tmp_path: Path) -> None:
    path = tmp_path / "odd.faces"
    store_vectors(path, np.eye(2, 128, dtype=np.float32), prefix=os.fsdecode(b"caf\xe9 <b>&"))
    with faceindex.Library(path, wait=False) as library:
        name = "<script>alert(1)</script> \u05e9\u05dc\u05d5\u05dd \"'{n}"
        library.people.name("plain", face=1)
        guard, here = make_app(library, Settings())
        browser = Server(here, TestClient(guard, "http://127.0.0.1:8420")).browser()
        override = browser.post("/api/v1/people/name", json={"name": "\u202egnp.exe", "faces": [2]})
        assert kind(override) == (400, "wrong-request")
        browser.post("/api/v1/people/name", json={"name": name, "faces": [2]})
        assert "\ufffd <b>&" in browser.get("/api/v1/faces/1").json()["path"]
        stored = {one.person: one.id for one in library.people}
        odd = next(person for person in stored if person != "plain")
        pages = ["/people", f"/people/{stored[odd]}", "/photos", "/photos/2", "/history", "/status"]
        for page in pages:
            html = browser.get(page, headers={"Accept": "text/html"})
            assert html.status_code == 200, page
            assert "<script>alert" not in html.text
            assert "<b>&" not in html.text
        assert odd in [one["person"] for one in browser.get("/api/v1/people").json()["items"]]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/faces/..%2F..%2Fetc%2Fpasswd/crop",
        "/api/v1/photos/%2Fetc%2Fpasswd/preview",
        "/api/v1/people/..%2f..%2f..%2f/faces",
        "/static/x/..%2F..%2Fapp.py",
        "/static/..%2F..%2F/texts.py",
        "/api/v1/faces/9223372036854775808",
        "/api/v1/jobs/../../etc",
    ],
)
def test_a_request_names_no_path(browser: TestClient, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code in (404, 422)
    assert "root:" not in answer.text


def test_unknown_keys_and_wrong_values_are_refused(browser: TestClient) -> None:
    for path, body in (
        ("people/name", {"name": "Ann", "faces": [1], "path": "/etc/passwd"}),
        ("people/name", {"name": "Ann"}),
        ("people/name", {"name": "Ann", "faces": [1], "album": 1}),
        ("people/name", {"name": "", "faces": [1]}),
        ("people/name", {"name": "Ann", "faces": [0]}),
        ("people/merge", {"people": [{"album": 1}, {}]}),
        ("photos/1/faces", {"box": [1, 2, 3]}),
        ("history/undo", {"act": -1}),
        ("history/undo", {"act": "1"}),
        ("history/undo", {"dry_run": 0}),
        ("photos/1/faces", {"box": [1.5, 2, 9, 9]}),
    ):
        assert kind(browser.post(f"/api/v1/{path}", json=body)) == (422, "wrong-request"), body


def test_a_job_is_begun_watched_and_remembered(browser: TestClient, server: Server) -> None:
    begun = browser.post("/api/v1/jobs/cluster", json={})
    assert begun.status_code == 202
    job = server.here.jobs.get(begun.json()["id"])
    assert job is not None
    job.job.result()
    assert browser.get(f"/api/v1/jobs/{job.id}").json()["state"] == "done"
    assert [one["kind"] for one in browser.get("/api/v1/jobs").json()] == ["cluster"]
    assert kind(browser.post("/api/v1/jobs/ingest", json={})) == (409, "no-folder")
    assert kind(browser.get("/api/v1/jobs/99")) == (404, "no-such-page")


def test_the_audit_log_has_numbers_and_no_names(browser: TestClient, server: Server) -> None:
    browser.post("/api/v1/people/name", json={"name": "Zebediah", "faces": [1]})
    browser.post("/api/v1/faces/2/hide", json={})
    server.client.post("/api/v1/session", json={"password": "a wrong password"})
    log = server.library.path / "audit.log"
    assert log.stat().st_mode & 0o777 == 0o600
    text = log.read_text()
    assert "Zebediah" not in text
    assert "password" not in text
    assert '"session 1"' in text
    assert '"face": 2' in text
    assert '"status": 401' in text
    assert server.library.care.check().damage == ()


def test_metrics_are_prometheus_text(server: Server) -> None:
    text = server.program(Scope.READ).get("/api/v1/metrics").text
    assert "# TYPE faceindex_faces gauge\nfaceindex_faces 21\n" in text


def test_the_description_is_complete() -> None:
    schema = openapi(api())
    assert schema["openapi"].startswith("3.1")
    operations = [one for path in schema["paths"].values() for one in path.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    for one in operations:
        assert one["x-scope"] in {"public", "read", "decide", "admin"}
        assert one["summary"]
        assert "application/problem+json" in one["responses"]["default"]["content"]
        assert any(status.startswith("2") for status in one["responses"])
