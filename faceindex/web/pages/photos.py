"""The pages Photos and Photo."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from faceindex.store.selection import Selection
from faceindex.types import FaceRecord
from faceindex.web.api.parameters import Cursor, PhotoId, person_of
from faceindex.web.api.photos import FilledDay, People
from faceindex.web.pages.rendering import SHOWN, Shown, render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here

routes = router()

MOST_PEOPLE = 2000
"""People among whom to choose on the page."""


@routes.get("/photos", **needs(Scope.READ))
def photos(
    here: Here,
    request: Request,
    shown: Shown = SHOWN,
    cursor: Cursor = None,
    shows: People = [],  # noqa: B006
    without: People = [],  # noqa: B006
    first: FilledDay = "",
    last: FilledDay = "",
) -> Response:
    """Photos by path: all, or those with and without some people, of some days."""
    who, whom = tuple(map(person_of, shows)), tuple(map(person_of, without))
    found = here.library.photos.list(
        limit=shown, cursor=cursor, among=Selection(who, whom, first=first or None, last=last or None)
    )
    query = [("shows", one) for one in shows] + [("without", one) for one in without]
    query += [(name, day) for name, day in (("first", first), ("last", last)) if day]
    return render(
        request,
        "photos.html",
        photos=found,
        people=here.library.people.list(limit=MOST_PEOPLE),
        query=query,
        shows=shows,
        without=without,
        first=first,
        last=last,
    )


@routes.get("/photos/{photo}", **needs(Scope.READ))
def photo(here: Here, request: Request, photo: PhotoId) -> Response:
    """One photo with its faces."""
    record = here.library.photos.with_id(photo)
    faces = here.library.photos.faces(record.path)
    ids = {person.person: person.id for person in (here.library.people.get(name) for name in _names(faces))}
    return render(request, "photo.html", photo=record, faces=faces, person_ids=ids)


def _names(faces: list[FaceRecord]) -> set[str]:
    return {face.person for face in faces if face.person is not None}
