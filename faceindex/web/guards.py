"""What every request passes: checks of Host, Origin and size before it is read, and of who sends it before it is used.

`Guard` is the outermost part of the app. `GuardedRoute` is the class of every route: it knows which scope the route
needs, and asks before the body is read. A route that says nothing needs ADMIN.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Connection

from faceindex.web import problems
from faceindex.web.callers import NOBODY, Caller, caller_of
from faceindex.web.problems import Refused
from faceindex.web.scopes import Scope
from faceindex.web.served import Served, served

BODY_BYTES = 1 << 20
"""Most bytes of a body that is no upload."""

BODY_SECONDS = 60.0
"""Most seconds that a body may take to arrive."""

CSRF_HEADER = "X-CSRF-Token"

CHANGES = frozenset(("POST", "PUT", "PATCH", "DELETE"))

POLICY = "; ".join(
    (
        *("default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob:", "connect-src 'self'"),
        *("manifest-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"),
    )
)

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_PRIVATE = "no-store"  # faces and names stay in no browser's cache after they are forgotten here

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Guard:
    """Refuses requests that are not meant for this server, or too large; adds headers to all answers."""

    def __init__(self, app: ASGIApp, here: Served) -> None:
        self._app, self._here = app, here

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", _PRIVATE)
            await send(message)

        refusal = self._refusal(scope)
        try:
            if refusal is not None:
                answer = problems.refused(Request(scope), refusal)
                await answer(scope, receive, send_with_headers)
            else:
                await self._app(scope, _bounded(receive, self._most_bytes(scope)), send_with_headers)
        finally:
            self._here.measures.add(status, time.perf_counter() - began)

    def _refusal(self, scope: Connection) -> Refused | None:
        headers, settings = Headers(scope=scope), self._here.settings
        hosts = headers.getlist("host")
        host = _name_in(hosts[0]) if len(hosts) == 1 else None
        if host is None or not settings.answers_to(host):
            names = "`faceindex serve --name NAME` allows another name"
            return Refused(421, "This server has another name", names)
        return _foreign_origin(headers, hosts[0], str(scope.get("scheme", "http"))) or self._size_refusal(
            scope, headers
        )

    def _size_refusal(self, scope: Connection, headers: Headers) -> Refused | None:
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return Refused(400, "Content-Length is not a number")
        return _too_large(self._most_bytes(scope)) if int(length) > self._most_bytes(scope) else None

    def _most_bytes(self, scope: Connection) -> int:
        """Only uploads are large; whether the route takes them is seen when it is found."""
        upload = Headers(scope=scope).get("content-type", "").startswith(("multipart/form-data", "image/"))
        return self._here.settings.upload_bytes + BODY_BYTES if upload else BODY_BYTES


class GuardedRoute(APIRoute):
    """A route that is used only by callers who may."""

    @property
    def scope_needed(self) -> Scope:
        """What callers must be allowed to do."""
        word = (self.openapi_extra or {}).get("x-scope", Scope.ADMIN.word)
        return Scope[str(word).upper()]

    def get_route_handler(self) -> Handler:
        """The handler, with all checks before it."""
        handler, needed = super().get_route_handler(), self.scope_needed
        extra = self.openapi_extra or {}
        topics, upload = tuple(extra.get("x-topics", ())), bool(extra.get("x-upload"))
        name, inside_api = f"{'/'.join(sorted(self.methods or ()))} {self.path}", self.include_in_schema

        async def guarded(request: Request) -> Response:
            here, answer = served(request), None
            try:
                tag = await run_in_threadpool(admitted, request, here)
                if tag is not None and tag in request.headers.get("if-none-match", ""):
                    answer = Response(status_code=304)
                else:
                    answer = await handler(request)
                if tag is not None and answer.status_code in (200, 304):
                    answer.headers.setdefault("ETag", tag)
                return answer
            except Refused as refusal:
                answer = Response(status_code=refusal.status_code)
                if refusal.status_code == 401 and not inside_api:
                    raise LoginNeeded from refusal
                raise
            finally:
                if request.method in CHANGES:
                    status = 500 if answer is None else answer.status_code
                    numbers = {key: int(text) for key, text in request.path_params.items() if str(text).isdecimal()}
                    called = getattr(request.state, "caller", NOBODY).called
                    await run_in_threadpool(here.audit.note, called, name, status, numbers)

        def admitted(request: Request, here: Served) -> str | None:
            """The answer's ETag, if it has one. Raises: Refused. In one go, as each change of the thread costs."""
            caller = request.state.caller = caller_of(request, here)
            _require(request, here, caller, needed, upload=upload)
            return _tag(here, topics) if topics and request.method == "GET" else None

        return guarded


class LoginNeeded(Exception):
    """A page was asked for by somebody who is not signed in."""


def _require(request: Request, here: Served, caller: Caller, needed: Scope, *, upload: bool) -> None:
    """Raises: Refused when the caller may not do this."""
    if caller.scope < needed:
        if caller.scope is Scope.PUBLIC:
            raise Refused(401, "Sign in first", headers={"WWW-Authenticate": "Bearer"})
        if here.settings.read_only and needed > Scope.READ:
            raise Refused(403, "This server is read-only", kind="read-only")
        raise Refused(403, f"This needs the scope {needed.word}", kind="wrong-scope")
    by_browser = request.method in CHANGES and not caller.is_program and needed is not Scope.PUBLIC
    if by_browser and not here.is_csrf(caller.session, request.headers.get(CSRF_HEADER, "")):
        raise Refused(403, f"{CSRF_HEADER} is missing or wrong", "GET /api/v1/session gives it", kind="no-csrf")
    length = request.headers.get("content-length", "0")
    if not upload and int(length) > BODY_BYTES:
        raise _too_large(BODY_BYTES)


def _foreign_origin(headers: Headers, host: str, scheme: str) -> Refused | None:
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"{scheme}://{host}".lower():
        return Refused(403, "Another site may not use this server", kind="wrong-origin")
    site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "navigate")
    if site in ("cross-site", "same-site") and mode != "navigate":
        return Refused(403, "Another site may not use this server", kind="wrong-origin")
    return None


def _name_in(host: str) -> str | None:
    """The name of a Host header, without its port; None when it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    plain = not parts.path and not parts.query and not parts.fragment and parts.username is None
    return parts.hostname if plain else None


def _bounded(receive: Receive, most: int) -> Receive:
    """`receive` of a body that may have so many bytes and must arrive in time."""
    seen, began = 0, time.monotonic()
    ended = False

    async def bounded() -> Message:
        nonlocal seen, ended
        if ended:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), max(0.001, began + BODY_SECONDS - time.monotonic()))
        except TimeoutError as error:
            raise Refused(408, "The request took too long to arrive", headers={"Connection": "close"}) from error
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            if seen > most:
                raise _too_large(most)
        return message

    return bounded


def _too_large(most: int) -> Refused:
    return Refused(413, "The request is too large", f"at most {most >> 20} MiB", headers={"Connection": "close"})


def _tag(here: Served, topics: tuple[str, ...]) -> str | None:
    """The ETag of an answer that depends on these topics of the library."""
    version = here.library.version
    return 'W/"' + "-".join(getattr(version, topic) for topic in topics) + '"'
