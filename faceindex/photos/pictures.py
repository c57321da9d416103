"""Photos as a program has them: a path or address, bytes, an open file, a PIL image, or an array of pixels."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Protocol, TypeAlias, TypeGuard, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from faceindex.errors import UnreadablePhoto, UsageError
from faceindex.photos.decode import Photo, as_rgb, orientation_left
from faceindex.photos.decoders.levels import eight_bit
from faceindex.photos.finding.addresses import absolute
from faceindex.photos.identity import HASH_BYTES, content_hash
from faceindex.photos.limits import DEFAULT_MAX_MEGAPIXELS
from faceindex.photos.read import MAX_FILE_BYTES, read_bytes
from faceindex.photos.reasons import reason_for
from faceindex.photos.turning import TURN
from faceindex.types import Pixels


class Readable(Protocol):
    """A file that is open for reading bytes."""

    def read(self, size: int = ..., /) -> bytes:
        """At most `size` bytes from the present position."""


PictureLike: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | Readable | Image.Image | npt.NDArray[np.uint8]
)
"""A path or an address (URL); the bytes of a file; a file open for reading bytes; a PIL image; or RGB pixels, uint8
[h, w, 3]."""


class Picture(Photo):
    """A photo whose pixels are in memory already.

    path: its name in messages; it is not a file. content: hash of its size and upright pixels.
    """

    def __init__(self, image: Image.Image, path: str) -> None:
        """image: upright, mode RGB."""
        self.path = path
        self.width, self.height = image.size
        self.orientation = 1
        self.warning: str | None = None
        self.taken: str | None = None
        self.taken_from: str | None = None
        self._image = image

    def image(self, longer_side: int | None = None) -> Image.Image:
        """The whole picture, whatever size would be enough; do not change it."""
        return self._image

    def pixels(self, longer_side: int | None = None) -> Pixels:
        """As `image`: uint8 [height, width, 3]."""
        return np.asarray(self._image)

    @property
    def content(self) -> bytes:
        """blake2b-256 of width, height and pixels; never equal to the hash of a file."""
        hashed = hashlib.blake2b(digest_size=HASH_BYTES, person=b"pixels")
        hashed.update(f"{self.width} x {self.height}".encode())
        hashed.update(np.ascontiguousarray(self.pixels()).data)
        return hashed.digest()


def is_path(source: PictureLike) -> TypeGuard[str | os.PathLike[str]]:
    """Whether it is a file on a disk or at an address, which other processes can also read."""
    return isinstance(source, str | os.PathLike)


def sources(given: PictureLike | Sequence[PictureLike]) -> list[PictureLike]:
    """One photo or several as a list; a string is one path."""
    if isinstance(given, list | tuple):
        return list(given)
    return [cast(PictureLike, given)]


def photo_of(source: PictureLike, *, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS) -> Photo:
    """The photo that `source` is. Raises: UnreadablePhoto; UsageError if it is none of these kinds."""
    if isinstance(source, np.ndarray | Image.Image):
        return _picture_of(source, max_megapixels)
    data, name = _bytes_of(source)
    return Photo(data, name, max_megapixels=max_megapixels)


def photo_and_content(source: PictureLike, *, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS) -> tuple[Photo, bytes]:
    """As `photo_of`, with the hash that identifies it in a library: of the file's bytes, or of the pixels.

    The same picture as a file and as an array are two photos, as pixels do not tell from which file they came.
    """
    if isinstance(source, np.ndarray | Image.Image):
        picture = _picture_of(source, max_megapixels)
        return picture, picture.content
    data, name = _bytes_of(source)
    return Photo(data, name, max_megapixels=max_megapixels), content_hash(data)


def _picture_of(source: Image.Image | npt.NDArray[np.uint8], max_megapixels: float) -> Picture:
    return _of_pixels(source) if isinstance(source, np.ndarray) else _of_image(source, max_megapixels)


def _of_pixels(pixels: npt.NDArray[np.uint8]) -> Picture:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise UsageError(f"an array {pixels.dtype} {list(pixels.shape)} is not a photo; give RGB, uint8 [h, w, 3]")
    height, width, _ = pixels.shape
    return Picture(Image.fromarray(np.ascontiguousarray(pixels)), f"an array of {width} x {height} pixels")


def _of_image(image: Image.Image, max_megapixels: float) -> Picture:
    name = getattr(image, "filename", None) or f"a PIL image of {image.width} x {image.height} pixels"
    if 0 in image.size:
        raise UnreadablePhoto(str(name), "it has no pixels")
    if image.width * image.height > max_megapixels * 1e6:
        raise UnreadablePhoto(str(name), f"it has more than {max_megapixels:g} megapixels")
    try:
        orientation = orientation_left(image)  # first, as Pillow turns some formats when it decodes them
        image.load()
        upright = eight_bit(image, lambda: image)
        if orientation in TURN:
            upright = upright.transpose(TURN[orientation])
        rgb = as_rgb(upright)
    except MemoryError as error:
        raise UnreadablePhoto(str(name), "not enough memory to decode it") from error
    except Exception as error:  # an image that was not decoded yet may be damaged in any way
        raise UnreadablePhoto(str(name), reason_for(error)) from error
    return Picture(rgb.copy() if rgb is image else rgb, str(name))


def _bytes_of(source: str | os.PathLike[str] | bytes | bytearray | memoryview | Readable) -> tuple[bytes, str]:
    """The bytes of a file, and its name in messages: its absolute path, if known."""
    if isinstance(source, str | os.PathLike):
        path = absolute(source)
        return read_bytes(path)[0], path
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), "the bytes given"
    if not hasattr(source, "read"):
        raise UsageError(
            f"{type(source).__name__} is not a photo; give a path, bytes, an open file, a PIL image or uint8 [h, w, 3]"
        )
    return _read(source)


def _read(file: Readable) -> tuple[bytes, str]:
    given = getattr(file, "name", None)
    name = given if isinstance(given, str) else "the open file"
    try:
        data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: it is closed, or open for text
        raise UnreadablePhoto(name, str(error) or "it cannot be read", out_of_reach=True) from error
    if not isinstance(data, bytes):
        raise UsageError(f"{name} is open in text mode; open it with mode 'rb'")
    if len(data) > MAX_FILE_BYTES:
        raise UnreadablePhoto(name, f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
    return data, name
