"""What all handlers of a server share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from faceindex.library import Library
from faceindex.types import Folder
from faceindex.web.audit import AuditLog
from faceindex.web.changes import Changes
from faceindex.web.jobs import Jobs
from faceindex.web.logins import LoginFile
from faceindex.web.measures import Measures
from faceindex.web.sessions import Attempts, Session, Sessions, is_same, unmasked
from faceindex.web.settings import Settings

THREADS = 16
"""Requests that are at work at once; each takes memory, and no processor has time for more."""

DECODING = 16
"""The same, of requests that may wait for a decoder: crops, previews and uploads. Others do not wait behind them."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Served:
    """A library and its server. csrf: what stands for a session's where nobody has to sign in. audited: id of the
    last audit of all names, and the state of the library that it looked at.
    folders: of photos, and the state of photos in which they are these; looking: for them."""

    library: Library
    settings: Settings
    logins: LoginFile
    audit: AuditLog
    jobs: Jobs
    changes: Changes
    csrf: str
    sessions: Sessions = field(default_factory=Sessions)
    attempts: Attempts = field(default_factory=Attempts)
    measures: Measures = field(default_factory=Measures)
    audited: tuple[str, str] | None = None
    folders: tuple[str, tuple[Folder, ...]] = ("", ())
    looking: threading.Lock = field(default_factory=threading.Lock)
    _decoding: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(DECODING))

    async def decoding(self, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """What `work` returns, which may wait for a decoder."""
        return await to_thread.run_sync(partial(work, *given, **named), limiter=self._decoding)

    def csrf_of(self, session: Session | None) -> str:
        """What a program of a session sends with each change; pages send it `masked`."""
        return self.csrf if session is None else session.csrf

    def is_csrf(self, session: Session | None, given: str) -> bool:
        """Whether this is what a page of this session would send."""
        own = self.csrf_of(session)
        return is_same(own, given) or is_same(own, unmasked(given))


def served(request: Request) -> Served:
    """What the app of a request serves."""
    found = request.app.state.served
    assert isinstance(found, Served)
    return found


async def _served(request: Request) -> Served:
    """As `served`; what is not async runs in a thread, and each change of the thread costs."""
    return served(request)


Here = Annotated[Served, Depends(_served)]
"""The parameter of a handler that uses the library."""
