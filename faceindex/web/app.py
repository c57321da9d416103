"""The app: routes, errors and guards of one library's server."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

import faceindex
from faceindex.errors import FaceindexError, StaleError
from faceindex.library import Library
from faceindex.web import pages, problems
from faceindex.web.api import (
    albums,
    audits,
    browsing,
    faces,
    history,
    jobs,
    people,
    photos,
    review,
    search,
    session,
    state,
)
from faceindex.web.audit import AuditLog
from faceindex.web.changes import Changes
from faceindex.web.guards import Guard
from faceindex.web.jobs import Jobs
from faceindex.web.logins import LoginFile
from faceindex.web.served import THREADS, Served, served
from faceindex.web.settings import Settings
from faceindex.web.work import JobKind, work

_ABOUT = """Find every face in a photo collection, search by face, and see each person's album.

Lists come in pages: ask again with `cursor` set to `next` until that is null. Answers have an ETag that changes when
the library does. Errors are problem details (RFC 9457). Programs send `Authorization: Bearer TOKEN`, with a token of
`faceindex serve token`; browsers have a session cookie, and send the header X-CSRF-Token with each change.
`x-scope` says what a caller must be allowed to do: read, decide or admin."""


def make_app(library: Library, settings: Settings) -> tuple[Guard, Served]:
    """The ASGI app that serves `library`, and what its handlers share."""
    running = Jobs()
    here = Served(
        *(library, settings, LoginFile(library.path), AuditLog(library.path), running, Changes(library, running)),
        csrf=secrets.token_urlsafe(24),
    )
    app = api()
    app.state.served = here
    app.router.lifespan_context = _lifespan
    pages.install(app)
    return Guard(app, here), here


def api() -> FastAPI:
    """The API alone, of no library; for its description."""
    app = FastAPI(
        title="faceindex",
        version=faceindex.__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    for topic in (photos, faces, albums, people, history, review, search, jobs, session, state, browsing, audits):
        app.include_router(topic.routes)
    problems.install(app)
    app.add_exception_handler(StaleError, _prepare)
    return app


def openapi(app: FastAPI) -> dict[str, Any]:
    """The description of the API, OpenAPI 3.1."""
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = schema.setdefault("components", {})
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "faceindex"},
    }
    schema["security"] = [{"token": []}, {"session": []}]
    return problems.documented(schema)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    here: Served = app.state.served
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    watching = [asyncio.create_task(watch()) for watch in (here.changes.watch, *_watchers(here))]
    warming = asyncio.create_task(_warm_up(here.library))
    try:
        yield
    finally:
        here.changes.stop()
        here.jobs.cancel()
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        await warming
        gc.unfreeze()


def _watchers(here: Served) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    if not here.settings.watched:
        return []
    from faceindex.web.watching import Watcher  # its library is loaded by those who use it

    return [Watcher(here.library, here.jobs, folder).watch for folder in here.settings.watched]


async def _warm_up(library: Library) -> None:
    with contextlib.suppress(FaceindexError, OSError):  # whoever asks first is told
        await run_in_threadpool(library.warm_up)
    gc.collect()
    gc.freeze()  # modules and routes stay: looking through them for garbage again would hold up requests for 100 ms


async def _prepare(request: Request, error: Exception) -> Response:
    """Begin to make what is missing, once for all who ask, and say which job does."""
    assert isinstance(error, StaleError)
    here, found = served(request), problems.problem_of(error)
    if not here.settings.read_only:
        stale = here.library.index.stale
        kind: JobKind = "index" if await run_in_threadpool(stale) is not None else "suggestions"
        chosen = work(here.library, here.settings, kind)
        job, _ = await run_in_threadpool(here.jobs.start, kind, chosen.begin)
        found = found.model_copy(update={"job": job.id})
    return problems.response(found, {"Retry-After": "5"})
