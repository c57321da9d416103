"""Signing in and out."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Request, Response
from pydantic import BaseModel, Field, SecretStr

from faceindex.web.api.parameters import Body, router
from faceindex.web.callers import Caller, address_of, cookie_name
from faceindex.web.problems import Refused
from faceindex.web.scopes import Scope, needs, scope_called
from faceindex.web.served import Here, Served
from faceindex.web.sessions import TOKEN_SECONDS

routes = router("session")


class SessionShape(BaseModel):
    """scope: what the caller may do. csrf: for the header X-CSRF-Token of changes. read_only: nothing can be
    changed."""

    scope: str
    csrf: str
    read_only: bool


class Password(Body):
    """The password that `faceindex serve passwd` set."""

    password: Annotated[SecretStr, Field(max_length=1000)]


class Invitation(Body):
    """scope: what the other device may do; not more than its host."""

    scope: Literal["read", "decide", "admin"] = "admin"


class Invited(BaseModel):
    """path: to open in another browser, once, within so many seconds."""

    path: str
    seconds: float


@routes.get("/session", **needs(Scope.READ))
def get_session(here: Here, request: Request) -> SessionShape:
    """Who the caller is."""
    caller: Caller = request.state.caller
    return SessionShape(scope=caller.scope.word, csrf=here.csrf_of(caller.session), read_only=here.settings.read_only)


@routes.post("/session", **needs(Scope.PUBLIC))
def sign_in(here: Here, request: Request, response: Response, body: Password) -> SessionShape:
    """Begin a session with the password; the answer sets the cookie."""
    check_attempts(here, request)
    if not here.logins.is_password(body.password.get_secret_value()):
        here.attempts.failed(address_of(request))
        raise Refused(401, "The password is wrong", kind="wrong-password")
    return _begun(here, request, response, here.sessions.begin(Scope.ADMIN))


@routes.delete("/session", status_code=204, **needs(Scope.READ))
def sign_out(here: Here, request: Request, response: Response) -> None:
    """End the session."""
    name = cookie_name(request)
    here.sessions.end(request.cookies.get(name, ""))
    response.delete_cookie(name, path="/", httponly=True, samesite="strict", secure=request.url.scheme == "https")


@routes.post("/session/invitation", **needs(Scope.ADMIN))
def invite(here: Here, body: Invitation) -> Invited:
    """A path by which one more browser signs in, once."""
    token = here.sessions.one_time_token(scope_called(body.scope))
    return Invited(path=f"/login?token={token}", seconds=TOKEN_SECONDS)


def check_attempts(here: Served, request: Request) -> None:
    """Raises: Refused when there were too many wrong attempts from the caller's address."""
    seconds = here.attempts.wait_seconds(address_of(request))
    if seconds:
        raise Refused(429, "Too many wrong attempts", headers={"Retry-After": str(int(seconds) + 1)})


def set_cookie(request: Request, response: Response, cookie: str) -> None:
    """Give the browser its session."""
    response.set_cookie(
        *(cookie_name(request), cookie),
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def _begun(here: Served, request: Request, response: Response, cookie: str) -> SessionShape:
    set_cookie(request, response, cookie)
    session = here.sessions.get(cookie)
    assert session is not None
    scope = min(session.scope, Scope.READ if here.settings.read_only else Scope.ADMIN)
    return SessionShape(scope=scope.word, csrf=session.csrf, read_only=here.settings.read_only)
