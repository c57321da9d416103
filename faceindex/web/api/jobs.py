"""Long work: ingest, clustering, the index, suggestions, export, backup; and the stream of progress and changes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from fastapi.responses import StreamingResponse
from pydantic import Field

from faceindex.web.answer_shapes import JobShape
from faceindex.web.api.parameters import Body, router
from faceindex.web.jobs import ServedJob
from faceindex.web.problems import Refused
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here
from faceindex.web.work import Form, JobKind, work

routes = router("jobs")

JobId = Annotated[str, Path(pattern="^[0-9]{1,12}$", description="Id of a job.")]
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "Events `change` and `job`."}
}


class Begin(Body):
    """folder: number of one of the folders that the server was started with, for an ingest; default all of them.
    form, vectors: of an export."""

    folder: Annotated[int, Field(ge=0, le=1000)] | None = None
    form: Form = "jsonl"
    vectors: bool = False


@routes.get("/jobs", **needs(Scope.READ))
def list_jobs(here: Here) -> list[JobShape]:
    """Jobs of this server, the newest first."""
    return list(map(job_shape, here.jobs.all()))


@routes.get("/jobs/{job}", **needs(Scope.READ))
def get_job(here: Here, job: JobId) -> JobShape:
    """One job."""
    return job_shape(_known(here.jobs.get(job)))


@routes.post("/jobs/{kind}", status_code=202, **needs(Scope.ADMIN))
def start_job(here: Here, kind: JobKind, body: Begin) -> JobShape:
    """Begin a job, or find the one of this kind that is at work. ingest: of the folders that the server was started
    with. retry: of files that could not be read. export, backup: into the folder that it was started with for these."""
    chosen = work(here.library, here.settings, kind, folder=body.folder, form=body.form, vectors=body.vectors)
    job, _ = here.jobs.start(kind, chosen.begin, chosen.written)
    return job_shape(job)


@routes.delete("/jobs/{job}", status_code=202, **needs(Scope.ADMIN))
def cancel_job(here: Here, job: JobId) -> JobShape:
    """Ask a job to end. An ingest keeps what was analysed."""
    found = _known(here.jobs.get(job))
    found.job.cancel()
    return job_shape(found)


@routes.get("/events", response_class=StreamingResponse, responses=STREAM, **needs(Scope.READ))
async def stream_events(here: Here) -> StreamingResponse:
    """Server-sent events: `change`, with the library's version tokens, whenever it has changed, by anybody; `job`, with
    a job's progress."""
    if here.changes.is_full:
        raise Refused(503, "Too many pages are open")
    return StreamingResponse(here.changes.events(), media_type="text/event-stream")


def job_shape(job: ServedJob) -> JobShape:
    """A job as the API gives it."""
    return JobShape.model_validate(job.as_json())


def _known(job: ServedJob | None) -> ServedJob:
    if job is None:
        raise Refused(404, "There is no such job")
    return job
