"""The page Review: one question at a time."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from faceindex.errors import StaleError
from faceindex.types import Suggestion
from faceindex.web.api.jobs import beginning
from faceindex.web.pages.rendering import render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here

routes = router()

_LOOKED_AT = 200
"""Questions among which the first that was not skipped is looked for."""

Skipped = Annotated[list[str], Query(max_length=200, description="Questions that were skipped.")]


@routes.get("/review", **needs(Scope.READ))
def review(here: Here, request: Request, skip: Skipped = []) -> Response:  # noqa: B006
    """The most useful question that was not skipped."""
    people = here.library.people
    try:
        found = people.suggestions(limit=_LOOKED_AT)
    except StaleError:
        if not here.settings.read_only:
            here.jobs.start("suggestions", beginning(here.library, here.settings, "suggestions"))
        return render(request, "review.html", question=None, key="", stale=True)
    wanted = [one for one in found if _key_of(one) not in set(skip)]
    for one in wanted:
        if questions := people.questions([one]):
            return render(request, "review.html", question=questions[0], key=_key_of(one), stale=False)
    return render(request, "review.html", question=None, key="", stale=False)


def _key_of(one: Suggestion) -> str:
    """What a page calls a question that was skipped."""
    numbers = (one.album, one.other, one.face, one.lost, one.with_face)
    return "-".join("" if number is None else str(number) for number in numbers)
