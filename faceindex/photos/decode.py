"""Decode a photo's bytes to upright 8-bit RGB, at full size or, for JPEG, at a cheaper reduced one."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
import pillow_heif
from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from faceindex.errors import UnreadablePhoto
from faceindex.photos.boxes import refuse_truncated_boxes
from faceindex.photos.colour import in_srgb
from faceindex.photos.cut_off import MISSING_LIMIT, as_written, ends_grey, mended, until_first_break
from faceindex.photos.damage import damage, said_by_libtiff
from faceindex.photos.jpeg_scans import hole
from faceindex.photos.libtiff_messages import messages
from faceindex.photos.png_chunks import refuse_damaged_header
from faceindex.photos.raw import is_raw, picture_in
from faceindex.photos.read import read_bytes
from faceindex.photos.taken import taken, taken_in
from faceindex.regular_files import open_regular
from faceindex.types import Pixels

DEFAULT_MAX_MEGAPIXELS = 300
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "HEIF", "AVIF")

MAX_DECODED_PIXELS = 80_000_000
"""A JPEG of more pixels than this is never decoded at full size: 80 MP are 240 MB of RGB."""

_ORIENTATION = 0x0112
_SIDES_SWAPPED = frozenset((5, 6, 7, 8))
_TURN = {  # EXIF 2.32, tag 274
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_NEW_SUBFILE_TYPE, _REDUCED = 254, 1

pillow_heif.register_heif_opener()
_pillow_limit = threading.Lock()


class Photo:
    """A photo in memory. Its size is known at once; pixels are decoded when asked for.

    width, height: pixels of the upright photo, after EXIF orientation. orientation: EXIF's, that is undone for that.
    warning: what is wrong with a photo that is read all the same, in one line; known after the first decoding. A RAW
    photo is its embedded preview or half of its size, see `faceindex.photos.raw`; width and height are those of the
    picture that is used. taken: when, see `faceindex.photos.taken`; None when the photo does not say.
    """

    def __init__(self, data: bytes, path: str, *, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS) -> None:
        """Read the header only. Raises: UnreadablePhoto when it is damaged or announces too many pixels."""
        self.path = path
        self._max_megapixels = max_megapixels
        self._data = data
        self._decoded: Image.Image | None = None
        self.warning: str | None = None
        with self._reporting_damage():
            refuse_truncated_boxes(data)
            refuse_damaged_header(data)
            turned = None
            if is_raw(data, path):
                raw = picture_in(data, self._check_size)
                self._data, turned, self.warning = raw.data, raw.orientation, raw.warning
            image = self._open()
            self._check_size(*image.size)
            self._is_jpeg = image.format in ("JPEG", "MPO")
            self._is_file = self._data is data  # not what a RAW photo was developed to
            intact = _read_for_exif(image)
            self.orientation = turned or _orientation(image)
            self.taken = _taken(image, None if self._data is data else data)
        swapped = self.orientation in _SIDES_SWAPPED
        self.width, self.height = image.size[::-1] if swapped else image.size
        self._opened = image if intact else None  # for the first decoding

    def pixels(self, longer_side: int | None = None) -> Pixels:
        """Upright RGB, uint8 [height, width, 3]; `longer_side` and errors as for `image`."""
        return np.asarray(self.image(longer_side))

    def image(self, longer_side: int | None = None) -> Image.Image:
        """The photo upright, in mode RGB; not to be changed. Turning all of it into an array costs as much as decoding.

        longer_side: the result's longer side may be smaller than the photo's but not smaller than this;
        only JPEG makes use of it (libjpeg decodes at 1/2, 1/4 and 1/8 for a fraction of the time). None
        asks for the best there is, within MAX_DECODED_PIXELS for JPEG.

        Raises: UnreadablePhoto when the file is truncated or corrupt: never half a picture. A JPEG of which a small
        part is missing, at its end, is grey there and has a `warning`.
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

    def _open(self) -> Image.Image:
        # Pillow's own bomb check is a process-wide setting below our limit; ours is in __init__.
        with _pillow_limit:
            limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            try:
                return _opened(self._data)
            except (MemoryError, UnidentifiedImageError):
                raise
            except Exception as error:  # in the decoder's own words
                raise ValueError(_in_our_words(error)) from error
            finally:
                Image.MAX_IMAGE_PIXELS = limit

    def _decode(self, scale: int) -> Image.Image:
        image = self._loaded(scale)
        if self.orientation in _TURN:  # before the conversion: a palette or grey takes less memory than RGB
            image = image.transpose(_TURN[self.orientation])
        return _as_rgb(image)

    def _loaded(self, scale: int) -> Image.Image:
        def load(image: Image.Image) -> None:
            if scale > 1:
                image.draft(None, (max(1, image.width // scale), max(1, image.height // scale)))
            image.load()

        image, self._opened = self._opened or self._open(), None
        if not self._is_jpeg:
            self._load_and_check(image)
            return image
        try:
            load(image)
        except OSError as error:
            if "truncated" not in str(error):
                raise ValueError(_in_our_words(error)) from error
            image, missing = mended(as_written(self._data), load)
            self._judge(missing / image.height, "image file is truncated", "cut off")
            self.warning = self.warning or "cut off behind the picture"
        else:
            zeros = hole(self._data, image, load)
            data = self._data[:zeros] if zeros else until_first_break(self._data) if ends_grey(image) else None
            if data:
                image, missing = mended(data, load)
                self._judge(missing / image.height, "damaged", "damaged")
        return image

    def _load_and_check(self, image: Image.Image) -> None:
        """Decode, and look for damage that no decoder reports. Raises: ValueError when a visible part is wrong."""
        form = image.format if self._is_file else None
        lines = list[str]()
        try:
            with messages() if form == "TIFF" else nullcontext(lines) as lines:
                image.load()
        except MemoryError:
            raise
        except Exception as error:
            damage(self._data, None, form)
            raise ValueError(_in_our_words(error)) from error
        said = said_by_libtiff(lines, image) if lines else None
        self.warning = self.warning or said or damage(self._data, image, form)

    def _judge(self, missing: float, failure: str, warning: str) -> None:
        """Set the warning when a part of the picture is missing. Raises: ValueError when it is a visible part."""
        part = f"{missing:.1%} of the picture is missing"
        if missing > MISSING_LIMIT:
            raise ValueError(f"{failure}: {part}")
        if missing:
            self.warning = f"{warning}: {part}, at its end"

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self._max_megapixels * 1e6:
            raise UnreadablePhoto(
                self.path,
                f"{width} x {height} pixels are more than the limit of "
                f"{self._max_megapixels:g} megapixels (--max-megapixels raises it)",
            )

    @contextmanager
    def _reporting_damage(self) -> Iterator[None]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except UnreadablePhoto:
            raise
        except UnidentifiedImageError:
            raise UnreadablePhoto(self.path, "damaged, or not a photo of a known format") from None
        except MemoryError as error:
            raise UnreadablePhoto(self.path, "not enough memory to decode it") from error
        except Exception as error:  # decoders raise anything on damaged files: struct.error, IndexError, ...
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UnreadablePhoto(self.path, reason) from error


def open_photo(path: str, *, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS) -> Photo:
    """The photo at `path`, its bytes read and its header checked. Raises: UnreadablePhoto."""
    data, _ = read_bytes(path)
    return Photo(data, path, max_megapixels=max_megapixels)


@contextmanager
def opened_header(path: str) -> Iterator[Image.Image]:
    """The photo at `path` with its header read, nothing decoded. Raises: OSError; whatever Pillow does."""
    with open_regular(path) as file:
        with _pillow_limit:
            limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            try:
                image = Image.open(file, formats=FORMATS)
            finally:
                Image.MAX_IMAGE_PIXELS = limit
        with image:
            yield image


def _opened(data: bytes) -> Image.Image:
    """The first or primary picture in `data`, its header read."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise
    except Exception:
        if data[:2] != b"\xff\xd8":
            raise
        # What other pictures an MPO holds is written in its metadata; when these are broken it is still a JPEG.
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    if image.format == "TIFF":
        _skip_thumbnails(image)
    return image


def _in_our_words(error: Exception) -> str:
    """What a decoder says about a damaged file, where that is not for users."""
    cut_off = "truncated" in str(error).lower()
    return "image file is truncated" if cut_off else "damaged: its picture cannot be decoded"


def _skip_thumbnails(image: Image.Image) -> None:
    """Go to the first page of a TIFF that is not marked as a reduced version of another one, if there is one."""
    page = 0
    while _is_thumbnail(image):
        page += 1
        try:
            image.seek(page)
        except EOFError:
            image.seek(0)
            return


def _is_thumbnail(page: Image.Image) -> bool:
    kind = page.tag_v2.get(_NEW_SUBFILE_TYPE)  # type: ignore[attr-defined]
    return isinstance(kind, int) and bool(kind & _REDUCED)


def _read_for_exif(image: Image.Image) -> bool:
    """Decode a PNG, as Pillow does to look for EXIF behind the pixels. Returns: False when that fails.

    An image that failed to decode must not be asked again: Pillow then takes it for decoded.
    """
    if image.format == "PNG":
        try:
            image.load()
        except MemoryError:
            raise
        except Exception:
            return False
    return True


def _orientation(image: Image.Image) -> int:
    """EXIF orientation that is left to be undone: 1 when there is none, or none that exists; broken EXIF is none."""
    if image.format == "TIFF":  # Pillow does it
        return 1
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # metadata are bytes from anywhere, and no reason to lose a photo
        return 1
    return orientation if isinstance(orientation, int) and orientation in _TURN else 1


def _taken(image: Image.Image, raw: bytes | None) -> str | None:
    """raw: the file that `image` is the preview of; some cameras leave the date out of that."""
    try:
        found = taken(image.getexif())
    except Exception:
        found = None
    return found or (taken_in(io.BytesIO(raw)) if raw is not None else None)


def _as_rgb(image: Image.Image) -> Image.Image:
    """8-bit sRGB of any Pillow mode; what is transparent becomes white."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        image = Image.fromarray(_deep_grey(np.asarray(image)))
    if image.has_transparency_data:
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        image = Image.new("RGB", layer.size, "white")
        image.paste(layer, mask=layer.getchannel("A"))
    image = in_srgb(image, profile)
    return in_srgb(image.convert("RGB"), profile) if image.mode != "RGB" else image


def _deep_grey(values: np.ndarray) -> Pixels:
    """16-bit, 32-bit and floating grey as 8-bit, from the range that its type and largest value imply."""
    bands = np.array_split(values, max(1, values.size >> 22))  # as floats, all of them would take twice the photo
    top = max(np.nan_to_num(band.astype(np.float32)).max(initial=0) for band in bands)
    if values.dtype.kind == "f" and top <= 1:
        white = 1.0
    else:
        white = 255.0 if top <= 255 and values.dtype.itemsize > 2 else 65535.0
    grey = np.empty(values.shape, np.uint8)
    for band, out in zip(bands, np.array_split(grey, len(bands)), strict=True):
        out[:] = np.clip(np.nan_to_num(band.astype(np.float32)) * (255.0 / white), 0, 255)
    return grey
