"""Puts the boxes of another program on the faces of a photo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from faceindex.errors import UnreadablePhoto
from faceindex.exchange.programs.named_regions import ForeignPhoto
from faceindex.exchange.xmp.region_faces import faces_of_regions
from faceindex.exchange.xmp.region_frames import SURER, Frame, has_shape, lies_on_faces
from faceindex.photos.metadata.areas import Area, box_of
from faceindex.photos.packets import read_header
from faceindex.types import Box


@dataclass(frozen=True, slots=True)
class Placed:
    """For each region of a photo: the place of the face in its box, or None, and the intersection over union."""

    faces: tuple[int | None, ...]
    overlaps: tuple[float, ...]


def placed(photo: ForeignPhoto, boxes: Sequence[Box], size: tuple[int, int], path: Callable[[], str | None]) -> Placed:
    """The faces in the photo's regions.

    boxes: of the faces, pixels of the upright photo of `size`. path: gives the file, whose orientation is read if boxes
    may refer to the picture as stored and do not lie on faces. Boxes of a picture of another shape are left out: it was
    cropped since.
    """
    found: list[int | None] = [None] * len(photo.regions)
    overlaps = [0.0] * len(photo.regions)
    sides = photo.size or (float(size[0]), float(size[1]))
    with_box = [place for place, region in enumerate(photo.regions) if region.box is not None]
    if not with_box or not boxes or (min(sides) > 1 and not has_shape(sides, size)):
        return Placed(tuple(found), tuple(overlaps))
    areas = [_area(photo, place, sides) for place in with_box]
    frame = _frame(photo, areas, boxes, size, path)
    drawn = [box_of(frame.upright(area, size), size) for area in areas]
    for place, face in faces_of_regions(drawn, boxes).items():
        found[with_box[place]] = face
        overlaps[with_box[place]] = drawn[place].overlap(boxes[face])
    return Placed(tuple(found), tuple(overlaps))


def _area(photo: ForeignPhoto, place: int, sides: tuple[float, float]) -> Area:
    x, y, width, height = photo.regions[place].box or (0.0, 0.0, 0.0, 0.0)
    return Area((x + width / 2) / sides[0], (y + height / 2) / sides[1], width / sides[0], height / sides[1])


def _frame(
    photo: ForeignPhoto,
    areas: Sequence[Area],
    boxes: Sequence[Box],
    size: tuple[int, int],
    path: Callable[[], str | None],
) -> Frame:
    """The reading of the boxes that puts more of them on faces; the expected one if several do equally well."""
    expected, *others = [Frame(turn) for turn in photo.turns]
    best, most = expected, lies_on_faces(expected, areas, boxes, size) + SURER
    if most < 0.8 * len(areas) and photo.stored and (file := path()) is not None:
        others.append(Frame(_orientation(file)))
    for frame in others:
        if (found := lies_on_faces(frame, areas, boxes, size)) > most:
            best, most = frame, found
    return best


def _orientation(path: str) -> int:
    try:
        return read_header(path).orientation
    except UnreadablePhoto:
        return 1
