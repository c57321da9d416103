"""Decides how another program's face regions are rotated relative to the upright photo.

By the standard, regions refer to the picture as stored. Some programs write them for the upright picture, and their
stated sizes are right, wrong or missing. So each possible reading is tried: the one whose regions lie on the detected
faces is right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from faceindex.exchange.xmp.region_faces import faces_of_regions
from faceindex.photos.metadata.areas import SIDES_SWAPPED, Area, box_of, is_upright, stored, stored_size, upright
from faceindex.photos.metadata.xmp import Packet
from faceindex.photos.packets import Header, orientation_to_undo
from faceindex.types import Box

SAME_SHAPE = 0.02
"""Largest difference of two aspect ratios, as a natural logarithm: lossless rotation cuts off up to 15 pixels, and
programs differ by a few pixels at the edge of RAW pictures."""

_REACH = 0.3
"""Distance of the centres, in sides of the face, at which a region counts 0.6 times as much as an exact one."""

SURER = 0.05
"""Another reading replaces the expected one only if so many more regions lie on faces."""

OF_ANOTHER_PICTURE = 0.3
"""If a rotation that no reading explains puts so many more regions on faces, the picture was rotated later."""

_TRIMMED = 16
"""Pixels by which the stated sides may differ from the picture's."""

_ON_A_FACE = 0.5
"""Smallest mean score of the regions, if the stated sides are not the picture's."""

_DIGIKAM = "http://www.digikam.org/ns/1.0/"


@dataclass(frozen=True, slots=True)
class Frame:
    """One reading of the regions. turned: the EXIF orientation to undo. over_stored: the regions refer to the upright
    picture, but in parts of the stored picture's sides, as digiKam wrote them before version 6.2."""

    turned: int
    over_stored: bool = False

    def upright(self, area: Area, size: tuple[int, int]) -> Area:
        """A region of the packet, in the upright picture of `size`."""
        if not self.over_stored:
            return upright(area, self.turned)
        across, down = size[1] / size[0], size[0] / size[1]
        return Area(area.x * across, area.y * down, area.width * across, area.height * down)

    def written(self, area: Area, size: tuple[int, int]) -> Area:
        """A region of the upright picture of `size`, as the packet stores it."""
        if not self.over_stored:
            return stored(area, self.turned)
        across, down = size[0] / size[1], size[1] / size[0]
        return Area(area.x * across, area.y * down, area.width * across, area.height * down)

    def sides(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height of the picture that the regions refer to."""
        return size[::-1] if self.over_stored else stored_size(size, self.turned)


def frame_of(
    header: Header,
    packet: Packet,
    areas: Sequence[Area],
    applied: tuple[float, float] | None,
    faces: Sequence[Box],
    size: tuple[int, int],
) -> Frame | None:
    """The reading of the regions `areas` in `packet`; None if they refer to the picture before it was turned or
    cropped.

    applied: width and height stated in the packet. faces: detected in the upright photo of `size`. If several readings
    fit the faces equally well, the standard one is used.
    """
    if applied is not None and not has_shape(applied, size):
        return None
    expected, *others = _readings(header, packet, applied, size)
    best, most = expected, lies_on_faces(expected, areas, faces, size) + SURER
    for frame in others:
        found = lies_on_faces(frame, areas, faces, size)
        if found > most:
            best, most = frame, found
    known = max(lies_on_faces(frame, areas, faces, size) for frame in (expected, *others))
    turned = (lies_on_faces(Frame(turn), areas, faces, size) for turn in range(1, 9))
    if max(turned) > known + OF_ANOTHER_PICTURE or (applied and _is_cropped(best, areas, applied, faces, size)):
        return None
    return best


def lies_on_faces(frame: Frame, areas: Sequence[Area], faces: Sequence[Box], size: tuple[int, int]) -> float:
    """How many regions lie on a face; a region beside the face's centre counts less than 1."""
    boxes = [box_of(frame.upright(area, size), size) for area in areas]
    return sum(_closeness(boxes[place], faces[face]) for place, face in faces_of_regions(boxes, faces).items())


def _is_cropped(
    frame: Frame, areas: Sequence[Area], applied: tuple[float, float], faces: Sequence[Box], size: tuple[int, int]
) -> bool:
    """Whether a picture with the right shape but other sides was cropped, not resized, after the regions were made.
    Then the regions fit the faces better after a shift. The region that determines the shift always fits, so it is not
    counted."""
    sides = sorted(applied)
    if all(abs(side - own) <= _TRIMMED for side, own in zip(sides, sorted(size), strict=True)) or not faces:
        return False
    boxes = [box_of(frame.upright(area, size), size) for area in areas]
    pairs = [_closeness(boxes[place], faces[face]) for place, face in faces_of_regions(boxes, faces).items()]
    if pairs and sum(pairs) < _ON_A_FACE * len(pairs):
        return True
    zoom = sides[0] / min(size)
    return zoom > 1 and _moved_onto(_zoomed(boxes, zoom), faces) - 1 > sum(pairs) + OF_ANOTHER_PICTURE


def _zoomed(boxes: Sequence[Box], zoom: float) -> list[Box]:
    return [Box(*(round(value * zoom) for value in box.as_list())) for box in boxes]


def _moved_onto(boxes: Sequence[Box], faces: Sequence[Box]) -> float:
    """How many boxes lie on a face after the best common shift, one that puts one box on a face."""
    best = 0.0
    for box in boxes:
        for face in faces:
            across = face.x + (face.width - box.width) // 2 - box.x
            down = face.y + (face.height - box.height) // 2 - box.y
            moved = [Box(other.x + across, other.y + down, other.width, other.height) for other in boxes]
            found = sum(_closeness(moved[one], faces[two]) for one, two in faces_of_regions(moved, faces).items())
            best = max(best, found)
    return best


def has_shape(applied: tuple[float, float], size: tuple[int, int]) -> bool:
    """Whether these sides have the aspect ratio of a picture of `size`, upright or rotated by 90 degrees."""
    shape, true = math.log(applied[0] / applied[1]), math.log(size[0] / size[1])
    return min(abs(shape - true), abs(shape + true)) <= SAME_SHAPE


def _readings(
    header: Header, packet: Packet, applied: tuple[float, float] | None, size: tuple[int, int]
) -> list[Frame]:
    """The readings that known programs use, the expected one first."""
    turns = [orientation_to_undo(header, packet, size), header.stored_orientation, header.orientation, 1]
    frames = [Frame(turned) for turned in dict.fromkeys(turns)]
    if header.orientation in SIDES_SWAPPED and packet.declares(_DIGIKAM) and not is_upright(applied, size):
        frames.append(Frame(1, over_stored=True))
    return frames


def _closeness(region: Box, face: Box) -> float:
    across = region.x + region.width / 2 - face.x - face.width / 2
    down = region.y + region.height / 2 - face.y - face.height / 2
    return math.exp(-(across**2 + down**2) / (2 * _REACH**2 * face.area))
