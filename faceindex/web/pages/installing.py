"""Adds the pages to the app."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from faceindex.errors import FaceindexError, NotInLibrary
from faceindex.web import problems
from faceindex.web.guards import LoginNeeded
from faceindex.web.pages import (
    albums,
    assets,
    audits,
    history,
    jobs,
    people,
    photos,
    review,
    search,
    signing_in,
    status,
)
from faceindex.web.pages.rendering import render


def install(app: FastAPI) -> None:
    """Add the pages, and answers for browsers when one does not exist or needs a login."""
    for topic in (assets, signing_in, people, albums, photos, search, review, audits, history, status, jobs):
        app.include_router(topic.routes)
    app.add_exception_handler(LoginNeeded, _login)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(FaceindexError, _failed)


def _login(request: Request, error: Exception) -> Response:
    return signing_in.login_page(request)


def _refused(request: Request, error: Exception) -> Response:
    """A path that does not exist is told to a browser as a page."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and _wants_page(request):
        return render(request, "missing.html", status_code=404, detail="")
    return problems.refused(request, error)


def _failed(request: Request, error: Exception) -> Response:
    if _wants_page(request) and isinstance(error, FaceindexError):
        found = problems.problem_of(error)
        detail = "" if isinstance(error, NotInLibrary) else found.detail or ""
        return render(request, "missing.html", status_code=found.status, detail=detail)
    return problems.failed(request, error)


def _wants_page(request: Request) -> bool:
    api = request.url.path.startswith("/api/")
    return not api and request.method == "GET" and "text/html" in request.headers.get("accept", "")
