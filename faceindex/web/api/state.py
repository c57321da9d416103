"""The state of the library and of the server; health and metrics."""

from __future__ import annotations

from typing import Literal

from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from faceindex.web.answer_shapes import StatusShape
from faceindex.web.api.parameters import router
from faceindex.web.measures import as_text
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here

routes = router("state")


class Health(BaseModel):
    """The server answers."""

    status: Literal["ok"] = "ok"


@routes.get("/health", **needs(Scope.PUBLIC))
async def get_health() -> Health:
    """Whether the server answers; says nothing of the library."""
    return Health()


@routes.get("/status", **needs(Scope.READ, "photos", "faces", "albums", "people", "index"))
def get_status(here: Here) -> StatusShape:
    """The library in figures."""
    shown = StatusShape.model_validate(here.library.status())
    return shown.model_copy(update={"version": str(here.library.version)})


@routes.get("/metrics", response_class=PlainTextResponse, **needs(Scope.READ))
def get_metrics(here: Here) -> PlainTextResponse:
    """Figures of the library and the server in Prometheus' text format."""
    status = here.library.status()
    figures = {
        name: float(getattr(status, name)) for name in ("photos", "faces", "people", "albums", "failed", "bytes")
    }
    figures["event_streams"] = here.changes.streams
    figures["jobs_running"] = sum(not job.job.progress.ended for job in here.jobs.all())
    text = as_text(figures, here.measures.requests, here.measures.seconds)
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")
