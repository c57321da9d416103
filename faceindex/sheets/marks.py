"""The labels of the faces on a page about one photo: of stored faces, or of an answer of `identify`."""

from __future__ import annotations

from collections.abc import Sequence

from faceindex.sheets.page import face_title
from faceindex.sheets.photos import MarkedFace
from faceindex.types import FaceRecord, IdentifiedFace

SAME_PLACE = 0.5
"""Two boxes in one photo with at least this overlap (intersection over union) are the same face."""


def stored_marks(faces: Sequence[FaceRecord]) -> list[MarkedFace]:
    """Labels with id, name and album, from left to right."""
    return [
        MarkedFace(face.box, str(face.face), face_title(face.face), face.person, _stored_lines(face))
        for face in sorted(faces, key=lambda face: face.box.x)
    ]


def identified_marks(found: Sequence[IdentifiedFace], stored: Sequence[FaceRecord]) -> list[MarkedFace]:
    """Labels with the numbers that `identify` prints, the person, and the id if the library has the face."""
    marks = []
    for number, face in enumerate(found, start=1):
        ids = [known.face for known in stored if known.box.overlap(face.box) >= SAME_PLACE]
        title = face_title(ids[0]) if ids else f"{number} of {len(found):,}"
        lines = [] if face.person else ["unknown"]
        lines.append(f"confidence {face.confidence:.0%}")
        if face.person is None and face.candidates:
            nearest = face.candidates[0]
            lines.append(f"nearest: {nearest.person}, {nearest.distance:.3f}")
        marks.append(MarkedFace(face.box, str(ids[0] if ids else number), title, face.person, lines))
    return marks


def _stored_lines(face: FaceRecord) -> list[str]:
    lines = [] if face.person else ["no name"]
    lines += [] if face.album is None else [f"album {face.album}"]
    if face.person and not face.confirmed:
        lines.append("not confirmed")
    return lines if face.quality is None else [*lines, f"quality {face.quality:.2f}"]
