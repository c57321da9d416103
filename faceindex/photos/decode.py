"""Decodes a photo to upright 8-bit RGB, at full size or, for JPEG, at a smaller size in less time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from faceindex.errors import UnreadablePhoto
from faceindex.photos.containers.boxes import without_trailer
from faceindex.photos.containers.jpeg_frame import is_arithmetic, kind_not_read
from faceindex.photos.containers.libtiff_messages import messages
from faceindex.photos.containers.png_chunks import refuse_damaged_header
from faceindex.photos.damage import damage, said_by_libtiff
from faceindex.photos.decoders.colour import in_srgb
from faceindex.photos.decoders.levels import eight_bit
from faceindex.photos.decoders.raw import is_raw, picture_in
from faceindex.photos.formats import opened
from faceindex.photos.limits import DEFAULT_MAX_MEGAPIXELS
from faceindex.photos.lost_data.cut_off import MISSING_LIMIT, as_written, ends_grey, mended, until_first_break
from faceindex.photos.lost_data.jpeg_scans import hole
from faceindex.photos.read import read_bytes
from faceindex.photos.reasons import reason_for
from faceindex.photos.turning import ORIENTATION, SIDES_SWAPPED, TURN, exif_of
from faceindex.running.lazily import functions
from faceindex.types import Pixels

if TYPE_CHECKING:
    from faceindex.photos.date_taken import taken_in_image, taken_in_raw
else:
    taken_in_image, taken_in_raw = functions("faceindex.photos.date_taken", "taken_in_image", "taken_in_raw")


MAX_DECODED_PIXELS = 80_000_000
"""A JPEG with more pixels than this is never decoded at full size: 80 MP are 240 MB of RGB."""

_TURNED_BY_DECODER = ("TIFF", "JXL")


class Photo:
    """A photo in memory. Its size is known at once; pixels are decoded when they are needed.

    width, height: pixels of the upright photo, after EXIF orientation. orientation: the EXIF orientation that was
    undone for that. warning: damage of a photo that can be used nevertheless, in one line; known after the first
    decoding. A RAW photo is its embedded preview or half of its size, see `faceindex.photos.decoders.raw`; width and
    height are those of the picture in use. taken, taken_from: the date and where it is written, see
    `faceindex.photos.date_taken`; None if unknown.
    """

    def __init__(self, data: bytes, path: str, *, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS) -> None:
        """Reads the header only. Raises: UnreadablePhoto if it is damaged or declares too many pixels."""
        self.path = path
        self._max_megapixels = max_megapixels
        self._data = data
        self._decoded: Image.Image | None = None
        self.warning: str | None = None
        with self._reporting_damage():
            data = self._data = without_trailer(data)
            refuse_damaged_header(data)
            turned = None
            if is_raw(data, path):
                raw = picture_in(data, self._check_size)
                self._data, turned, self.warning = raw.data, raw.orientation, raw.warning
            image = opened(self._data)
            self._check_size(*image.size)
            self._is_jpeg = image.format in ("JPEG", "MPO")
            self._is_file = self._data is data  # not the picture made of a RAW photo
            intact = _read_for_exif(image)
            self.orientation = turned or orientation_left(image)
            found = taken_in_image(image)
            if found is None and self._data is not data:  # some cameras omit the date in the preview
                found = taken_in_raw(io.BytesIO(data))
            self.taken = found.date if found else None
            self.taken_from = found.source if found else None
        swapped = self.orientation in SIDES_SWAPPED
        self.width, self.height = image.size[::-1] if swapped else image.size
        self._opened = image if intact else None  # for the first decoding

    def pixels(self, longer_side: int | None = None) -> Pixels:
        """Upright RGB, uint8 [height, width, 3]; `longer_side` and errors as for `image`."""
        return np.asarray(self.image(longer_side))

    def image(self, longer_side: int | None = None) -> Image.Image:
        """The upright photo, in mode RGB; do not change it. Turning it into an array costs as much as decoding.

        longer_side: the result may be smaller than the photo, but its longer side is not smaller than this. Only JPEG
        uses it (libjpeg decodes at 1/2, 1/4 and 1/8 in a fraction of the time). None: the largest size, up to
        MAX_DECODED_PIXELS for JPEG.

        Raises: UnreadablePhoto if the file is truncated or corrupt; never half a picture. A JPEG that lacks a small
        part at its end is grey there and has a `warning`.
        """
        scale = self._jpeg_scale(longer_side)
        needed = -(-max(self.width, self.height) // scale)
        if self._decoded is None or max(self._decoded.size) < needed:
            self._decoded = None
            with self._reporting_damage():
                self._decoded = self._decode(scale)
        return self._decoded

    def _jpeg_scale(self, longer_side: int | None) -> int:
        if not self._is_jpeg:
            return 1
        longer, pixels = max(self.width, self.height), self.width * self.height
        affordable = next((s for s in (1, 2, 4) if pixels <= MAX_DECODED_PIXELS * s * s), 8)
        if longer_side is None:
            return affordable
        enough = next((s for s in (8, 4, 2) if longer // s >= longer_side), 1)
        return max(affordable, enough)

    def _decode(self, scale: int) -> Image.Image:
        image = eight_bit(self._loaded(scale), lambda: opened(self._data))
        if self.orientation in TURN:  # before the conversion, as a palette or grey needs less memory than RGB
            image = image.transpose(TURN[self.orientation])
        return as_rgb(image)

    def _loaded(self, scale: int) -> Image.Image:
        def load(image: Image.Image) -> None:
            if scale > 1:
                image.draft(None, (max(1, image.width // scale), max(1, image.height // scale)))
            image.load()

        image, self._opened = self._opened or opened(self._data), None
        if not self._is_jpeg:
            self._load_and_check(image)
            return image
        try:
            load(image)
        except OSError as error:
            if "truncated" not in str(error) and not is_arithmetic(self._data):
                raise ValueError(kind_not_read(self._data) or reason_for(error)) from error
            image, missing = mended(as_written(self._data), load)
            self._judge(missing / image.height, "image file is truncated", "cut off")
            self.warning = self.warning or "cut off after the picture"
        else:
            zeros = hole(self._data, image, load)
            data = self._data[:zeros] if zeros else until_first_break(self._data) if ends_grey(image) else None
            if data:
                image, missing = mended(data, load)
                self._judge(missing / image.height, "damaged", "damaged")
        return image

    def _load_and_check(self, image: Image.Image) -> None:
        """Decode, and look for damage that no decoder reports. Raises: ValueError if a visible part is wrong."""
        form = image.format if self._is_file else None
        lines = list[str]()
        try:
            with messages() if form == "TIFF" else nullcontext(lines) as lines:
                image.load()
        except MemoryError:
            raise
        except Exception as error:
            damage(self._data, None, form)
            raise ValueError(reason_for(error)) from error
        said = said_by_libtiff(lines, image) if lines else None
        self.warning = self.warning or said or damage(self._data, image, form)

    def _judge(self, missing: float, failure: str, warning: str) -> None:
        """Set the warning if a part of the picture is missing. Raises: ValueError if the part is visible."""
        part = f"{missing:.1%} of the picture is missing"
        if missing > MISSING_LIMIT:
            raise ValueError(f"{failure}: {part}")
        if missing:
            self.warning = f"{warning}: {part} (at its end)"

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self._max_megapixels * 1e6:
            raise UnreadablePhoto(
                self.path,
                f"{width} x {height} pixels are more than the limit of "
                f"{self._max_megapixels:g} megapixels (raise it with --max-megapixels)",
            )

    @contextmanager
    def _reporting_damage(self) -> Iterator[None]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except UnreadablePhoto:
            raise
        except MemoryError as error:
            raise UnreadablePhoto(self.path, "not enough memory to decode it") from error
        except Exception as error:  # decoders raise anything on damaged files: struct.error, IndexError, ...
            raise UnreadablePhoto(self.path, reason_for(error)) from error


def open_photo(path: str, *, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS) -> Photo:
    """The photo at `path`, its bytes read and its header checked. Raises: UnreadablePhoto."""
    data, _ = read_bytes(path)
    return Photo(data, path, max_megapixels=max_megapixels)


def _read_for_exif(image: Image.Image) -> bool:
    """Decode a PNG, as Pillow does to look for EXIF after the pixels. Returns: False if that fails.

    An image that failed to decode must not be loaded again, as Pillow then takes it for decoded.
    """
    if image.format == "PNG":
        try:
            image.load()
        except MemoryError:
            raise
        except Exception:
            return False
    return True


def orientation_left(image: Image.Image) -> int:
    """The EXIF orientation still to be undone: 1 if there is none, or an invalid one, or broken EXIF."""
    if image.format in _TURNED_BY_DECODER:
        return 1
    try:
        orientation = exif_of(image).get(ORIENTATION, 1)
    except Exception:  # broken metadata are no reason to lose a photo
        return 1
    return orientation if isinstance(orientation, int) and orientation in TURN else 1


def as_rgb(image: Image.Image) -> Image.Image:
    """8-bit sRGB from any Pillow mode; transparent pixels become white."""
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        image = Image.new("RGB", layer.size, "white")
        image.paste(layer, mask=layer.getchannel("A"))
    image = in_srgb(image, profile)
    return in_srgb(image.convert("RGB"), profile) if image.mode != "RGB" else image
