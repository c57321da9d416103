"""Points that follow a tilted head: YuNet's follow a tilt half of the way, dlib's predictor the whole of it.

Means over 120 photos of lfw-dev turned by 20 and 40 degrees: YuNet's points turn by 9 and 18, dlib's by 20 and 39.
So dlib's predictor says how far the head lies from upright, and YuNet is asked again about the face turned upright.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from faceindex.faces.align import SMALL, Landmarks, place, placed_on, unmapped
from faceindex.faces.alignments import FIVE_POINTS, Floats, Picture, similarity, warped_quickly
from faceindex.faces.detect import SCANS, Detection
from faceindex.faces.engine import Engine

SURE_SCORE, LEAN_PER_SCORE = 0.9, 200.0
"""A face may be a tilted one when the lines of its eyes and mouth lean by more degrees than LEAN_PER_SCORE times what
YuNet's score has over SURE_SCORE: 7 % of the faces of lfw-dev, 28 % of an album's, and 99 % of those turned by 20 to 40
degrees that recipe `sface` no longer recognises (both halves alike)."""

DOUBTFUL_SCORE = 0.6
"""Score of YuNet from which a tilted face is looked at again."""

DOUBTFUL_TILT = 15.0
"""Degrees from which a tilt explains that a face scores too little to be one: upright, it has to score enough."""

FURTHEST_TILT = 55.0
"""Degrees from which a head lies nearer to its side than to upright, with what the predictor errs by."""

AGAIN_SIZE, AGAIN_SHARE = 160, 0.5
"""Side in pixels of the picture in which YuNet sees the upright face, and the part of it that the face takes."""


def correct_tilt(picture: Picture, found: Detection, beyond: float, engine: Engine) -> Detection | None:
    """`found`, a face of YuNet's in `picture`, with points that follow its head.

    beyond: degrees between head and points up to which these are left as they are. Returns: None for a face of a low
    score that no tilt explains. Raises: ModelError.
    """
    assert found.points is not None
    sure = found.score > SCANS["yunet"].limit
    if sure and not _may_be_tilted(found):
        return found
    points, placed = found.points, place(picture, found, 5, SMALL)
    found, tilt = replace(found, placed=placed), _eye_line(placed)
    if abs(tilt) > beyond:
        tilt = _eye_line(_placed_upright(picture, found, tilt))
    if not sure and abs(tilt) < DOUBTFUL_TILT:
        return None
    if sure and abs(tilt - _turn_of(points)) <= beyond:
        return found
    again = _seen_upright(picture, found, tilt, engine)
    if not sure:
        return again if again and again.score > SCANS["yunet"].limit else None
    return found if again is None else replace(again, score=found.score)


def upright_score(picture: Picture, found: Detection, engine: Engine) -> float:
    """What YuNet's face `found` in `picture` scores when it is turned upright.

    0 when it is not seen there, or lies on its side rather than tilted. Raises: ModelError.
    """
    tilt = _eye_line(_placed_upright(picture, found, _eye_line(place(picture, found, 5, SMALL))))
    if abs(tilt) > FURTHEST_TILT:
        return 0.0
    again = _seen_upright(picture, found, tilt, engine)
    return again.score if again else 0.0


def _may_be_tilted(found: Detection) -> bool:
    assert found.points is not None
    right_eye, left_eye, _, right_corner, left_corner = found.points
    across = left_eye - right_eye + left_corner - right_corner
    lean = abs(math.degrees(math.atan2(across[1], across[0])))
    return lean > LEAN_PER_SCORE * (found.score - SURE_SCORE)


def _turn_of(points: Landmarks) -> float:
    """Degrees, clockwise as seen, from the upright face to five points of YuNet's."""
    turn = similarity(points.astype(np.float64), FIVE_POINTS)
    return -math.degrees(math.atan2(turn[1, 0], turn[0, 0]))


def _eye_line(landmarks: Landmarks) -> float:
    """Degrees, clockwise as seen, of the line between the eyes. landmarks: float32 [5, 2] in dlib's order."""
    across = landmarks[:2].mean(axis=0) - landmarks[2:4].mean(axis=0)
    return math.degrees(math.atan2(across[1], across[0]))


def _upright(found: Detection, tilt: float, size: int, share: float) -> Floats:
    """[2, 3]: maps the photo to a picture of `size` pixels with the face upright in its middle."""
    zoom, angle = size * share / found.side, math.radians(tilt)
    turn = zoom * np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    middle = np.array([found.left + found.right, found.top + found.bottom]) / 2
    return np.column_stack([turn, size / 2 - turn @ middle])


def _placed_upright(picture: Picture, found: Detection, tilt: float) -> Landmarks:
    """dlib's five points, placed on the face turned by `tilt`."""
    return placed_on(picture, _upright(found, tilt, SMALL.size, SMALL.box / SMALL.size), 5, SMALL)


def _seen_upright(picture: Picture, found: Detection, tilt: float, engine: Engine) -> Detection | None:
    """What YuNet sees where `found` is, turned upright by `tilt`: the box of `found` with new points and score."""
    forward = _upright(found, tilt, AGAIN_SIZE, AGAIN_SHARE)
    faces = engine.yunet_detections(warped_quickly(picture, forward, AGAIN_SIZE), SCANS["yunet"].limit / 2)
    if not len(faces.points):
        return None
    middles = faces.boxes[:, :2] + faces.boxes[:, 2:] / 2
    apart = np.linalg.norm(middles - AGAIN_SIZE / 2, axis=1)
    nearest = int(apart.argmin())
    if apart[nearest] > AGAIN_SIZE * AGAIN_SHARE / 2:
        return None
    points = unmapped(faces.points[nearest], forward)
    return replace(found, points=points, placed=None, score=float(faces.scores[nearest]))
