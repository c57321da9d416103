"""The page Jobs: long work, and what could not be read."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from faceindex.web.api.parameters import Cursor
from faceindex.web.pages.rendering import render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here

routes = router()


@routes.get("/jobs", **needs(Scope.READ))
def jobs(here: Here, request: Request, cursor: Cursor = None) -> Response:
    """Jobs, which scripts show live, and files that could not be read, with the reasons."""
    return render(
        request,
        "jobs.html",
        jobs=here.jobs.all(),
        failed=here.library.photos.failed(limit=100, cursor=cursor),
        folders=here.settings.folders,
        backups=here.settings.backups is not None,
    )
