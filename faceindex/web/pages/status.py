"""The page Status: the library in figures, and its work."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from faceindex.web.api.parameters import Cursor
from faceindex.web.pages.rendering import render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here

routes = router()


@routes.get("/status", **needs(Scope.READ))
def status(here: Here, request: Request, cursor: Cursor = None) -> Response:
    """Figures, jobs, and files that could not be read."""
    return render(
        request,
        "status.html",
        status=here.library.status(),
        jobs=here.jobs.all(),
        failed=here.library.photos.failed(limit=100, cursor=cursor),
        folders=here.settings.folders,
    )
