"""The page of an album without a name."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from faceindex.web.api.parameters import AlbumNumber, Cursor
from faceindex.web.pages.rendering import SHOWN, Shown, render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here

routes = router()


@routes.get("/albums/{album}", **needs(Scope.READ))
def album(here: Here, request: Request, album: AlbumNumber, shown: Shown = SHOWN, cursor: Cursor = None) -> Response:
    """The faces of an album. An album with a name is its person's."""
    one = here.library.albums.get(album)
    if one.person is not None:
        return RedirectResponse(f"/people/{here.library.people.get(one.person).id}", 303)
    faces = here.library.albums.faces(album, limit=shown, cursor=cursor)
    return render(request, "album.html", album=one, faces=faces)
