"""For pages that show long lists: where any part of one begins; names that are being typed; folders."""

from __future__ import annotations

import hashlib
import os
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from faceindex.errors import NotInLibrary
from faceindex.store.selection import Selection
from faceindex.types import Folder, PageStarts
from faceindex.web.api.parameters import AlbumNumber, Cursor, Limit, PersonId, person_of, router
from faceindex.web.api.photos import FilledDay, People
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here, Served
from faceindex.web.shapes import FaceShape, Listing, Shape, Text, faces_listing

routes = router("browsing")

Size = Annotated[int, Query(ge=1, le=500, description="Items of a page.")]
FolderId = Annotated[str, Query(pattern="^([0-9a-f]{16})?$", description="Id of a folder; of `GET /folders`.")]


class PageStartsShape(Shape):
    """Where the pages of a list begin. items: in the list. cursors: of the second page and the following ones."""

    items: int
    cursors: list[str]


class FolderShape(BaseModel):
    """A folder. photos: in it and in the folders below."""

    id: str
    path: Text
    photos: int


@routes.get("/page-starts/albums", **needs(Scope.READ, "albums", "people"))
def starts_of_albums(
    here: Here, size: Size = 100, unnamed: Annotated[bool, Query(description="Only albums without a name.")] = False
) -> PageStartsShape:
    """Of the list of albums."""
    return _shape(here.library.browsing.starts_of_albums(size, unnamed=unnamed))


@routes.get("/page-starts/people", **needs(Scope.READ, "people", "faces"))
def starts_of_people(here: Here, size: Size = 100) -> PageStartsShape:
    """Of the list of people."""
    return _shape(here.library.browsing.starts_of_people(size))


@routes.get("/page-starts/photos", **needs(Scope.READ, "photos", "faces", "people"))
def starts_of_photos(
    here: Here,
    size: Size = 100,
    shows: People = [],  # noqa: B006
    without: People = [],  # noqa: B006
    first: FilledDay = "",
    last: FilledDay = "",
    folder: FolderId = "",
) -> PageStartsShape:
    """Of the list of photos."""
    among = selection(here, shows, without, first, last, folder)
    return _shape(here.library.browsing.starts_of_photos(size, among=among))


@routes.get("/page-starts/faces-alone", **needs(Scope.READ, "albums", "faces", "people"))
def starts_of_faces_alone(here: Here, size: Size = 100) -> PageStartsShape:
    """Of the list of faces alone."""
    return _shape(here.library.browsing.starts_of_faces_alone(size))


@routes.get("/page-starts/albums/{album}", **needs(Scope.READ, "albums", "faces"))
def starts_of_album(here: Here, album: AlbumNumber, size: Size = 100) -> PageStartsShape:
    """Of an album's faces."""
    return _shape(here.library.browsing.starts_of_album(album, size))


@routes.get("/page-starts/people/{person}", **needs(Scope.READ, "people", "faces", "photos"))
def starts_of_person(here: Here, person: PersonId, size: Size = 100) -> PageStartsShape:
    """Of a person's faces."""
    return _shape(here.library.browsing.starts_of_person(person_of(person), size))


@routes.get("/faces-alone", **needs(Scope.READ, "albums", "faces", "people"))
def list_faces_alone(here: Here, limit: Limit = 50, cursor: Cursor = None) -> Listing[FaceShape]:
    """Faces in no album and without a name."""
    return faces_listing(here.library.browsing.faces_alone(limit=limit, cursor=cursor))


@routes.get("/names", **needs(Scope.READ, "people", "faces"))
def list_names_like(
    here: Here,
    like: Annotated[str, Query(max_length=200, description="What was typed.")] = "",
    limit: Annotated[int, Query(ge=1, le=50)] = 8,
) -> list[Text]:
    """Names that somebody may be typing."""
    return here.library.browsing.names_like(like, limit=limit)


@routes.get("/folders", **needs(Scope.READ, "photos"))
def list_folders(here: Here) -> list[FolderShape]:
    """Folders with photos, by path."""
    return [FolderShape(id=folder_id(one.path), path=one.path, photos=one.photos) for one in _folders(here)]


def selection(here: Served, shows: list[str], without: list[str], first: str, last: str, folder: str) -> Selection:
    """Which photos a request means. Raises: NotInLibrary when there is no such folder; UsageError."""
    return Selection(
        tuple(map(person_of, shows)),
        tuple(map(person_of, without)),
        first=first or None,
        last=last or None,
        under=_path_of(here, folder) if folder else None,
    )


def folder_id(path: str) -> str:
    """The id of a folder: requests name no path."""
    return hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest()


def _path_of(here: Served, folder: str) -> str:
    found = next((one.path for one in _folders(here) if folder_id(one.path) == folder), None)
    if found is None:
        raise NotInLibrary("there is no such folder")
    return found


def _folders(here: Served) -> tuple[Folder, ...]:
    """Kept until photos change: all paths are read for them."""
    with here.looking:  # one looks for all who ask
        state = here.library.version.photos
        if here.folders[0] != state:
            here.folders = (state, tuple(here.library.browsing.folders()))
        return here.folders[1]


def _shape(starts: PageStarts) -> PageStartsShape:
    return PageStartsShape.model_validate(starts)
