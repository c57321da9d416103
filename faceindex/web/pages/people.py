"""The pages People and Person."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.responses import RedirectResponse, Response

from faceindex.types import Album, Page, Person
from faceindex.web.api.parameters import Cursor, PersonId, person_of
from faceindex.web.pages.rendering import SHOWN, Shown, render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here

routes = router()

MOST_AUDITED = 600
"""Faces on the page of an audit: the least likely ones."""


@routes.get("/", **needs(Scope.READ))
def home() -> Response:
    """The first page."""
    return RedirectResponse("/people", 303)


@routes.get("/people", **needs(Scope.READ))
def people(
    here: Here,
    request: Request,
    shown: Shown = SHOWN,
    cursor: Cursor = None,
    albums: Cursor = None,
    part: Annotated[Literal["albums", "people"] | None, Query(description="Only this list.")] = None,
) -> Response:
    """Albums without a name, the largest first; then everybody with a name."""
    named: Page[Person] = Page(())
    unnamed: Page[Album] = Page(())
    if part != "albums":
        named = here.library.people.list(limit=shown, cursor=cursor)
    if part != "people":
        unnamed = here.library.albums.list(limit=shown, cursor=albums, unnamed=True)
    return render(request, "people.html", named=named, unnamed=unnamed)


@routes.get("/people/hidden", **needs(Scope.READ))
def hidden(here: Here, request: Request) -> Response:
    """Who is hidden, and albums that are left alone."""
    everybody = here.library.people.list(limit=None, hidden=True)
    return render(
        request,
        "hidden.html",
        people=[one for one in everybody if one.hidden],
        albums=here.library.browsing.albums_left_out(),
    )


@routes.get("/people/{person}", **needs(Scope.READ))
def person(here: Here, request: Request, person: PersonId, shown: Shown = SHOWN, cursor: Cursor = None) -> Response:
    """One person's faces by date."""
    one = here.library.people.get(person_of(person))
    faces = here.library.people.faces(person_of(person), limit=shown, cursor=cursor)
    return render(request, "person.html", person=one, faces=faces)


@routes.get("/people/{person}/audit", **needs(Scope.READ))
def audit(here: Here, request: Request, person: PersonId) -> Response:
    """All faces of a person, the least likely first."""
    library = here.library
    one, found = library.people.get(person_of(person)), library.people.audit(person_of(person))
    doubts = {face: finding for finding in found.findings for face in finding.faces}
    faces = [library.faces.get(face) for face in list(doubts)[:MOST_AUDITED]]
    return render(request, "audit.html", person=one, faces=faces, doubts=doubts)
