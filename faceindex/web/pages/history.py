"""The page History."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from faceindex.web.api.parameters import Cursor
from faceindex.web.pages.rendering import SHOWN, Shown, render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here

routes = router()


@routes.get("/history", **needs(Scope.READ))
def history(here: Here, request: Request, shown: Shown = SHOWN, cursor: Cursor = None) -> Response:
    """Every decision, the newest first."""
    acts = here.library.history.list(limit=shown, cursor=cursor, newest_first=True)
    return render(request, "history.html", acts=acts)
