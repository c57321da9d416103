"""Faces: their records, crops, and what is decided about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from faceindex.types import Decided
from faceindex.web.api.parameters import JPEG, Cursor, Decision, FaceId, Ids, Jpeg, Limit, decided, router
from faceindex.web.scopes import Scope, needs
from faceindex.web.served import Here
from faceindex.web.shapes import DecidedShape, FaceShape, Listing, face_shape, faces_listing

routes = router("faces")

FaceVerb = Literal["cover", "hide", "unhide", "leave-alone", "ask-again"]


class Faces(Decision):
    """faces: ids."""

    faces: Ids


class Move(Faces):
    """album: number of the album that the faces belong to."""

    album: int


@routes.get("/faces", **needs(Scope.READ, "faces"))
def list_faces(here: Here, limit: Limit = 50, cursor: Cursor = None) -> Listing[FaceShape]:
    """Faces by rising id."""
    return faces_listing(here.library.faces.list(limit=limit, cursor=cursor))


@routes.get("/faces/{face}", **needs(Scope.READ, "faces"))
def get_face(here: Here, face: FaceId) -> FaceShape:
    """One face."""
    return face_shape(here.library.faces.get(face))


@routes.get("/faces/{face}/crop", response_class=Jpeg, responses=JPEG, **needs(Scope.READ))
async def get_crop(here: Here, face: FaceId) -> Jpeg:
    """A square picture of the face."""
    return Jpeg(await here.decoding(here.library.crops.face, face))


@routes.post("/faces/not-face", **needs(Scope.DECIDE))
def say_not_face(here: Here, body: Faces) -> DecidedShape:
    """These are no faces."""
    return decided(here.library.faces.not_face(body.faces, dry_run=body.dry_run))


@routes.post("/faces/is-face", **needs(Scope.DECIDE))
def say_is_face(here: Here, body: Faces) -> DecidedShape:
    """These are faces after all."""
    return decided(here.library.faces.is_face(body.faces, dry_run=body.dry_run))


@routes.post("/faces/reject", **needs(Scope.DECIDE))
def reject_faces(here: Here, body: Faces) -> DecidedShape:
    """These faces, of one album or person, are not of that person."""
    return decided(here.library.albums.reject(body.faces, dry_run=body.dry_run))


@routes.post("/faces/confirm", **needs(Scope.DECIDE))
def confirm_faces(here: Here, body: Faces) -> DecidedShape:
    """These faces, of one person, were looked at and are that person's."""
    return decided(here.library.people.confirm(body.faces, dry_run=body.dry_run))


@routes.post("/faces/move", **needs(Scope.DECIDE))
def move_faces(here: Here, body: Move) -> DecidedShape:
    """These faces belong to another album."""
    return decided(here.library.albums.move(body.faces, body.album, dry_run=body.dry_run))


@routes.post("/faces/{face}/{verb}", **needs(Scope.DECIDE))
def decide_about_face(here: Here, face: FaceId, verb: FaceVerb, body: Decision) -> DecidedShape:
    """cover: it stands for its person and album. hide, unhide. leave-alone, ask-again: whether it is asked about."""
    faces = here.library.faces
    acts: dict[str, Callable[..., Decided]] = {
        "cover": faces.cover,
        "hide": faces.hide,
        "unhide": faces.unhide,
        "leave-alone": faces.leave_alone,
        "ask-again": faces.ask_again,
    }
    return decided(acts[verb](face, dry_run=body.dry_run))
