"""The page Check: what is probably wrong with names, of all people; and the page of faces alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.responses import Response

from faceindex.errors import StaleError
from faceindex.types import FaceRecord, Finding, Page, Person, Suggestion
from faceindex.types.audits import MISFIT, TWO_NAMES, TWO_PEOPLE, WEAK
from faceindex.web.api.audits import known_audit
from faceindex.web.api.parameters import Cursor
from faceindex.web.pages.rendering import SHOWN, Shown, render, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here, Served
from faceindex.web.work import work

routes = router()

MOST_OF_A_KIND = 120
"""Findings of each kind on the page: the most probable ones. The next ones come when these are answered."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A face alone, and the one that it resembles most. same, different: bodies of the answers."""

    face: FaceRecord
    like: FaceRecord
    probability: float
    same: dict[str, object]
    different: dict[str, object]


@routes.get("/audit", **needs(Scope.READ))
def audit_all(here: Here, request: Request) -> Response:
    """What is probably wrong with names, the most probable first."""
    known = known_audit(here)
    kinds: dict[str, list[Finding]] = {kind: [] for kind in (MISFIT, TWO_PEOPLE, TWO_NAMES, WEAK)}
    for one in known.findings:
        if len(kinds[one.kind]) < MOST_OF_A_KIND:
            kinds[one.kind].append(one)
    weak = [(face, one.person) for one in kinds[WEAK] for face in one.faces][:MOST_OF_A_KIND]
    return render(
        request,
        "audit_all.html",
        ready=known.audit is not None,
        named=known.audit is not None and known.audit.people > 0,
        misfits=kinds[MISFIT],
        two_people=kinds[TWO_PEOPLE],
        two_names=kinds[TWO_NAMES],
        weak=weak,
        people=_people(here, [one for found in kinds.values() for one in found]),
    )


@routes.get("/alone", **needs(Scope.READ))
def alone(
    here: Here,
    request: Request,
    shown: Shown = SHOWN,
    cursor: Cursor = None,
    order: Annotated[Literal["photo", "likeness"], Query()] = "photo",
) -> Response:
    """Faces in no album and without a name, by photo; or with whom they resemble, the likeliest first."""
    faces: Page[FaceRecord] = Page(())
    pairs, stale = list[Pair](), False
    if order == "photo":
        faces = here.library.browsing.faces_alone(limit=shown, cursor=cursor)
    else:
        try:
            pairs = _pairs(here, shown)
        except StaleError:
            stale = True
            if not here.settings.read_only:
                here.jobs.start("suggestions", work(here.library, here.settings, "suggestions").begin)
    return render(request, "alone.html", faces=faces, pairs=pairs, by_likeness=order == "likeness", stale=stale)


def _pairs(here: Served, most: int) -> list[Pair]:
    people = here.library.people
    found, cursor = dict[int, Pair](), None
    while len(found) < most:
        page = people.suggestions(limit=200, cursor=cursor)
        alone = [one for one in page if one.face is not None and not one.asks_who]
        for question in people.questions(alone):
            one = question.suggestion
            if one.face is not None and one.face not in found and question.album and question.other:
                found[one.face] = Pair(question.other[0], question.album[0], one.probability, *_answers(one))
        if (cursor := page.next) is None:
            break
    return sorted(found.values(), key=lambda pair: -pair.probability)[:most]


def _answers(one: Suggestion) -> tuple[dict[str, object], dict[str, object]]:
    asked = {"album": one.album, "face": one.face, "with_face": one.with_face, "probability": one.probability}
    return asked | {"answer": "same"}, asked | {"answer": "different"}


def _people(here: Served, findings: list[Finding]) -> dict[str, Person]:
    names = {name for one in findings for name in (one.person, one.other) if name is not None}
    return {name: here.library.people.get(name) for name in names}
