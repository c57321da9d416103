"""Decides whose faces the names of one photo are, by boxes and by vectors.

A box is not a face: it may lie on a neighbour, because the photo was cropped or turned after the program had looked at
it. So each name is compared with each face, by the distance from the middle of the vectors of the name's other faces. A
box is worth BOX of this distance: where vectors speak more clearly than that for another face, the name moves there.

Distances are in parts of the recipe's match threshold. Values were chosen on faces of lfw-dev put together to photos of
one to four, with sface and dlib, and nothing was kept back. With right boxes no name went
to a wrong face. Where one photo in ten had all its boxes on the next face, one name in a hundred was wrong: nearly all
of people of whom no other face was named, where nothing can be known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

BOX = 0.3
"""What a box that lies on a face is worth."""

BOX_ALONE = 0.1
"""The same for a name of which no other face is known: it gives way to a name that vectors speak for."""

ALBUM = 0.3
"""What it is worth that the face's album is this person's."""

LIKELY = 0.8
"""A name without a box there goes to a face up to this distance,"""

MARGIN = 0.15
"""if every other face of the photo, and every other name, is so much further away."""

POSSIBLE = 1.1
"""Up to this distance a face may be the person: somebody is asked."""

UNLIKE = 1.0
"""Up to this distance a name stays at the face in its box, unless another fits far better."""

STRANGE, FEW = 1.2, 3
"""Beyond this distance from the middle of so many faces a box must lie well on the face, for its name to stay."""

WELL = 0.4
"""Intersection over union from which a box lies well on a face."""

_UNKNOWN = 0.9  # as far as a face of which nothing is known counts
_FAR = 9.0  # it comes last in a list

Matrix = npt.NDArray[np.float64]


class Why(Enum):
    """Why a name goes to a face, or to none."""

    BOX = "box"
    MOVED = "moved"
    ALONE = "alone"
    LOOKS = "looks"
    UNSURE = "unsure"
    NO_FACE = "no face"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the names and faces of a photo.

    distances: float64 [names, faces], NaN where nothing is known. support: for each name the number of other faces that
    the distance is from. boxed: for each name the place of the face in its box, or None. overlaps: how well that box
    lies on it. placed: whether the program says where the name is. albums: bool [names, faces], the face's album is
    this person's. elsewhere: for each face the distance from the nearest name that is not in the photo, NaN if unknown.
    """

    distances: Matrix
    support: Sequence[int]
    boxed: Sequence[int | None]
    overlaps: Sequence[float]
    placed: Sequence[bool]
    albums: npt.NDArray[np.bool_]
    elsewhere: Sequence[float]


def decide(evidence: Evidence) -> list[tuple[int | None, Why]]:
    """For each name the place of its face, and why. A face gets one name at most."""
    names, faces = evidence.distances.shape
    if not faces:
        return [(None, Why.NO_FACE)] * names
    pairs = dict(_assigned(_costs(evidence)))
    moved = any(evidence.boxed[name] not in (None, face) for name, face in pairs.items())
    return [_judged(evidence, name, pairs.get(name), moved=moved) for name in range(names)]


def likeliest(evidence: Evidence, name: int) -> list[int]:
    """The places of the faces, the one that the name most likely belongs to first."""
    distances = np.where(np.isnan(evidence.distances[name]), _FAR, evidence.distances[name])
    boxed = evidence.boxed[name]
    return sorted(range(len(distances)), key=lambda face: distances[face] - BOX * (face == boxed))


def may_be(evidence: Evidence, name: int, face: int) -> bool:
    """Whether it is worth asking if the name is this face's."""
    return face == evidence.boxed[name] or not evidence.distances[name, face] > POSSIBLE


def _costs(evidence: Evidence) -> Matrix:
    costs: Matrix = np.where(np.isnan(evidence.distances), _UNKNOWN, np.minimum(evidence.distances, 2.0))
    for name, face in enumerate(evidence.boxed):
        if face is not None:
            costs[name, face] -= BOX_ALONE if np.isnan(evidence.distances[name, face]) else BOX
    costs -= ALBUM * evidence.albums
    return costs


def _judged(evidence: Evidence, name: int, face: int | None, *, moved: bool) -> tuple[int | None, Why]:
    boxed = evidence.boxed[name]
    if face is None:
        return None, Why.UNSURE if boxed is not None or not evidence.placed[name] else Why.NO_FACE
    if face == boxed:
        sure = _stays(evidence, name, face, moved=moved)
        return (face, Why.BOX) if sure else (face, Why.UNSURE)
    if not evidence.placed[name] and evidence.distances.shape == (1, 1):
        return (face, Why.UNSURE) if _is_strange(evidence, name, face) else (face, Why.ALONE)
    if _is_clear(evidence, name, face) or _is_of_album(evidence, name, face):
        return face, Why.MOVED if evidence.placed[name] else Why.LOOKS
    distance = evidence.distances[name, face]
    if boxed is None and evidence.placed[name] and not distance <= POSSIBLE:
        return None, Why.NO_FACE
    return face, Why.UNSURE


def _stays(evidence: Evidence, name: int, face: int, *, moved: bool) -> bool:
    """Whether the name belongs to the face in its box."""
    distance = evidence.distances[name, face]
    if np.isnan(distance):
        return not moved and not evidence.elsewhere[face] <= LIKELY - MARGIN
    if distance <= UNLIKE:
        return True
    if evidence.elsewhere[face] <= min(LIKELY, distance - 2 * MARGIN):
        return False
    return evidence.overlaps[name] >= WELL or not _is_strange(evidence, name, face)


def _is_strange(evidence: Evidence, name: int, face: int) -> bool:
    return bool(evidence.distances[name, face] > STRANGE) and evidence.support[name] >= FEW


def _is_clear(evidence: Evidence, name: int, face: int) -> bool:
    """Whether the vectors alone say that this is the name's face."""
    distance = evidence.distances[name, face]
    if not distance <= LIKELY:
        return False
    others = np.concatenate([np.delete(evidence.distances[name], face), np.delete(evidence.distances[:, face], name)])
    return not bool((others < distance + MARGIN).any())


def _is_of_album(evidence: Evidence, name: int, face: int) -> bool:
    """Whether the face is the only one of the photo in an album of this person, and vectors do not speak against it."""
    only = bool(evidence.albums[name, face]) and evidence.albums[name].sum() == 1
    return only and evidence.albums[:, face].sum() == 1 and not _is_strange(evidence, name, face)


def _assigned(costs: Matrix) -> list[tuple[int, int]]:
    if min(costs.shape) == 1:
        place = np.unravel_index(int(costs.argmin()), costs.shape)
        return [(int(place[0]), int(place[1]))]
    from scipy.optimize import linear_sum_assignment  # a quarter of a second, for photos of several people only

    return list(zip(*(places.tolist() for places in linear_sum_assignment(costs)), strict=True))
