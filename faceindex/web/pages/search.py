"""The page Search, and the way from a face to its photo."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from faceindex.web.api.parameters import FaceId
from faceindex.web.pages.rendering import render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here

routes = router()


@routes.get("/search", **needs(Scope.READ))
def search(request: Request) -> Response:
    """Who is this? A photo is dropped, pasted, chosen or made with the camera."""
    return render(request, "search.html")


@routes.get("/faces/{face}", **needs(Scope.READ))
def face(here: Here, face: FaceId) -> Response:
    """The photo of a face."""
    return RedirectResponse(f"/photos/{here.library.faces.get(face).photo_id}?face={face}", 303)
