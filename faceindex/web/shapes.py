"""What the API answers with, as models: JSON and its schema follow from them."""

from __future__ import annotations

import math
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from faceindex.types import Box, FaceRecord, Page
from faceindex.web.problems import printable


def _shown(text: object) -> object:
    """Text of the library; bytes of paths that are not UTF-8 are replaced."""
    return printable(text) if isinstance(text, str) else text


def _finite(number: Any) -> Any:
    return number if number is not None and math.isfinite(number) else None


def _list(box: object) -> object:
    return box.as_list() if isinstance(box, Box) else box


Text = Annotated[str, BeforeValidator(_shown)]
Finite = Annotated[float | None, BeforeValidator(_finite)]
BoxList = Annotated[
    list[int],
    BeforeValidator(_list),
    Field(min_length=4, max_length=4, description="[x, y, width, height] in pixels of the upright photo"),
]
T = TypeVar("T")


class Shape(BaseModel):
    """Made from the dataclass of the same name."""

    model_config = ConfigDict(from_attributes=True)


class Listing(BaseModel, Generic[T]):
    """A page of a list. next: the cursor of the following page; null at the end."""

    items: list[T]
    next: str | None = None


class FaceShape(Shape):
    """A face of the library. photo: id of its photo. confirmed: somebody said whose it is."""

    face: int
    photo: int
    path: Text
    box: BoxList
    score: Finite
    quality: Finite = None
    album: int | None = None
    person: Text | None = None
    confirmed: bool = False
    origin: str | None = None
    taken: Text | None = None
    photo_size: Annotated[list[int], Field(min_length=2, max_length=2, description="[width, height] of the photo")]


def face_shape(face: FaceRecord) -> FaceShape:
    """A face as the API gives it."""
    return FaceShape(
        face=face.face,
        photo=face.photo_id,
        path=face.photo,
        box=face.box,  # type: ignore[arg-type]  # a validator makes a list of it
        score=face.score,
        quality=face.quality,
        album=face.album,
        person=face.person,
        confirmed=face.confirmed,
        origin=face.origin,
        taken=face.taken,
        photo_size=list(face.photo_size),
    )


class PhotoShape(Shape):
    """A path of a photo. photo: its id."""

    path: Text
    photo: int
    width: int
    height: int
    faces: int
    warning: Text | None = None
    taken: Text | None = None
    taken_from: Text | None = None


class FailedShape(Shape):
    """A file that could not be read."""

    path: Text
    error: Text
    out_of_reach: bool = False


class AlbumShape(Shape):
    """An album. cover: id of a face."""

    album: int
    faces: int
    photos: int
    cover: int
    person: Text | None = None
    hidden: bool = False
    unknown: bool = False


class PersonShape(Shape):
    """A person with a name. id stays when the name changes."""

    person: Text
    id: str
    faces: int
    photos: int
    cover: int | None
    confirmed: int = 0
    hidden: bool = False


class JoinedShape(Shape):
    """One part of what becomes one person or album."""

    person: Text | None
    album: int | None
    faces: int
    photos: int


class PriceShape(Shape):
    """What a decision would change."""

    faces: int
    photos: int
    people: int
    joins: list[JoinedShape] = []


class ActChangeShape(Shape):
    """What an act changed for faces that went the same way."""

    faces: int
    face: int
    person_before: Text | None
    album_before: int | None
    person_after: Text | None
    album_after: int | None


class PastActShape(Shape):
    """An act of the journal."""

    act: int
    made: str
    kind: str
    person: Text | None
    faces: list[int]
    undoes: int | None
    undone: bool
    imported: int | None = None
    renamed: Text | None = None
    changes: list[ActChangeShape] = []


class DecidedShape(Shape):
    """A decision that was made; act is 0 in a dry run."""

    act: int
    kind: str
    person: Text | None
    faces: int
    albums: list[int]
    undoes: int | None = None
    renamed: Text | None = None
    changes: list[ActChangeShape] = []
    similar: list[Text] = []
    price: PriceShape | None = None


class ErasedShape(Shape):
    """What was erased, or would be. confirm: what the second request has to repeat."""

    photos: int
    paths: int
    faces: int
    decisions: int
    segments: int
    tombstones: int
    kept_photos: int
    notes: list[str] = []
    dry_run: bool = False
    confirm: str | None = None


class FindingShape(Shape):
    """Something that is probably wrong with a name: misfit, two-people, two-names or weak. faces: ids of those that do
    not fit. probability: that it is so; null of weak. album: that yes splits the faces from. also_confirmed: faces
    that no confirms beside these."""

    kind: str
    person: Text
    faces: list[int]
    of: int
    other: Text | None
    probability: Finite
    distance: Finite
    other_distance: Finite
    album: int | None = None
    also_confirmed: list[int] = []


class SuggestionShape(Shape):
    """A question whether two sides are one person; see `POST /review/answer`."""

    album: int | None
    other: int | None
    face: int | None
    probability: float
    distance: Finite
    settles: int
    person: Text | None = None
    lost: int | None = None
    with_face: int | None = None
    origin: Text | None = None


class QuestionShape(BaseModel):
    """A suggestion, and the faces that stand for its two sides, best first."""

    suggestion: SuggestionShape
    one: list[FaceShape]
    other: list[FaceShape]
    person: Text | None


class DrawnShape(BaseModel):
    """A face that was added in a box."""

    face: int
    box: BoxList
    quality: Finite
    origin: str
    decided: DecidedShape


def faces_listing(page: Page[FaceRecord]) -> Listing[FaceShape]:
    """A page of faces."""
    return Listing[FaceShape](items=[face_shape(face) for face in page], next=page.next)
