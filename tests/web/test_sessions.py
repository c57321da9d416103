"""Signing in: one-time tokens, the password, tokens of programs, and what wrong attempts meet."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from web_server import ADDRESS, Serve

import faceindex
from faceindex.errors import LibraryDamaged, UsageError
from faceindex.web.logins import LoginFile
from faceindex.web.scopes import Scope
from faceindex.web.sessions import MOST_FAILURES


def test_a_token_signs_one_browser_in_once(serve: Serve) -> None:
    server = serve()
    token = server.here.sessions.one_time_token(Scope.ADMIN)
    first = server.client.get(f"/login?token={token}", follow_redirects=False)
    assert (first.status_code, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/"))
    assert server.client.get("/api/v1/session").json()["scope"] == "admin"
    server.client.cookies.clear()
    assert server.client.get(f"/login?token={token}").status_code == 401
    assert server.client.get("/people", headers={"Accept": "text/html"}).status_code == 401


def test_over_https_the_cookie_is_of_https_alone(serve: Serve) -> None:
    server = serve()
    token = server.here.sessions.one_time_token(Scope.READ)
    address = ADDRESS.replace("http", "https")
    answer = server.client.get(f"{address}/login?token={token}", follow_redirects=False)
    assert answer.headers["set-cookie"].startswith("__Host-faceindex=")
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_browser_lets_another_one_in_with_no_more_than_it_says(serve: Serve) -> None:
    server = serve()
    path = server.browser().post("/api/v1/session/invitation", json={"scope": "read"}).json()["path"]
    assert server.client.get(path).status_code == 200
    assert server.client.get("/api/v1/session").json()["scope"] == "read"


def test_signing_out_ends_the_session(serve: Serve) -> None:
    browser = serve().browser()
    assert browser.delete("/api/v1/session").status_code == 204
    browser.cookies.set("faceindex", "again")
    assert browser.get("/api/v1/people").status_code == 401


def test_the_password_signs_in_and_wrong_ones_are_limited(serve: Serve) -> None:
    server = serve(host="0.0.0.0")
    server.here.logins.set_password("correct horse")
    assert server.client.post("/api/v1/session", json={"password": "correct horse"}).status_code == 200
    assert server.client.get("/api/v1/people").status_code == 200
    server.client.cookies.clear()
    statuses = [
        server.client.post("/api/v1/session", json={"password": "wrong"}).status_code for _ in range(MOST_FAILURES + 1)
    ]
    assert statuses == [401] * MOST_FAILURES + [429]
    limited = server.client.post("/api/v1/session", json={"password": "correct horse"})
    assert (limited.status_code, int(limited.headers["retry-after"]) > 0) == (429, True)
    assert server.client.get("/login?token=x").status_code == 429


def test_without_a_password_nobody_signs_in_by_one(serve: Serve) -> None:
    answer = serve().client.post("/api/v1/session", json={"password": ""})
    assert answer.status_code == 401


def test_no_login_asks_nobody_and_still_refuses_other_sites(serve: Serve) -> None:
    client = serve(login=False).client
    session = client.get("/api/v1/session").json()
    assert session["scope"] == "admin"
    body = {"name": "Bob", "faces": [1]}
    assert client.post("/api/v1/people/name", json=body).status_code == 403
    own = {"X-CSRF-Token": session["csrf"]}
    other = own | {"Origin": "http://evil.example"}
    assert client.post("/api/v1/people/name", json=body, headers=other).status_code == 403
    assert client.post("/api/v1/people/name", json=body, headers=own).status_code == 200


def test_pages_are_compressed_and_write_their_secret_differently_each_time(serve: Serve) -> None:
    server = serve()
    browser = server.browser()
    secret = browser.headers.pop("X-CSRF-Token")
    answers = [browser.get("/people", headers={"Accept": "text/html"}) for _ in range(3)]
    assert {answer.headers["content-encoding"] for answer in answers} == {"gzip"}
    found = [re.search(r'name="csrf-token" content="(\w+)"', answer.text) for answer in answers]
    tokens = {one[1] for one in found if one}
    assert len(tokens) == 3
    assert all(secret not in answer.text for answer in answers)
    body = {"name": "Bob", "faces": [6], "dry_run": True}
    for token, status in [*((token, 200) for token in tokens), ("ab" * 64, 403), (tokens.pop()[:-2], 403)]:
        answer = browser.post("/api/v1/people/name", json=body, headers={"X-CSRF-Token": token})
        assert answer.status_code == status, answer.text
    plain = browser.get("/people", headers={"Accept": "text/html", "Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert "Ann" in plain.text


def test_secrets_are_stored_as_hashes_for_their_owner(people: faceindex.Library) -> None:
    logins = LoginFile(people.path)
    logins.set_password("correct horse")
    token = logins.add_token("script", Scope.READ)
    file = people.path / "login.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "correct horse" not in file.read_text()
    assert token not in file.read_text()
    assert json.loads(file.read_text())["password"].startswith("$argon2id$")
    found = LoginFile(people.path).token(token)
    assert found is not None
    assert found.scope == "read"
    with pytest.raises(UsageError, match="exists already"):
        logins.add_token("script", Scope.READ)
    logins.remove_token("script")
    assert logins.token(token) is None
    with pytest.raises(UsageError, match="at least 8"):
        logins.set_password("short")


def test_secrets_are_in_no_backup(people: faceindex.Library, tmp_path: Path) -> None:
    LoginFile(people.path).set_password("correct horse")
    people.care.backup(tmp_path / "copy.faces")
    assert not (tmp_path / "copy.faces" / "login.json").exists()


@pytest.mark.parametrize("text", ["", "{}", '{"password": null, "tokens": [{"name": 1}]}', '{"tokens": [], "password"'])
def test_a_damaged_file_lets_nobody_in(serve: Serve, text: str) -> None:
    server = serve()
    (server.library.path / "login.json").write_text(text)
    with pytest.raises(LibraryDamaged):
        server.here.logins.read()
    assert server.client.get("/api/v1/people", headers={"Authorization": "Bearer x"}).status_code == 500
