"""Searches by an upload or by faces of the library; identification and verification of uploads."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, File, Query, Response, UploadFile
from pydantic import BaseModel

from faceindex.queries.probes import Probe
from faceindex.types import Pixels
from faceindex.web.answer_shapes import IdentifiedShape, ProbeShape
from faceindex.web.api.parameters import AlbumNumber, FaceId, PersonId, person_of, router
from faceindex.web.problems import Refused
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here, Served
from faceindex.web.shapes import Finite

routes = router("search")

Count = Annotated[int, Query(ge=1, le=500, description="Most matches of a face.")]
Threshold = Annotated[
    float | None,
    Query(ge=0, le=100, description="Euclidean distance up to which a face matches. Default: as calibrated."),
]
Unnamed = Annotated[bool, Query(description="Only faces without a name.")]
Upload = Annotated[UploadFile, File(description="A photo.")]


class SearchedShape(BaseModel):
    """The faces of an upload, from left to right. width, height: of the photo that their boxes lie in, which is the
    upload, upright, and reduced when it is large."""

    width: int
    height: int
    faces: list[ProbeShape]


class VerificationShape(BaseModel):
    """Whether two photos show the same person."""

    same: bool
    distance: float
    threshold: Finite
    confidence: Finite


@routes.post("/search", **needs(Scope.READ, upload=True))
async def search_upload(here: Here, photo: Upload, k: Count = 24, threshold: Threshold = None) -> SearchedShape:
    """Who in the library resembles each face of an uploaded photo. The upload is not kept."""
    return await here.decoding(_search, here, photo, k, threshold)


@routes.post("/identify", **needs(Scope.READ, upload=True))
async def identify_upload(here: Here, photo: Upload) -> list[IdentifiedShape]:
    """Who each face of an uploaded photo is. The upload is not kept."""
    return await here.decoding(_identify, here, photo)


@routes.post("/verify", **needs(Scope.READ, upload=True))
async def verify_uploads(here: Here, a: Upload, b: Upload) -> VerificationShape:
    """Whether the largest faces of two uploaded photos are the same person's."""
    return await here.decoding(_verify, here, a, b)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a search with faces of the library is asked. response: its headers are added to those of the answer."""

    here: Served
    response: Response
    k: int
    threshold: float | None

    def matches(self, probes: Sequence[Probe], *, unnamed: bool) -> ProbeShape:
        """What resembles the one probe that there is. An answer that is incomplete gets an ETag of its own: once all
        faces can be searched again, the same question has another answer, though nothing in the library changed."""
        (probe,) = probes
        found = self.here.library.faces.matches(probe, k=self.k, threshold=self.threshold, unnamed=unnamed)
        if found.unsearched:
            self.response.headers["ETag"] = f'W/"{secrets.token_hex(8)}"'
        return ProbeShape.model_validate(found)


async def _asked(here: Here, response: Response, k: Count = 24, threshold: Threshold = None) -> _Asked:
    return _Asked(here, response, k, threshold)


Asked = Annotated[_Asked, Depends(_asked)]


@routes.get("/faces/{face}/matches", **needs(Scope.READ, "faces", "people", "index"))
def matches_of_face(here: Here, asked: Asked, face: FaceId, unnamed: Unnamed = False) -> ProbeShape:
    """Faces that resemble a face of the library."""
    return asked.matches(here.library.faces.probes(face=face), unnamed=unnamed)


@routes.get("/albums/{album}/matches", **needs(Scope.READ, "faces", "albums", "index"))
def matches_of_album(here: Here, asked: Asked, album: AlbumNumber, unnamed: Unnamed = False) -> ProbeShape:
    """Faces that resemble those of an album, all together."""
    return asked.matches(here.library.faces.probes(album=album), unnamed=unnamed)


@routes.get("/people/{person}/matches", **needs(Scope.READ, "faces", "people", "index"))
def matches_of_person(here: Here, asked: Asked, person: PersonId, unnamed: Unnamed = True) -> ProbeShape:
    """Faces that resemble those of a person, all together."""
    return asked.matches(here.library.faces.probes(person=person_of(person)), unnamed=unnamed)


def _search(here: Served, photo: UploadFile, k: int, threshold: float | None) -> SearchedShape:
    pixels = _pixels(here, photo)
    found = here.library.search(pixels, k=k, threshold=threshold)
    height, width = pixels.shape[:2]
    return SearchedShape(width=width, height=height, faces=[ProbeShape.model_validate(probe) for probe in found])


def _identify(here: Served, photo: UploadFile) -> list[IdentifiedShape]:
    return [IdentifiedShape.model_validate(face) for face in here.library.identify(_pixels(here, photo))]


def _verify(here: Served, a: UploadFile, b: UploadFile) -> VerificationShape:
    found = here.library.verify(_pixels(here, a), _pixels(here, b))
    return VerificationShape(
        same=found.same, distance=found.distance, threshold=found.threshold, confidence=found.confidence
    )


def _pixels(here: Served, upload: UploadFile) -> Pixels:
    """The upload, decoded in a worker. Raises: Refused when it is too large; UnreadablePhoto."""
    most = here.settings.upload_bytes
    data = upload.file.read(most + 1)
    if len(data) > most:
        raise Refused(413, "The photo is too large", f"at most {most >> 20} MiB")
    return here.library.crops.pixels(data)
