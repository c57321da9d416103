"""The pages Photos and Photo."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from faceindex.types import FaceRecord
from faceindex.web.api.browsing import FolderId, FolderShape, list_folders, selection
from faceindex.web.api.parameters import Cursor, PhotoId
from faceindex.web.api.photos import FilledDay, People
from faceindex.web.pages.rendering import SHOWN, Shown, render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here, Served

routes = router()

MOST_FOLDERS = 2000
"""The same of folders."""

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
    folder: FolderId = "",
    part: str | None = None,
) -> Response:
    """Photos by path: all, or those with and without some people, of some days, in some folder. part: only the list."""
    among = selection(here, shows, without, first, last, folder)
    found = here.library.photos.list(limit=shown, cursor=cursor, among=among)
    query = [("shows", one) for one in shows] + [("without", one) for one in without]
    query += [(name, day) for name, day in (("first", first), ("last", last), ("folder", folder)) if day]
    return render(
        request,
        "photos.html",
        photos=found,
        people=[] if part else here.library.people.list(limit=MOST_PEOPLE),
        folders=[] if part else _folders(here),
        query=query,
        shows=shows,
        without=without,
        first=first,
        last=last,
        folder=folder,
    )


@routes.get("/photos/{photo}", **needs(Scope.READ))
def photo(here: Here, request: Request, photo: PhotoId) -> Response:
    """One photo with its faces."""
    record = here.library.photos.with_id(photo)
    faces = here.library.photos.faces(record.path)
    ids = {person.person: person.id for person in (here.library.people.get(name) for name in _names(faces))}
    around = here.library.browsing.photos_around(photo)
    return render(request, "photo.html", photo=record, faces=faces, person_ids=ids, around=around)


def _folders(here: Served) -> list[FolderShape]:
    """The folders among which to choose, as far as a list is any help."""
    found = list_folders(here)
    return found if len(found) <= MOST_FOLDERS else [one for one in found if one.photos > 1][:MOST_FOLDERS]


def _names(faces: list[FaceRecord]) -> set[str]:
    return {face.person for face in faces if face.person is not None}
