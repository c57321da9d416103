"""Where a photo's XMP is: in a sidecar beside it, or in the photo itself, whose pixels are never decoded for it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

from PIL import Image

from faceindex.errors import UnreadablePhoto
from faceindex.photos.areas import SIDES_SWAPPED, is_upright
from faceindex.photos.decode import Photo, opened_header
from faceindex.photos.extended_xmp import SIGNATURE
from faceindex.photos.identity import RAW_EXTENSIONS
from faceindex.photos.rdf import MAX_BYTES
from faceindex.photos.read import read_bytes
from faceindex.photos.xmp import Packet
from faceindex.regular_files import open_regular

_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Header:
    """What a photo's file says before its pixels.

    orientation: EXIF's, 1 to 8. undone: whether the decoder turns the picture by itself, so that the stored picture is
    the upright one to every program (HEIC). packet: the embedded XMP, None when there is none. extension: segments of
    a JPEG that may hold the rest of it, see `extended_packet`.
    """

    orientation: int
    undone: bool
    packet: bytes | None
    extension: tuple[bytes, ...] = ()

    @property
    def stored_orientation(self) -> int:
        """How the picture of which areas are written is turned."""
        return 1 if self.undone else self.orientation


def read_header(path: str) -> Header:
    """The header of the photo at `path`; a RAW photo is read as a whole. Raises: UnreadablePhoto."""
    if PurePath(path).suffix.lower() in RAW_EXTENSIONS:
        data, _ = read_bytes(path)
        return Header(Photo(data, path).orientation, False, None)
    try:
        with warnings.catch_warnings(), opened_header(path) as image:
            warnings.simplefilter("ignore")
            packet = image.info.get("xmp")
            undone = image.format == "HEIF"
            said = image.info.get("original_orientation") if undone else _exif_orientation(image)
            orientation = said if isinstance(said, int) and 1 <= said <= 8 else 1
            return Header(orientation, undone, packet if isinstance(packet, bytes) else None, _extension(image))
    except Exception as error:  # decoders raise anything on damaged files
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        raise UnreadablePhoto(path, reason) from error


def orientation_to_undo(header: Header, packet: Packet, size: tuple[int, int]) -> int:
    """How the areas of a packet are turned against the upright photo, of `size`: width and height in pixels.

    By the standard they are of the stored picture. Some programs write them upright: the sides they give tell, where
    the orientation swaps sides. Of HEIC it is the other way round: programs see an upright picture, and only sides that
    are swapped, or the packet's own orientation, tell that it was not.
    """
    if not header.undone:
        turned = header.orientation
    elif packet.orientation is not None:
        turned = packet.orientation
    else:
        on_its_side = packet.applied is not None and is_upright(packet.applied[::-1], size)
        turned = header.orientation if on_its_side else 1
    return 1 if turned in SIDES_SWAPPED and is_upright(packet.applied, size) else turned


class Sidecars:
    """Finds the sidecars of photos; remembers the folder that it looked at last."""

    def __init__(self) -> None:
        self._folder: str | None = None
        self._names: dict[str, str] = {}

    def of(self, photo: str) -> str | None:
        """`photo.jpg.xmp` (digiKam, darktable), else `photo.xmp` (Lightroom), in any case of letters; or None."""
        folder, name = os.path.split(photo)
        if folder != self._folder:
            self._folder, self._names = folder, _xmp_files(folder)
        for wanted in (f"{name}.xmp", f"{PurePath(name).stem}.xmp"):
            if wanted.casefold() in self._names:
                return str(Path(folder, self._names[wanted.casefold()]))
        return None


def new_sidecar(photo: str) -> str:
    """The name for a sidecar that is not there yet: Lightroom looks for `photo.xmp` and only beside RAW photos."""
    path = PurePath(photo)
    return str(path.with_suffix(".xmp")) if path.suffix.lower() in RAW_EXTENSIONS else f"{photo}.xmp"


def sidecar_to_update(photo: str, sidecars: Sidecars) -> str | None:
    """The sidecar that is this photo's own; `photo.xmp` is that of a RAW photo `photo.cr2`, not of `photo.jpg`."""
    found = sidecars.of(photo)
    own = found is not None and found.casefold() in (f"{photo}.xmp".casefold(), new_sidecar(photo).casefold())
    return found if own else None


def read_sidecar(path: str) -> bytes:
    """Its bytes, of one more than MAX_BYTES at most. Raises: OSError."""
    with open_regular(path) as file:
        return file.read(MAX_BYTES + 1)


def _extension(image: Image.Image) -> tuple[bytes, ...]:
    segments: Iterable[tuple[str, bytes]] = getattr(image, "applist", ())  # of JPEG, in the order of the file
    return tuple(data for name, data in segments if name == "APP1" and data.startswith(SIGNATURE))


def _exif_orientation(image: Image.Image) -> object:
    try:
        return image.getexif().get(_ORIENTATION)
    except Exception:  # as in decoding: broken EXIF is none
        return None


def _xmp_files(folder: str) -> dict[str, str]:
    try:
        names = os.listdir(folder)  # noqa: PTH208  (names are all that is wanted)
    except OSError:
        return {}
    return {name.casefold(): name for name in sorted(names, reverse=True) if name.casefold().endswith(".xmp")}
