"""Albums, and what is decided about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from faceindex.types import Decided
from faceindex.web.api.parameters import (
    LARGEST,
    AlbumNumber,
    Cursor,
    Decision,
    Hidden,
    Ids,
    Limit,
    decided,
    page,
    router,
)
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here
from faceindex.web.shapes import AlbumShape, DecidedShape, FaceShape, Listing, faces_listing

routes = router("albums")

AlbumVerb = Literal["hide", "unhide", "leave-alone", "ask-again"]
Unknown = Annotated[bool, Query(description="Also albums that are left alone.")]

Unnamed = Annotated[bool, Query(description="Only albums without a name.")]


class Split(Decision):
    """faces: ids of those that are another person's than the rest."""

    faces: Ids


class Merge(Decision):
    """albums: numbers of the albums that are one person's."""

    albums: Annotated[list[Annotated[int, Field(ge=1, le=LARGEST)]], Field(min_length=2, max_length=1000)]


@routes.get("/albums", **needs(Scope.READ, "albums", "people"))
def list_albums(
    here: Here,
    limit: Limit = 50,
    cursor: Cursor = None,
    hidden: Hidden = False,
    unknown: Unknown = False,
    unnamed: Unnamed = False,
) -> Listing[AlbumShape]:
    """Albums, the largest first."""
    albums = here.library.albums
    found = albums.list(limit=limit, cursor=cursor, hidden=hidden, unknown=unknown, unnamed=unnamed)
    return page(found, AlbumShape)


@routes.post("/albums/merge", **needs(Scope.DECIDE))
def merge_albums(here: Here, body: Merge) -> DecidedShape:
    """These albums are one person's."""
    return decided(here.library.albums.merge(body.albums, dry_run=body.dry_run))


@routes.get("/albums/{album}", **needs(Scope.READ, "albums", "people"))
def get_album(here: Here, album: AlbumNumber) -> AlbumShape:
    """One album."""
    return AlbumShape.model_validate(here.library.albums.get(album))


@routes.get("/albums/{album}/faces", **needs(Scope.READ, "albums", "faces"))
def list_faces_of_album(
    here: Here, album: AlbumNumber, limit: Limit = 50, cursor: Cursor = None, hidden: Hidden = False
) -> Listing[FaceShape]:
    """The faces of an album."""
    return faces_listing(here.library.albums.faces(album, limit=limit, cursor=cursor, hidden=hidden))


@routes.post("/albums/{album}/split", **needs(Scope.DECIDE))
def split_album(here: Here, album: AlbumNumber, body: Split) -> DecidedShape:
    """Some faces of the album are another person's."""
    return decided(here.library.albums.split(album, body.faces, dry_run=body.dry_run))


@routes.post("/albums/{album}/{verb}", **needs(Scope.DECIDE))
def decide_about_album(here: Here, album: AlbumNumber, verb: AlbumVerb, body: Decision) -> DecidedShape:
    """hide, unhide. leave-alone, ask-again: whether it is asked about and listed."""
    albums = here.library.albums
    acts: dict[str, Callable[..., Decided]] = {
        "hide": albums.hide,
        "unhide": albums.unhide,
        "leave-alone": albums.leave_alone,
        "ask-again": albums.ask_again,
    }
    return decided(acts[verb](album, dry_run=body.dry_run))
