"""The pages Photos and Photo."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import RedirectResponse, Response

from faceindex.errors import NotInLibrary, UsageError
from faceindex.types import FaceRecord, Person
from faceindex.web.api.browsing import FolderId, selection
from faceindex.web.api.parameters import Cursor, PhotoId, person_of
from faceindex.web.api.photos import FilledDay, People
from faceindex.web.pages.rendering import SHOWN, Shown, render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here, Served

routes = router()


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
    typed: Annotated[str, Query(alias="with", max_length=500)] = "",
    typed_without: Annotated[str, Query(alias="not", max_length=500)] = "",
    part: str | None = None,
) -> Response:
    """Photos by path: all, or those with and without some people, of some days, in some folder.

    with, not: further people, by names as somebody typed them. part: only the list.
    """
    shows, nobody = _with_typed(here, shows, typed)
    without, nobody_without = _with_typed(here, without, typed_without)
    query = [("shows", one) for one in shows] + [("without", one) for one in without]
    query += [(name, day) for name, day in (("first", first), ("last", last), ("folder", folder)) if day]
    if (typed or typed_without) and not (nobody or nobody_without):
        return RedirectResponse(f"/photos?{urlencode(query)}", 303)
    among = selection(here, shows, without, first, last, folder)
    return render(
        request,
        "photos.html",
        photos=here.library.photos.list(limit=shown, cursor=cursor, among=among),
        query=query,
        shows=_people(here, shows),
        without=_people(here, without),
        nobody=[name for name in (nobody, nobody_without) if name],
        first=first,
        last=last,
        folder=folder,
        folder_path=among.under,
    )


@routes.get("/photos/{photo}", **needs(Scope.READ))
def photo(here: Here, request: Request, photo: PhotoId) -> Response:
    """One photo with its faces."""
    record = here.library.photos.with_id(photo)
    faces = here.library.photos.faces(record.path)
    ids = {person.person: person.id for person in (here.library.people.get(name) for name in _names(faces))}
    around = here.library.browsing.photos_around(photo)
    return render(request, "photo.html", photo=record, faces=faces, person_ids=ids, around=around)


def _with_typed(here: Served, people: list[str], name: str) -> tuple[list[str], str]:
    """Ids of people with that of this name, and the name if nobody has it."""
    if not name.strip():
        return people, ""
    try:
        number = here.library.people.get(name.strip()).id
    except (NotInLibrary, UsageError):
        return people, name.strip()
    return [*people, *([] if number in people else [number])], ""


def _people(here: Served, numbers: list[str]) -> list[Person]:
    return [here.library.people.get(person_of(number)) for number in numbers]


def _names(faces: list[FaceRecord]) -> set[str]:
    return {face.person for face in faces if face.person is not None}
