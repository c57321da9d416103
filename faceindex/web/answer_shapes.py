"""What the API answers about searches, work and the library as a whole; see `shapes`."""

from __future__ import annotations

from pydantic import BaseModel

from faceindex.web.shapes import BoxList, Finite, Shape, Text


class MatchShape(Shape):
    """A face that resembles the probe."""

    face: int
    photo: Text
    box: BoxList
    distance: float
    confidence: Finite
    person: Text | None = None


class ProbeShape(Shape):
    """A face that was searched with, and its matches, nearest first. unsearched: faces that could not be searched now,
    because a shard of the index did not answer; 0: the answer is complete."""

    box: BoxList
    score: Finite
    threshold: Finite
    matches: list[MatchShape]
    unsearched: int = 0


class CandidateShape(Shape):
    """Somebody whom a face may show."""

    person: Text
    confidence: Finite
    distance: Finite


class IdentifiedShape(Shape):
    """Who a face shows; person is null when it is nobody known."""

    box: BoxList
    score: Finite
    person: Text | None
    confidence: Finite
    threshold: Finite
    candidates: list[CandidateShape]


class StatusShape(Shape):
    """The library in figures."""

    recipe: str
    photos: int
    failed: int
    faces: int
    people: int
    albums: int
    index: str
    bytes: int
    index_kind: str
    out_of_reach: int
    version: str = ""


class JobShape(BaseModel):
    """Long work and how far it is; see `Progress`. written: name of the file or folder that an export or a backup
    writes, in the folder that the server was started with."""

    id: str
    kind: str
    started: str
    done: int
    total: int | None = None
    faces: int = 0
    failed: int = 0
    stage: str = ""
    state: str
    rate: Finite = 0.0
    seconds_left: Finite = None
    error: Text | None = None
    written: str = ""
