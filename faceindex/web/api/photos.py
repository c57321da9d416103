"""Photos: their records, previews and faces, and faces that are drawn into them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from faceindex.store.selection import Selection
from faceindex.types import Box
from faceindex.web.api.parameters import (
    JPEG,
    Cursor,
    Decision,
    Jpeg,
    Limit,
    Name,
    PhotoId,
    decided,
    page,
    person_of,
    router,
)
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here
from faceindex.web.shapes import DrawnShape, FaceShape, FailedShape, Listing, PhotoShape, face_shape

routes = router("photos")

People = Annotated[list[Annotated[str, Field(pattern="^[0-9a-z]{10}$")]], Query(max_length=20)]
Day = Annotated[str | None, Query(pattern=r"^\d{4}(-\d\d(-\d\d)?)?$", description="2019, 2019-07 or 2019-07-20.")]
FilledDay = Annotated[str, Query(pattern=r"^(\d{4}(-\d\d(-\d\d)?)?)?$")]
Place = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]


class DrawnBox(Decision):
    """box: [x, y, width, height] in pixels of the upright photo. name: whose face it is. merge: also when somebody has
    this name already."""

    box: Annotated[list[Place], Field(min_length=4, max_length=4)]
    name: Name | None = None
    merge: bool = False


@routes.get("/photos", **needs(Scope.READ, "photos", "faces", "people"))
def list_photos(
    here: Here,
    limit: Limit = 50,
    cursor: Cursor = None,
    shows: Annotated[People, Query(description="Ids of people; photos that show all of them.")] = [],  # noqa: B006
    without: Annotated[People, Query(description="Photos that show none of these.")] = [],  # noqa: B006
    first: Day = None,
    last: Day = None,
) -> Listing[PhotoShape]:
    """Paths of photos, by path."""
    among = Selection(tuple(map(person_of, shows)), tuple(map(person_of, without)), first=first, last=last)
    return page(here.library.photos.list(limit=limit, cursor=cursor, among=among), PhotoShape)


@routes.get("/photos/failed", **needs(Scope.READ, "photos"))
def list_failed(here: Here, limit: Limit = 50, cursor: Cursor = None) -> Listing[FailedShape]:
    """Files that could not be read, and why."""
    return page(here.library.photos.failed(limit=limit, cursor=cursor), FailedShape)


@routes.get("/photos/{photo}", **needs(Scope.READ, "photos", "faces"))
def get_photo(here: Here, photo: PhotoId) -> PhotoShape:
    """One photo, at the first of its paths."""
    return PhotoShape.model_validate(here.library.photos.with_id(photo))


@routes.get("/photos/{photo}/faces", **needs(Scope.READ, "photos", "faces"))
def list_faces_of_photo(here: Here, photo: PhotoId) -> list[FaceShape]:
    """The faces of a photo, from left to right."""
    photos = here.library.photos
    return [face_shape(face) for face in photos.faces(photos.with_id(photo).path)]


@routes.post("/photos/{photo}/faces", **needs(Scope.DECIDE))
def draw_face(here: Here, photo: PhotoId, body: DrawnBox) -> DrawnShape:
    """Add a face that was missed, in a box."""
    x, y, width, height = body.box
    photos = here.library.photos
    drawn = photos.add_face(
        photos.with_id(photo).path, Box(x, y, width, height), name=body.name, merge=body.merge, dry_run=body.dry_run
    )
    return DrawnShape(
        face=drawn.face,
        box=drawn.box,  # type: ignore[arg-type]  # a validator makes a list of it
        quality=drawn.quality,
        origin=drawn.origin,
        decided=decided(drawn.decided),
    )


@routes.get("/photos/{photo}/preview", response_class=Jpeg, responses=JPEG, **needs(Scope.READ))
async def get_preview(here: Here, photo: PhotoId, size: Literal["small", "large"] = "large") -> Jpeg:
    """The photo, upright, at most 1,536 pixels wide and high; 512, if small."""
    return Jpeg(await here.decoding(here.library.crops.photo, photo, small=size == "small"))
