"""The audit of all names: a job whose last result is kept, as it looks at every face with a name."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from faceindex.types import Audit, Finding
from faceindex.web.api.faces import Faces
from faceindex.web.api.parameters import Decision, decided, router
from faceindex.web.api.people import OnePerson
from faceindex.web.jobs import ServedJob
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here, Served
from faceindex.web.shapes import DecidedShape, FindingShape

routes = router("audits")

KIND = "audit"

QUICK_SECONDS = 3.0
"""An audit that took less is made again as soon as something has changed; a longer one when somebody asks."""


class TwoSides(Decision):
    """people: two persons or albums."""

    people: Annotated[list[OnePerson], Field(min_length=2, max_length=2)]


class AuditShape(BaseModel):
    """findings: what is probably wrong, the most probable first. people, faces: that were looked at. ready: false while
    the first audit is made. current: nothing was decided since."""

    findings: list[FindingShape]
    people: int
    faces: int
    ready: bool
    current: bool


@dataclass(frozen=True, slots=True)
class KnownAudit:
    """The last audit. findings: those that nobody answered since. current: nothing was decided since. job:
    that makes a new one now."""

    audit: Audit | None
    findings: tuple[Finding, ...] = ()
    current: bool = False
    job: ServedJob | None = None


@routes.get("/audit", **needs(Scope.READ))
def audit_names(here: Here) -> AuditShape:
    """What is probably wrong with names; the first time that is asked for begins the audit."""
    known = known_audit(here)
    return AuditShape(
        findings=[FindingShape.model_validate(one) for one in known.findings],
        people=known.audit.people if known.audit else 0,
        faces=known.audit.faces if known.audit else 0,
        ready=known.audit is not None,
        current=known.current,
    )


@routes.post("/audit", status_code=202, **needs(Scope.DECIDE))
def begin_audit(here: Here) -> None:
    """Look at all names again, unless somebody does."""
    _begin(here)


@routes.post("/audit/{answer}", **needs(Scope.DECIDE))
def answer_audit(here: Here, answer: Literal["wrong", "right"], body: Faces) -> list[DecidedShape]:
    """wrong: these faces are not the people's whose they are said to be. right: they are. An act for each person."""
    people, rejects = here.library.people, answer == "wrong"
    groups = defaultdict[tuple[str | None, int | None], list[int]](list)
    for face in (here.library.faces.get(number) for number in body.faces):
        groups[face.person, face.album if rejects else None].append(face.face)
    act = here.library.albums.reject if rejects else people.confirm
    with here.library.history.together():
        return [decided(act(faces, dry_run=body.dry_run)) for faces in groups.values()]


@routes.post("/people/never-suggest", **needs(Scope.DECIDE))
def never_suggest(here: Here, body: TwoSides) -> DecidedShape:
    """Do not ask again whether these two are one person."""
    one, other = (side.target() for side in body.people)
    return decided(here.library.people.never_suggest(one, other, dry_run=body.dry_run))


def known_audit(here: Served) -> KnownAudit:
    """The last audit; a new one is begun where there is none, or where the last one is old and did not take long."""
    made = [job for job in here.jobs.all() if job.kind == KIND]
    running = next((job for job in made if not job.job.progress.ended), None)
    done = next((job for job in made if job.job.state == "done"), None)
    audit: Audit | None = None if done is None else done.job.result()
    current = done is not None and here.audited == (done.id, _state(here))
    failed = made and made[0].job.state == "failed" and here.audited == (made[0].id, _state(here))
    if running is None and not current and not failed and (audit is None or audit.seconds < QUICK_SECONDS):
        running = _begin(here)
    if audit is None:
        return KnownAudit(None, job=running)
    findings = audit.findings if current else tuple(here.library.people.open_findings(audit.findings))
    return KnownAudit(audit, findings, current, running)


def _begin(here: Served) -> ServedJob:
    state = _state(here)
    job, new = here.jobs.start(KIND, here.library.people.start_audit)
    if new:
        here.audited = (job.id, state)
    return job


def _state(here: Served) -> str:
    version = here.library.version
    return f"{version.people} {version.history} {version.faces}"
