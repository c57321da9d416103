"""Nobody gets what they may not: each route of the API is tried with each wrong caller, as the API describes itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from starlette.types import Message
from web_server import Serve, Server

from faceindex.web import guards
from faceindex.web.app import api, openapi
from faceindex.web.guards import CHANGES, GuardedRoute
from faceindex.web.scopes import Scope

OPERATIONS = [
    (method.upper(), path, Scope[operation["x-scope"].upper()])
    for path, operations in openapi(api())["paths"].items()
    for method, operation in operations.items()
]
"""Every method and path, and what it needs."""

PROBLEM = "application/problem+json"


def filled(path: str, person: str) -> str:
    """The path with ids that exist."""
    known = {"person": person, "verb": "hide", "kind": "cluster"}
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "1"), path)


def tries(server: Server) -> list[tuple[str, str, Scope]]:
    (ann,) = server.library.people
    return [(method, filled(path, ann.id), scope) for method, path, scope in OPERATIONS]


def flat(routes: Iterable[Any]) -> Iterator[Any]:
    """All routes, also of included routers."""
    for route in routes:
        yield from flat(route.original_router.routes) if hasattr(route, "original_router") else (route,)


def kind(answer: Any) -> str:
    assert answer.headers["content-type"] == PROBLEM, answer.text
    assert answer.json()["status"] == answer.status_code
    return str(answer.json()["type"].rpartition(":")[2])


def test_every_route_is_guarded(serve: Serve) -> None:
    routes = list(flat(serve().client.app._app.routes))  # type: ignore[attr-defined]
    assert len(routes) >= len(OPERATIONS)
    assert [route for route in routes if not isinstance(route, GuardedRoute)] == []


def test_nobody_and_unknown_tokens_get_nothing(serve: Serve) -> None:
    server = serve()
    version = server.library.version
    for method, path, scope in tries(server):
        for headers in (
            {},
            {"Authorization": "Bearer fi_wrong"},
            {"Authorization": "Basic YTpi"},
            {"Cookie": "faceindex=1"},
        ):
            answer = server.client.request(method, path, headers=headers, json={} if method in CHANGES else None)
            if scope is Scope.PUBLIC:
                assert answer.status_code in (200, 422), path
            else:
                assert (answer.status_code, kind(answer)) == (401, "not-signed-in"), path
    assert server.library.version == version


def test_a_scope_allows_no_more_than_it_says(serve: Serve) -> None:
    server = serve()
    version = server.library.version
    clients = {scope: server.program(scope) for scope in (Scope.READ, Scope.DECIDE)}
    for method, path, needed in tries(server):
        for scope, client in clients.items():
            if scope < needed:
                answer = client.request(method, path, json={})
                assert (answer.status_code, kind(answer)) == (403, "wrong-scope"), path
    assert server.library.version == version


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "192.168.1.7", "127.0.0.1/x", "[::2]", ""],
)
def test_another_host_gets_nothing(serve: Serve, host: str) -> None:
    server = serve()
    browser = server.browser()
    for method, path, _ in tries(server):
        answer = browser.request(method, path, headers={"Host": host}, json={})
        assert (answer.status_code, kind(answer)) == (421, "wrong-host"), path


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:8420"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_another_site_gets_nothing(serve: Serve, headers: dict[str, str]) -> None:
    server = serve()
    browser = server.browser()
    for method, path, _ in tries(server):
        answer = browser.request(method, path, headers=headers, json={})
        assert (answer.status_code, kind(answer)) == (403, "wrong-origin"), path


def test_a_change_needs_the_token_of_the_page(serve: Serve) -> None:
    server = serve()
    version = server.library.version
    browser, other = server.browser(), server.browser()
    for method, path, needed in tries(server):
        if method in CHANGES and needed is not Scope.PUBLIC:
            for wrong in ("", "x", other.headers["X-CSRF-Token"]):
                answer = browser.request(method, path, headers={"X-CSRF-Token": wrong}, json={})
                assert (answer.status_code, kind(answer)) == (403, "no-csrf"), path
    assert server.library.version == version


def test_read_only_changes_nothing(serve: Serve) -> None:
    server = serve(read_only=True)
    version = server.library.version
    browser = server.browser()
    for method, path, needed in tries(server):
        if needed > Scope.READ:
            answer = browser.request(method, path, json={})
            assert (answer.status_code, kind(answer)) == (403, "read-only"), path
    assert browser.get("/api/v1/people").json()["items"][0]["person"] == "Ann"
    assert server.library.version == version


def test_those_who_may_get_answers(serve: Serve) -> None:
    server = serve()
    reader = server.program(Scope.READ)
    for method, path, scope in tries(server):
        if method == "GET" and scope <= Scope.READ and not path.endswith(("/events", "/crop", "/preview", "/jobs/1")):
            answer = reader.get(path)
            assert answer.status_code == 200, (path, answer.text)


def test_every_answer_has_the_headers(serve: Serve) -> None:
    server = serve()
    for client in (server.client, server.browser()):
        for path in ("/api/v1/people", "/api/v1/health", "/nothing", "/", "/static/nothing.js"):
            headers = client.get(path).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert "access-control-allow-origin" not in headers


def test_large_bodies_are_refused_before_they_are_read(serve: Serve) -> None:
    browser = serve(upload_bytes=1000).browser()
    large = b"x" * (1 << 20)
    for path, headers in (
        ("/api/v1/people/name", {"Content-Type": "application/json"}),
        ("/api/v1/people/name", {"Content-Type": "image/jpeg"}),
        ("/api/v1/search", {"Content-Type": "multipart/form-data; boundary=x"}),
    ):
        assert kind(browser.post(path, content=large * 3, headers=headers)) == "too-large"
        assert kind(browser.post(path, content=iter([large, large, large]), headers=headers)) == "too-large"
    assert kind(browser.post("/api/v1/people/name", content=b"", headers={"Content-Length": "-5"})) == "wrong-request"


def test_away_from_loopback_addresses_and_named_hosts_are_answered(serve: Serve) -> None:
    client = serve(host="0.0.0.0", names=("Photos.home",)).client
    for host, status in (("192.168.1.7:8420", 200), ("[fe80::1]", 200), ("photos.home", 200), ("rebound.example", 421)):
        assert client.get("/api/v1/health", headers={"Host": host}).status_code == status, host


def test_a_body_that_does_not_arrive_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "BODY_SECONDS", 0.05)
    browser = serve().browser()
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(60)
        raise AssertionError("it was waited for")

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in browser.headers.items()]
    headers += [(b"host", b"127.0.0.1"), (b"origin", b"http://127.0.0.1"), (b"content-type", b"application/json")]
    headers = [one for one in headers if one[0] != b"origin"] + [(b"content-length", b"100")]
    headers.append((b"cookie", b"faceindex=" + browser.cookies["faceindex"].encode()))
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
    }
    scope |= {"path": "/api/v1/people/name", "raw_path": b"", "query_string": b"", "headers": headers, "root_path": ""}
    asyncio.run(browser.app(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 408
