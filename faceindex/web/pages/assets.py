"""Scripts and styles, each at an address with the hash of its content, which browsers may keep."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from faceindex.web.guards import GuardedRoute
from faceindex.web.problems import Refused
from faceindex.web.scopes import Scope, needs
from faceindex.web.texts import LANGUAGES, texts_for

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}

routes = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _Asset:
    data: bytes
    media_type: str
    compressed: bytes


@cache
def _assets() -> dict[str, _Asset]:
    folder = files("faceindex.web").joinpath("static")
    found = {file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in _TYPES}
    for language in LANGUAGES:
        texts = json.dumps(texts_for(language).for_scripts, ensure_ascii=False, separators=(",", ":"))
        found[f"texts.{language}.js"] = f"export const texts = {texts};\n".encode()
    return {
        name: _Asset(data, _TYPES[name.rpartition(".")[2]], gzip.compress(data, mtime=0))
        for name, data in found.items()
    }


@cache
def version() -> str:
    """The hash of all assets: scripts import each other by relative paths, so they change their address together."""
    digest = hashlib.blake2b(digest_size=8)
    for name, one in sorted(_assets().items()):
        digest.update(name.encode() + one.data)
    return digest.hexdigest()


@cache
def scripts() -> list[str]:
    """The scripts of pages. They are loaded beforehand, all at once: else one after the other says what it needs."""
    return sorted(name for name in _assets() if name.endswith(".js") and not name.startswith("texts."))


def asset(name: str) -> str:
    """The address of an asset."""
    if name not in _assets():
        raise KeyError(name)
    return f"/static/{version()}/{name}"


@routes.get("/static/{hash}/{name}", **needs(Scope.PUBLIC))
async def get_asset(
    request: Request,
    hash: Annotated[str, Path(max_length=40)],  # noqa: A002  (the word in the address)
    name: Annotated[str, Path(max_length=80)],
) -> Response:
    """A script, style or picture of the pages."""
    found = _assets().get(name)
    if found is None:
        raise Refused(404, "There is no such file")
    keep = "public, max-age=31536000, immutable" if hash == version() else "no-cache"
    headers = {"Cache-Control": keep, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.compressed, media_type=found.media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(found.data, media_type=found.media_type, headers=headers)
