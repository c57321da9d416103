"""Questions whether two sides are one person."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from faceindex.types import Page, Suggestion
from faceindex.web.api.parameters import LARGEST, Cursor, Decision, Limit, decided, person_of, router
from faceindex.web.problems import Refused
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here, Served
from faceindex.web.shapes import DecidedShape, Listing, QuestionShape, SuggestionShape, face_shape

routes = router("review")

Number = Annotated[int, Field(ge=1, le=LARGEST)]


class Answer(Decision):
    """album to probability: of the suggestion; person: where it has an origin. answer: same, different, or never:
    do not ask again."""

    album: Number | None = None
    other: Number | None = None
    face: Number | None = None
    lost: Number | None = None
    with_face: Number | None = None
    person: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    origin: Annotated[str, Field(max_length=10_000)] | None = None
    probability: Annotated[float, Field(ge=0, le=1)] = 0.0
    answer: Literal["same", "different", "never"]


@routes.get("/review", **needs(Scope.READ, "albums", "faces", "people", "history", "index"))
def list_questions(
    here: Here,
    limit: Limit = 10,
    cursor: Cursor = None,
    person: Annotated[
        str | None, Query(pattern="^[0-9a-z]{10}$", description="Id of a person: only questions about this one.")
    ] = None,
) -> Listing[QuestionShape]:
    """Questions, the most useful first. 503, with the job that prepares them, when they are not prepared. Those about
    one person come at once, without a cursor."""
    people = here.library.people
    if person is None:
        return questions(here, people.suggestions(limit=limit, cursor=cursor))
    about = people.review(limit=limit, person=person_of(person))
    return questions(here, Page(tuple(one for one in about if isinstance(one, Suggestion))))


@routes.post("/review/answer", **needs(Scope.DECIDE))
def answer_question(here: Here, body: Answer) -> DecidedShape:
    """Answer a question."""
    people, person = here.library.people, body.person if body.origin is not None else None
    if body.lost is not None:
        known = [lost.person for lost in people.lost(limit=None) if lost.face == body.lost]
        if not known:
            raise Refused(409, "This question is settled already", kind="settled")
        person = known[0]
    sides = (body.album, body.other, body.face)
    question = Suggestion(*sides, body.probability, math.nan, 0, person, body.lost, body.with_face, body.origin)
    if not people.is_open(question):
        raise Refused(409, "This question is settled already", kind="settled")
    if body.answer == "never":
        return decided(people.do_not_ask(question, dry_run=body.dry_run))
    return decided(people.answer(question, same=body.answer == "same", dry_run=body.dry_run))


def questions(here: Served, found: Page[Suggestion]) -> Listing[QuestionShape]:
    """The questions that suggestions are, with their faces; those that were settled meanwhile are left out."""
    shown = [
        QuestionShape(
            suggestion=SuggestionShape.model_validate(question.suggestion),
            one=[face_shape(face) for face in question.album],
            other=[face_shape(face) for face in question.other],
            person=question.person,
        )
        for question in here.library.people.questions(found)
    ]
    return Listing[QuestionShape](items=shown, next=found.next)
