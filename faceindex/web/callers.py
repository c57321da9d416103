"""Who sends a request: a browser with a session, a program with a token, or nobody known."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from faceindex.web.scopes import Scope, scope_called
from faceindex.web.served import Served
from faceindex.web.sessions import COOKIE, SECURE_COOKIE, Session


@dataclass(frozen=True, slots=True)
class Caller:
    """scope: what the caller may do. called: how the audit log calls it. is_program: it sent a token, so that no other
    site can have made it send this."""

    scope: Scope
    called: str
    session: Session | None = None
    is_program: bool = False


NOBODY = Caller(Scope.PUBLIC, "nobody")


def caller_of(request: Request, here: Served) -> Caller:
    """Who sends this request. Raises: LibraryDamaged when the file of tokens is."""
    most = Scope.READ if here.settings.read_only else Scope.ADMIN
    given = request.headers.get("authorization")
    if given is not None:
        kind, _, text = given.partition(" ")
        token = here.logins.token(text.strip()) if kind.lower() == "bearer" else None
        if token is None:
            return Caller(Scope.PUBLIC, "unknown token", is_program=True)
        return Caller(min(scope_called(token.scope), most), f"token {token.hash[:8]}", is_program=True)
    cookie = request.cookies.get(cookie_name(request))
    session = here.sessions.get(cookie) if cookie else None
    if session is not None:
        return Caller(min(session.scope, most), f"session {session.number}", session)
    if not here.settings.login:
        return Caller(most, "anybody")
    return NOBODY


def cookie_name(request: Request) -> str:
    """The name of the session's cookie: one that only https may set, where it is used."""
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


def address_of(request: Request) -> str:
    """The caller's address, for limits."""
    return request.client.host if request.client else "the socket"
