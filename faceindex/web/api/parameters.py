"""Parameters that several routes share."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from faceindex.types import Decided, Page
from faceindex.web.guards import GuardedRoute
from faceindex.web.shapes import DecidedShape, Listing, Shape

S = TypeVar("S", bound=Shape)

LARGEST = (1 << 62) - 1

Limit = Annotated[int, Query(ge=1, le=500, description="Most items of the page.")]
Cursor = Annotated[str | None, Query(max_length=4000, description="`next` of the page before.")]
Hidden = Annotated[bool, Query(description="Also what is hidden.")]
FaceId = Annotated[int, Path(ge=1, le=LARGEST, description="Id of a face.")]
PhotoId = Annotated[int, Path(ge=1, le=LARGEST, description="Id of a photo.")]
AlbumNumber = Annotated[int, Path(ge=1, le=LARGEST, description="Number of an album.")]
PersonId = Annotated[str, Path(pattern="^[0-9a-z]{10}$", description="Id of a person.")]
Ids = Annotated[list[Annotated[int, Field(ge=1, le=LARGEST)]], Field(min_length=1, max_length=100_000)]
Name = Annotated[str, Field(min_length=1, max_length=500)]


class Body(BaseModel):
    """A body: unknown keys and other types are refused, as they are mistakes."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Decision(Body):
    """dry_run: change nothing, and say what would change."""

    dry_run: bool = False


def router(tag: str) -> APIRouter:
    """A router whose routes are guarded."""
    return APIRouter(prefix="/api/v1", tags=[tag], route_class=GuardedRoute)


def person_of(number: str) -> str:
    """A person as the library takes it, from the id of a path."""
    return f"id:{number}"


def decided(step: Decided) -> DecidedShape:
    """A decision as the API gives it."""
    return DecidedShape.model_validate(step)


def page(found: Page[Any], shape: type[S]) -> Listing[S]:
    """A page of the library as the API gives it."""
    return Listing[shape](items=[shape.model_validate(item) for item in found], next=found.next)  # type: ignore[valid-type]


class Jpeg(Response):
    """A picture."""

    media_type = "image/jpeg"


JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}, "description": "A JPEG."}}
