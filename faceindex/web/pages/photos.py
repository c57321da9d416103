"""The pages Photos and Photo."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from faceindex.types import FaceRecord
from faceindex.web.api.parameters import Cursor, PhotoId
from faceindex.web.pages.rendering import SHOWN, Shown, render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here

routes = router()


@routes.get("/photos", **needs(Scope.READ))
def photos(here: Here, request: Request, shown: Shown = SHOWN, cursor: Cursor = None) -> Response:
    """All photos, by path."""
    return render(request, "photos.html", photos=here.library.photos.list(limit=shown, cursor=cursor))


@routes.get("/photos/{photo}", **needs(Scope.READ))
def photo(here: Here, request: Request, photo: PhotoId) -> Response:
    """One photo with its faces."""
    record = here.library.photos.with_id(photo)
    faces = here.library.photos.faces(record.path)
    ids = {person.person: person.id for person in (here.library.people.get(name) for name in _names(faces))}
    return render(request, "photo.html", photo=record, faces=faces, person_ids=ids)


def _names(faces: list[FaceRecord]) -> set[str]:
    return {face.person for face in faces if face.person is not None}
