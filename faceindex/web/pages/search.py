"""The page Search, and the way from a face to its photo."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import RedirectResponse, Response

from faceindex.web.api.parameters import LARGEST, FaceId, person_of
from faceindex.web.pages.rendering import render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here

routes = router()


Number = Annotated[int | None, Query(ge=1, le=LARGEST)]


@routes.get("/search", **needs(Scope.READ))
def search(
    here: Here,
    request: Request,
    face: Number = None,
    album: Number = None,
    person: Annotated[str | None, Query(pattern="^[0-9a-z]{10}$")] = None,
) -> Response:
    """Who is this? A photo is dropped, pasted, chosen or made with the camera; or a face, an album or a person of the
    library is searched with."""
    library = here.library
    source, probe, title = "", 0, ""
    if face is not None:
        source, probe = f"faces/{face}", library.faces.get(face).face
        title = f"{library.faces.get(face).person or face}"
    elif album is not None:
        source, probe, title = f"albums/{album}", library.albums.get(album).cover, f"{album}"
    elif person is not None:
        known = library.people.get(person_of(person))
        source, probe, title = f"people/{person}", known.cover or 0, known.person
    return render(request, "search.html", source=source and f"/api/v1/{source}/matches", probe=probe, title=title)


@routes.get("/faces/{face}", **needs(Scope.READ))
def face(here: Here, face: FaceId) -> Response:
    """The photo of a face."""
    return RedirectResponse(f"/photos/{here.library.faces.get(face).photo_id}?face={face}", 303)
