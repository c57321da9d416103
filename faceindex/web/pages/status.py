"""The page Status: the library in figures."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from faceindex.web.pages.rendering import render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here

routes = router()


@routes.get("/status", **needs(Scope.READ))
def status(here: Here, request: Request) -> Response:
    """The library in figures."""
    return render(request, "status.html", status=here.library.status())
