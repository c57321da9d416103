"""Long work: ingest, clustering, the index, suggestions; and the stream of their progress and of all changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Path
from fastapi.responses import StreamingResponse
from pydantic import Field

from faceindex.library import Library
from faceindex.library.job import Job
from faceindex.web.answer_shapes import JobShape
from faceindex.web.api.parameters import Body, router
from faceindex.web.jobs import ServedJob
from faceindex.web.problems import Refused
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here
from faceindex.web.settings import Settings

routes = router("jobs")

JobId = Annotated[str, Path(pattern="^[0-9]{1,12}$", description="Id of a job.")]
JobKind = Literal["ingest", "cluster", "index", "suggestions"]
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "Events `change` and `job`."}
}


class Begin(Body):
    """folder: number of one of the folders that the server was started with, for an ingest; default all of them."""

    folder: Annotated[int, Field(ge=0, le=1000)] | None = None


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
    """Begin a job, or find the one of this kind that is at work. An ingest reads the folders that the server was
    started with."""
    job, _ = here.jobs.start(kind, beginning(here.library, here.settings, kind, body.folder))
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


def beginning(library: Library, settings: Settings, kind: str, folder: int | None = None) -> Callable[[], Job[Any]]:
    """What begins a job of this kind. Raises: Refused."""
    if kind == "ingest":
        folders = settings.folders
        if not folders:
            raise Refused(
                409, "No folder of photos was named", "`faceindex serve --photos DIR` names one", kind="no-folder"
            )
        if folder is not None and folder >= len(folders):
            raise Refused(404, "There is no such folder")
        chosen = folders if folder is None else (folders[folder],)
        return lambda: library.start_ingest(chosen)
    begin: dict[str, Callable[[], Job[Any]]] = {
        "cluster": library.start_cluster,
        "index": library.index.start_build,
        "suggestions": library.people.start_prepare,
    }
    return begin[kind]


def _known(job: ServedJob | None) -> ServedJob:
    if job is None:
        raise Refused(404, "There is no such job")
    return job
