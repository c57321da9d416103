"""The page Review: one question at a time."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from faceindex.errors import StaleError
from faceindex.types import Suggestion
from faceindex.web.api.parameters import person_of
from faceindex.web.pages.rendering import render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here, Served
from faceindex.web.work import work

routes = router()

_AHEAD = 4
"""Questions that are made beside those that were skipped: others may have settled the first ones meanwhile."""

_MOST = 200
"""Of questions about one person."""

Skipped = Annotated[list[str], Query(max_length=200, description="Questions that were skipped.")]


@routes.get("/review", **needs(Scope.READ))
def review(
    here: Here,
    request: Request,
    skip: Skipped = [],  # noqa: B006
    person: Annotated[str | None, Query(pattern="^[0-9a-z]{10}$")] = None,
) -> Response:
    """The most useful question that was not skipped. person: only questions about this one."""
    people = here.library.people
    try:
        found = people.suggestions(limit=len(skip) + _AHEAD) if person is None else _about(here, person)
    except StaleError:
        if not here.settings.read_only:
            here.jobs.start("suggestions", work(here.library, here.settings, "suggestions").begin)
        return render(request, "review.html", question=None, key="", stale=True, sizes=[])
    wanted = [one for one in found if _key_of(one) not in set(skip)]
    for one in wanted:
        if questions := people.questions([one]):
            sizes = [_size(here, number) for number in (one.album, one.other)]
            return render(request, "review.html", question=questions[0], key=_key_of(one), stale=False, sizes=sizes)
    return render(request, "review.html", question=None, key="", stale=False, sizes=[])


def _about(here: Served, person: str) -> list[Suggestion]:
    asked = here.library.people.review(limit=_MOST, person=person_of(person))
    return [one for one in asked if isinstance(one, Suggestion)]


def _size(here: Served, album: int | None) -> int:
    return 0 if album is None else here.library.albums.get(album).faces


def _key_of(one: Suggestion) -> str:
    """What a page calls a question that was skipped."""
    numbers = (one.album, one.other, one.face, one.lost, one.with_face)
    return "-".join("" if number is None else str(number) for number in numbers)
