"""The page that signs in: by the one-time address, or by the password."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import RedirectResponse, Response

from faceindex.web.api.session import check_attempts, set_cookie
from faceindex.web.callers import address_of
from faceindex.web.pages.rendering import render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here, served

routes = router()


@routes.get("/login", **needs(Scope.PUBLIC))
def login(here: Here, request: Request, token: Annotated[str | None, Query(max_length=200)] = None) -> Response:
    """Sign in with a one-time token, or show how to."""
    if token is None:
        return login_page(request, status=200)
    check_attempts(here, request)
    cookie = here.sessions.redeem(token)
    if cookie is None:
        here.attempts.failed(address_of(request))
        return login_page(request, spent=True)
    answer = RedirectResponse("/", 303)
    set_cookie(request, answer, cookie)
    return answer


def login_page(request: Request, *, status: int = 401, spent: bool = False) -> Response:
    """The page that asks for the password, or says which address to open."""
    has_password = served(request).logins.read().password is not None
    return render(request, "login.html", status_code=status, has_password=has_password, spent=spent)
