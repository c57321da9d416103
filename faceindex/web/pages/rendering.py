"""Makes a page from its template, in the browser's language."""

from __future__ import annotations

import gzip
import posixpath
import re
from collections.abc import Callable
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader

from faceindex.sheets.templates import environment, printable
from faceindex.web.callers import Caller
from faceindex.web.guards import GuardedRoute
from faceindex.web.pages.assets import asset, scripts
from faceindex.web.scopes import Scope
from faceindex.web.served import Served, served
from faceindex.web.sessions import masked
from faceindex.web.texts import texts_for

Shown = Annotated[int, Query(ge=1, le=1000, description="Number of items on the page.")]
"""A page that shows more than its first items is asked for with their number when it updates itself."""

SHOWN = 48
"""Items on a page at first, and how many more are shown at a time."""

_LEVEL = 4  # of gzip; 9 takes twice the time for a tenth less


def router() -> APIRouter:
    """A router of pages: guarded as the API is, and not part of its description."""
    return APIRouter(route_class=GuardedRoute, include_in_schema=False)


def render(request: Request, template: str, *, status_code: int = 200, **values: object) -> HTMLResponse:
    """The page that `template` makes of `values`."""
    here, caller = served(request), getattr(request.state, "caller", None)
    texts = texts_for(request.headers.get("accept-language", ""))
    scope = caller.scope if isinstance(caller, Caller) else Scope.PUBLIC
    html = (
        _templates()
        .get_template(template)
        .render(
            t=texts,
            n=texts.count,
            number=texts.number,
            language=texts.language,
            usual=SHOWN,
            csrf=_csrf(here, caller),
            decides=scope >= Scope.DECIDE,
            administers=scope >= Scope.ADMIN,
            signed_in=isinstance(caller, Caller) and caller.session is not None,
            section=_section(request.url.path),
            page=template.removesuffix(".html"),
            scripts=scripts(),
            asset=asset,
            basename=basename,
            printable=printable,
            **values,
        )
    )
    data, headers = html.encode("utf-8", "replace"), {"Vary": "Accept-Encoding, Accept-Language, Cookie"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        data, headers["Content-Encoding"] = gzip.compress(data, _LEVEL, mtime=0), "gzip"
    return HTMLResponse(data, status_code, headers)


def _section(path: str) -> str:
    """The page of the navigation that an address belongs to."""
    first = path.split("/")[1]
    if first == "people" and path.endswith("/audit"):
        return "audit"
    return {"albums": "people", "alone": "people", "faces": "photos", "jobs": "status"}.get(first, first)


def basename(path: str) -> str:
    """The last part of a path or an address."""
    return posixpath.basename(printable(path).rstrip("/"))


def _csrf(here: Served, caller: object) -> str:
    return masked(here.csrf_of(caller.session)) if isinstance(caller, Caller) and caller.scope else ""


class _Unindented(PackageLoader):
    """Templates without the indentation of their lines, a tenth of a page."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool] | None]:
        """The source of a template."""
        source, name, is_current = super().get_source(environment, template)
        return re.sub(r"\n +", "\n", source), name, is_current


@cache
def _templates() -> Environment:
    return environment(_Unindented("faceindex.web"))
