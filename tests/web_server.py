"""Fixtures: a served library of drawn people without photos, and clients of every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from people_library import drawn_people, store_vectors
from starlette.testclient import TestClient

import faceindex
from faceindex.web.app import make_app
from faceindex.web.scopes import Scope
from faceindex.web.served import Served
from faceindex.web.settings import Settings

ADDRESS = "http://127.0.0.1:8420"


@dataclass(frozen=True)
class Server:
    """A server without a socket. client: nobody's browser. browser: signed in. program: with a token of a scope."""

    here: Served
    client: TestClient

    @property
    def library(self) -> faceindex.Library:
        return self.here.library

    def browser(self, scope: Scope = Scope.ADMIN) -> TestClient:
        """A browser that is signed in, with the header that its pages send."""
        cookie = self.here.sessions.begin(scope)
        session = self.here.sessions.get(cookie)
        assert session is not None
        return TestClient(
            self.client.app,
            ADDRESS,
            raise_server_exceptions=False,
            cookies={"faceindex": cookie},
            headers={"X-CSRF-Token": session.csrf, "Origin": ADDRESS},
        )

    def program(self, scope: Scope) -> TestClient:
        """A program with a token."""
        token = self.here.logins.add_token(f"{scope.word} {len(self.here.logins.read().tokens)}", scope)
        headers = {"Authorization": f"Bearer {token}"}
        return TestClient(self.client.app, ADDRESS, raise_server_exceptions=False, headers=headers)


Serve = Callable[..., Server]


@pytest.fixture
def people(tmp_path: Path) -> Iterator[faceindex.Library]:
    """Four people with five faces each in albums, of which one has a name, and a face of a fifth."""
    path = tmp_path / "people.faces"
    store_vectors(path, drawn_people([0] * 5 + [1] * 5 + [2] * 5 + [3] * 5 + [4]))
    with faceindex.Library(path, wait=False) as library:
        library.cluster(threshold=0.6)
        library.people.name("Ann", album=1)
        yield library


@pytest.fixture
def serve(people: faceindex.Library) -> Serve:
    """A server of `people`."""

    def make(**settings: object) -> Server:
        guard, here = make_app(people, Settings(**settings))  # type: ignore[arg-type]
        return Server(here, TestClient(guard, ADDRESS, raise_server_exceptions=False))

    return make
