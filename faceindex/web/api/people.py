"""People: names, merges, and erasing."""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated, Literal

from fastapi import Response
from pydantic import Field

from faceindex.types import Target
from faceindex.web.api.parameters import (
    LARGEST,
    Body,
    Cursor,
    Decision,
    Hidden,
    Ids,
    Limit,
    Name,
    PersonId,
    decided,
    page,
    person_of,
    router,
)
from faceindex.web.problems import Refused
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here
from faceindex.web.shapes import DecidedShape, ErasedShape, FaceShape, FindingShape, Listing, PersonShape, faces_listing

routes = router("people")

Number = Annotated[int, Field(ge=1, le=LARGEST)]


class Naming(Decision):
    """name: the person's. faces: ids, or album: the number of an album, that are this person's. only: the other faces
    of the albums of `faces` are somebody else's. merge: also when somebody has this name already."""

    name: Name
    faces: Ids | None = None
    album: Number | None = None
    only: bool | None = None
    merge: bool = False


class Renaming(Decision):
    """name: the new one. merge: also when somebody has it already, and both become one person."""

    name: Name
    merge: bool = False


class OnePerson(Body):
    """Exactly one of them: the id of a person, or the number of an album."""

    person: Annotated[str, Field(pattern="^[0-9a-z]{10}$")] | None = None
    album: Number | None = None

    def target(self) -> Target:
        """As the library takes it. Raises: Refused."""
        if (self.person is None) == (self.album is None):
            raise Refused(422, "Give a person or an album, and not both")
        return Target(album=self.album) if self.person is None else Target(person=person_of(self.person))


class Uniting(Decision):
    """people: persons and albums that are one person; the first keeps the name."""

    people: Annotated[list[OnePerson], Field(min_length=2, max_length=1000)]


class Forgetting(Body):
    """confirm: what the answer without it gave; without it nothing is erased."""

    confirm: Annotated[str, Field(max_length=200)] | None = None


@routes.get("/people", **needs(Scope.READ, "people", "faces"))
def list_people(here: Here, limit: Limit = 50, cursor: Cursor = None, hidden: Hidden = False) -> Listing[PersonShape]:
    """Everybody with a name, by name."""
    return page(here.library.people.list(limit=limit, cursor=cursor, hidden=hidden), PersonShape)


@routes.post("/people/name", **needs(Scope.DECIDE))
def name_faces(here: Here, body: Naming) -> DecidedShape:
    """Say whose faces these are."""
    if (body.faces is None) == (body.album is None):
        raise Refused(422, "Give faces or an album, and not both")
    people = here.library.people
    options = {"only": body.only, "merge": body.merge, "dry_run": body.dry_run}
    if body.album is not None:
        return decided(people.name(body.name, album=body.album, **options))  # type: ignore[arg-type]
    return decided(people.name(body.name, faces=body.faces or [], **options))  # type: ignore[arg-type]


@routes.post("/people/merge", **needs(Scope.DECIDE))
def merge_people(here: Here, body: Uniting) -> DecidedShape:
    """People, and albums without a name, are one person: the first, who keeps the name."""
    return decided(here.library.people.merge([one.target() for one in body.people], dry_run=body.dry_run))


@routes.get("/people/{person}", **needs(Scope.READ, "people", "faces"))
def get_person(here: Here, person: PersonId) -> PersonShape:
    """One person, also a hidden one."""
    return PersonShape.model_validate(here.library.people.get(person_of(person)))


@routes.get("/people/{person}/faces", **needs(Scope.READ, "people", "faces"))
def list_faces_of_person(
    here: Here, person: PersonId, limit: Limit = 50, cursor: Cursor = None, hidden: Hidden = False
) -> Listing[FaceShape]:
    """A person's faces by date, confirmed and not."""
    return faces_listing(here.library.people.faces(person_of(person), limit=limit, cursor=cursor, hidden=hidden))


@routes.get("/people/{person}/audit", **needs(Scope.READ, "people", "faces", "history"))
def audit_person(here: Here, person: PersonId) -> list[FindingShape]:
    """All faces of the person, the least likely to be the person's first. `other` is whom a face fits better, null for
    nobody known."""
    found = here.library.people.audit(person_of(person))
    return [FindingShape.model_validate(one) for one in found.findings]


@routes.post("/people/{person}/rename", **needs(Scope.DECIDE))
def rename_person(here: Here, person: PersonId, body: Renaming) -> DecidedShape:
    """Give the person another name."""
    people = here.library.people
    return decided(people.rename(person_of(person), body.name, merge=body.merge, dry_run=body.dry_run))


@routes.post("/people/{person}/forget", **needs(Scope.ADMIN))
def forget_person(here: Here, person: PersonId, body: Forgetting, response: Response) -> ErasedShape:
    """Erase the person's faces from the disk for good. Asked twice: the first answer says what would be erased, and
    `confirm`, which the second request repeats; it holds as long as nothing else changes."""
    people = here.library.people
    planned = people.forget(person_of(person), dry_run=True)
    figures = f"{person} {planned.photos} {planned.faces} {planned.decisions} {here.library.version}"
    confirm = hmac.new(here.csrf.encode(), figures.encode(), hashlib.sha256).hexdigest()[:32]
    if body.confirm is None:
        return ErasedShape.model_validate(planned).model_copy(update={"confirm": confirm})
    if not hmac.compare_digest(confirm, body.confirm):
        raise Refused(409, "The library has changed since; look again at what would be erased", kind="not-confirmed")
    return ErasedShape.model_validate(people.forget(person_of(person)))


@routes.post("/people/{person}/{verb}", **needs(Scope.DECIDE))
def hide_person(here: Here, person: PersonId, verb: Literal["hide", "unhide"], body: Decision) -> DecidedShape:
    """Hide the person, or show the person again."""
    people = here.library.people
    act = people.hide if verb == "hide" else people.unhide
    return decided(act(person_of(person), dry_run=body.dry_run))
