"""Errors as problem details (RFC 9457): application/problem+json."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from faceindex.errors import (
    FaceindexError,
    LibraryError,
    LibraryLocked,
    LibraryUnwritable,
    MachineError,
    NameInUse,
    NoFaceFound,
    NotInLibrary,
    StaleError,
    UnreadablePhoto,
    UsageError,
)

MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[FaceindexError], int, str, str], ...] = (
    (NotInLibrary, 404, "not-in-library", "The library has no such thing"),
    (NameInUse, 409, "name-in-use", "Somebody has this name already"),
    (NoFaceFound, 422, "no-face-found", "No face was found"),
    (UnreadablePhoto, 422, "unreadable-photo", "The photo cannot be read"),
    (UsageError, 400, "wrong-request", "The request cannot be carried out"),
    (StaleError, 503, "not-ready", "Something must be prepared first"),
    (LibraryLocked, 423, "library-locked", "Another process is writing to the library"),
    (LibraryUnwritable, 507, "library-unwritable", "The library cannot be written"),
    (LibraryError, 500, "library-error", "The library cannot be used"),
    (MachineError, 503, "machine-error", "The machine could not do this now"),
    (FaceindexError, 500, "failed", "This failed"),
)
"""The first that fits: class, status, kind, title."""

_KINDS = {
    400: "wrong-request",
    401: "not-signed-in",
    403: "not-allowed",
    404: "no-such-page",
    405: "wrong-method",
    408: "too-slow",
    413: "too-large",
    415: "wrong-media-type",
    421: "wrong-host",
    422: "wrong-request",
    429: "too-many-attempts",
    503: "not-ready",
}


class Problem(BaseModel):
    """A problem (RFC 9457). type: a URN, by which programs tell kinds apart. detail: what happened, for people. errors:
    what is wrong in the request, by place. job: the id of the job that prepares what is missing."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[dict[str, str]] | None = None
    job: str | None = None


class Refused(HTTPException):
    """A request that is refused. kind: of the problem, if not the usual one of its status."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str | None = None,
        *,
        kind: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail or title, dict(headers or {}))
        self.title, self.said, self.kind = title, detail, kind or _KINDS.get(status, "failed")


def response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as a response."""
    content = problem.model_dump(exclude_none=True)
    return JSONResponse(content, problem.status, dict(headers or {}), media_type=MEDIA_TYPE)


def problem_of(error: FaceindexError) -> Problem:
    """The problem that an error of the library is."""
    status, kind, title = next((s, k, t) for cls, s, k, t in _STATUS if isinstance(error, cls))
    return Problem(type=urn(kind), title=title, status=status, detail=printable(str(error)))


def urn(kind: str) -> str:
    """The name of a kind of problem."""
    return f"urn:faceindex:problem:{kind}"


def printable(text: str) -> str:
    """Text that can be sent: bytes of file names that are not UTF-8 are replaced."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if not text.isascii() else text


def refused(request: Request, error: Exception) -> Response:
    """The response to a request that was refused, or to a path or method that does not exist."""
    assert isinstance(error, HTTPException)
    if isinstance(error, Refused):
        found = Problem(type=urn(error.kind), title=error.title, status=error.status_code, detail=error.said)
    else:
        kind = _KINDS.get(error.status_code, "failed")
        found = Problem(type=urn(kind), title=str(error.detail), status=error.status_code)
    return response(found, error.headers)


def invalid(request: Request, error: Exception) -> Response:
    """The response to a request whose values are not as the API says. What was sent is not repeated."""
    assert isinstance(error, RequestValidationError)
    wrong = [{"where": ".".join(map(str, one["loc"])), "what": str(one["msg"])} for one in error.errors()]
    title = "The request is not as the API says"
    return response(Problem(type=urn("wrong-request"), title=title, status=422, errors=wrong))


def failed(request: Request, error: Exception) -> Response:
    """The response to an error of the library, or to a bug."""
    if isinstance(error, FaceindexError):
        return response(problem_of(error))
    if isinstance(error, OSError | sqlite3.OperationalError | MemoryError):
        found = problem_of(MachineError("the machine could not do this now: no memory, or a disk that does not answer"))
        return response(found)
    _log.error("a bug in faceindex, %s %s", request.method, request.scope.get("route"), exc_info=error)
    return response(Problem(type=urn("bug"), title="This is a bug in faceindex", status=500))


def install(app: FastAPI) -> None:
    """Answer all errors of `app` with problems."""
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    for kind in (FaceindexError, OSError, MemoryError, sqlite3.OperationalError, Exception):
        app.add_exception_handler(kind, failed)


def documented(schema: dict[str, Any]) -> dict[str, Any]:
    """Put problems into an OpenAPI schema: each operation may answer with one."""
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    components["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    problem = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for path in schema["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = {"description": "A problem", **problem}
    return schema
