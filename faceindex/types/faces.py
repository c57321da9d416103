"""Faces, in a photo and in a library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DRAWN, BY_BOX = "drawn", "drawn-by-box"
"""Origins of a face whose box a user drew: landmarks were found in the box; it was aligned by the box itself."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a face is, in pixels of the upright photo; may reach over the photo's edge."""

    x: int
    y: int
    width: int
    height: int

    def as_list(self) -> list[int]:
        """[x, y, width, height], as every JSON answer gives it."""
        return [self.x, self.y, self.width, self.height]

    @property
    def area(self) -> int:
        """Square pixels."""
        return self.width * self.height

    def overlap(self, other: Box) -> float:
        """Intersection over union with another box, in [0, 1]. Boxes without a size are the same, or have nothing in
        common: those of faces of which nobody knows where they are."""
        if not self.area + other.area:
            return float(self == other)
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        shared = max(0, width) * max(0, height)
        return shared / (self.area + other.area - shared)


@dataclass(frozen=True, slots=True)
class Face:
    """A face found in a photo, not yet in a library.

    box: pixels of the upright photo. score: the detector's, higher is surer (dlib's HOG: 0 is the
    usual limit, 1 and more a clear frontal face). landmarks: float32 [5 or 68, 2], x and y in pixels
    of the upright photo. vector: float32 [d]. quality: in [0, 1], see `faceindex.faces.quality`; NaN if not measured.
    origin: None when a detector found it, else DRAWN or BY_BOX.
    """

    box: Box
    score: float
    landmarks: npt.NDArray[np.float32]
    vector: npt.NDArray[np.float32]
    quality: float
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class AnalysedPhoto:
    """What the analyser says of one photo.

    width, height: pixels, upright. warning: what is wrong with a photo that was read all the same, in one line. taken:
    when, the camera's local time in ISO 8601; None when the photo does not say. taken_from: where that is written.
    turned: degrees, clockwise, by which the photo as it is shown was turned before its faces were upright: 0, 90, 180
    or 270; boxes and landmarks are in pixels of the photo that was not turned.
    """

    width: int
    height: int
    faces: tuple[Face, ...]
    warning: str | None = None
    taken: str | None = None
    taken_from: str | None = None
    turned: int = 0


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """A face in a library.

    album: None when the face is in no album; person: None when unnamed; quality: in [0, 1], None for faces stored
    before it was measured. confirmed: somebody said that it is this person's; else it only is in the person's album.
    photo_size: width and height of the upright photo in pixels; 0 and 0 when the photo itself was never here.
    origin: None when a detector found it, else DRAWN or BY_BOX.
    photo_id: of the photo. taken: when the photo was, as in PhotoRecord.
    """

    face: int
    photo: str
    box: Box
    score: float
    landmarks: npt.NDArray[np.float32]
    album: int | None = None
    person: str | None = None
    quality: float | None = None
    confirmed: bool = False
    photo_size: tuple[int, int] = (0, 0)
    origin: str | None = None
    photo_id: int = 0
    taken: str | None = None
