"""What a worker is asked for, and how it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from faceindex.types import Box

DONE, FAILED = b"+", b"-"
"""The first byte of an answer: before the bytes asked for, or before the reason why there are none, UTF-8."""


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """A JPEG of a face or of a whole photo.

    paths: of the photo's file, the first of which that has this `content` (hash of its bytes) is used. box: of the
    face, in pixels of the upright photo; None for the whole photo. side: pixels of the crop, or the longer side of the
    whole photo at most. turn: degrees, clockwise, a multiple of 90.
    """

    paths: Sequence[str]
    content: bytes
    box: Box | None
    side: int
    turn: int


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """The pixels of a photo in memory: 4 bytes each of width and height, big-endian, then RGB.

    side: the longer side is reduced to this at most. max_megapixels: a larger photo is refused.
    """

    data: bytes
    side: int
    max_megapixels: float


Request = PictureRequest | UploadRequest
