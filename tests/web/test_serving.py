"""A server as a process: who reaches it, two who listen to its changes, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest
from running_server import RunningServer, running, signed_in

import faceindex

Command = Callable[..., subprocess.CompletedProcess[str]]
END_SECONDS = 5.0


def invited(server: RunningServer, host: httpx.Client, clients: ExitStack) -> httpx.Client:
    path = host.post("/api/v1/session/invitation", json={}).json()["path"]
    client = clients.enter_context(httpx.Client(base_url=server.address, follow_redirects=True, timeout=30))
    assert client.get(path).status_code == 200
    return client


@contextmanager
def events(client: httpx.Client) -> Iterator[Iterator[tuple[str, dict[str, str]]]]:
    with client.stream("GET", "/api/v1/events") as answer:
        yield _parsed(answer.iter_lines())


def _parsed(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, str]]]:
    for line in lines:
        if line.startswith("event: "):
            yield line.removeprefix("event: "), json.loads(next(lines).removeprefix("data: "))


def test_other_users_get_nothing_and_browsers_hear_of_changes_at_once(
    people: faceindex.Library, command: Command
) -> None:
    with running(people.path) as server, ExitStack() as clients:
        anybody = clients.enter_context(httpx.Client(base_url=server.address))
        assert anybody.get("/api/v1/people").status_code == 401
        assert anybody.get("/people").status_code == 401
        one = signed_in(server, clients)
        assert anybody.get(server.entrance).status_code == 401  # it is spent
        other = invited(server, one, clients)
        with events(one) as first, events(other) as second:
            before = next(first)[1]["people"], next(second)[1]["people"]
            began = time.monotonic()
            body = {"name": "Bob", "album": 2}
            assert one.post("/api/v1/people/name", json=body).status_code == 200
            after = _changed(first, before[0]), _changed(second, before[1])
            assert after[0] == after[1]
            command("people", "undo", "-L", people.path)  # by another process
            assert _changed(second, after[1]) != after[1]
            assert time.monotonic() - began < 30
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(END_SECONDS)
        assert server.process.returncode in (0, 143, -signal.SIGTERM)
        assert server.process.stderr is not None
        assert "Bob" not in server.process.stderr.read()


def _changed(stream: Iterator[tuple[str, dict[str, str]]], before: str) -> str:
    return next(data["people"] for kind, data in stream if kind == "change" and data["people"] != before)


def test_a_unix_socket_is_for_its_owner_and_goes_with_the_server(people: faceindex.Library, tmp_path: Path) -> None:
    socket = tmp_path / "s.sock"
    with running(people.path, "--unix", str(socket), "--name", "photos.home", lines=1) as server:
        assert socket.stat().st_mode & 0o777 == 0o600
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://photos.home") as client:
            assert client.get("/api/v1/health").status_code == 200
            assert client.get("/api/v1/people").status_code == 401
            assert client.get("/api/v1/health", headers={"Host": "evil.example"}).status_code == 421
        server.process.send_signal(signal.SIGINT)
        server.process.wait(END_SECONDS)
    assert not socket.exists()


def test_only_a_named_proxy_is_believed_about_https(people: faceindex.Library) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    for options, secure in (((), False), (("--proxy", "127.0.0.1"), True), (("--proxy", "192.0.2.9"), False)):
        with running(people.path, *options) as server:
            answer = httpx.get(server.entrance, headers=forwarded)
            assert answer.status_code == 303
            assert ("__Host-" in answer.headers["set-cookie"]) == secure, options


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "serve passwd"),
        (["--host", "0.0.0.0", "--no-login"], "only for this machine"),
        (["--host", "203.0.113.1"], "others reach this machine"),
        (["--tls-cert", "a.pem"], "belong together"),
        (["--tls-cert", "/nothing.pem", "--tls-key", "/nothing.pem"], "/nothing.pem"),
        (["--unix", "/nothing/at/all.sock"], "cannot listen at"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    command: Command, people: faceindex.Library, options: list[str], said: str
) -> None:
    done = command("serve", "-L", people.path, "--port", "0", *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_a_password_is_read_from_a_pipe_and_tokens_are_listed_and_revoked(
    command: Command, people: faceindex.Library
) -> None:
    where = ("-L", people.path)
    assert command("serve", "passwd", *where, input="short\n").returncode == 2
    assert command("serve", "passwd", *where, input="correct horse\n").returncode == 0
    token = command("serve", "token", "script", "--scope", "decide", *where).stdout.strip()
    assert token.startswith("fi_")
    assert command("serve", "token", "other", "--scope", "all", *where).returncode == 2
    listed = json.loads(command("serve", "tokens", "--json", *where).stdout)
    assert [(one["name"], one["scope"]) for one in listed] == [("script", "decide")]
    assert command("serve", "tokens", "--revoke", "script", "--json", *where).stdout.strip() == "[]"
    assert (people.path / "login.json").stat().st_uid == os.geteuid()


def test_the_description_is_printed_without_a_library(command: Command) -> None:
    printed = json.loads(command("serve", "--openapi").stdout)
    assert "/api/v1/people" in printed["paths"]


@pytest.mark.long
def test_whatever_schemathesis_makes_up_gets_an_answer_as_described(
    command: Command, people: faceindex.Library, tmp_path: Path
) -> None:
    description = tmp_path / "openapi.json"
    description.write_text(command("serve", "--openapi").stdout)
    token = command("serve", "token", "fuzz", "--scope", "admin", "-L", people.path).stdout.strip()
    checks = (
        "not_a_server_error",
        "content_type_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
    )
    with running(people.path) as server:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", str(description), "--url", server.address),
                *("-H", f"Authorization: Bearer {token}", "--checks", ",".join(checks), "--max-examples", "20"),
                *("--phases", "examples,coverage,fuzzing", "--exclude-path", "/api/v1/events", "--no-color"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout
