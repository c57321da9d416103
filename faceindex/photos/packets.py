"""Finds a photo's XMP: in a sidecar, or in the photo itself, whose pixels are not decoded for this."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath

from PIL import Image

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo
from faceindex.photos.finding.sources import source_of
from faceindex.photos.formats import opened_header
from faceindex.photos.identity import RAW_EXTENSIONS
from faceindex.photos.metadata.areas import SIDES_SWAPPED, is_upright
from faceindex.photos.metadata.extended_xmp import SIGNATURE
from faceindex.photos.metadata.rdf import MAX_BYTES
from faceindex.photos.metadata.xmp import Packet
from faceindex.photos.read import read_bytes
from faceindex.photos.reasons import reason_for
from faceindex.photos.turning import ORIENTATION, exif_of

_KEPT = (".xmp", *RAW_EXTENSIONS)


@dataclass(frozen=True, slots=True)
class Header:
    """The parts of a photo's file before its pixels.

    orientation: EXIF's, 1 to 8. undone: whether the decoder turns the picture by itself (HEIC, JPEG XL). packet: the
    embedded XMP, or None. extension: segments of a JPEG that may contain the rest of it, see `extended_packet`.
    only_upright: every program sees the picture upright only (JPEG XL).
    """

    orientation: int
    undone: bool
    packet: bytes | None
    extension: tuple[bytes, ...] = ()
    only_upright: bool = False

    @property
    def stored_orientation(self) -> int:
        """The orientation of the picture that areas refer to. HEIC is treated like JPEG here: digiKam 7.9 turns both by
        EXIF, or by the sidecar, and ignores what the decoder does."""
        return 1 if self.only_upright else self.orientation


def read_header(path: str) -> Header:
    """The header of the photo at `path`; a RAW photo is read completely. Raises: UnreadablePhoto."""
    if PurePath(path).suffix.lower() in RAW_EXTENSIONS:
        data, _ = read_bytes(path)
        return Header(Photo(data, path).orientation, False, None)
    try:
        with warnings.catch_warnings(action="ignore"), opened_header(path) as image:
            packet = image.info.get("xmp")
            undone = image.format in ("HEIF", "JXL")
            said = image.info.get("original_orientation") if undone else _exif_orientation(image)
            orientation = said if isinstance(said, int) and 1 <= said <= 8 else 1
            found = packet if isinstance(packet, bytes) else None
            return Header(orientation, undone, found, _extension(image), only_upright=image.format == "JXL")
    except UnreadablePhoto:
        raise
    except Exception as error:  # decoders raise many kinds of errors for damaged files
        numbered = isinstance(error, OSError) and error.errno is not None  # Pillow's own OSErrors have no number
        at_fault = numbered or isinstance(error, MemoryError)
        reason = getattr(error, "strerror", None) or reason_for(error)
        raise UnreadablePhoto(path, reason, out_of_reach=at_fault) from error


def orientation_to_undo(header: Header, packet: Packet, size: tuple[int, int]) -> int:
    """The expected rotation of a packet's areas relative to the upright photo of `size` (width and height).

    By the standard, areas refer to the stored picture. Some programs write them for the upright one; the stated sides
    show that, if the orientation swaps sides. If the decoder turns the picture by itself, the packet's own orientation
    has priority over EXIF's, because faceindex 0.1 wrote areas of HEIC upright, with orientation 1.
    """
    said = packet.orientation if header.undone else None
    turned = header.stored_orientation if said is None else said
    return 1 if turned in SIDES_SWAPPED and is_upright(packet.applied, size) else turned


class Sidecars:
    """Finds the sidecars of photos; remembers the last folder that it listed.

    `photo.jpg.xmp` is the name in digiKam and darktable, `photo.xmp` the name in Lightroom; in any case of letters.
    """

    def __init__(self) -> None:
        self._folder: str | None = None
        self._names: dict[str, str] = {}
        self._raws: frozenset[str] = frozenset()

    def of(self, photo: str) -> str | None:
        """The sidecar with the highest priority, or None."""
        return next(iter(self.all_of(photo)), None)

    def all_of(self, photo: str) -> list[str]:
        """All sidecars that may describe the photo, by priority."""
        folder, name = os.path.split(photo)
        self._list(folder)
        wanted = (f"{name}.xmp".casefold(), f"{PurePath(name).stem}.xmp".casefold())
        there = (found for found in dict.fromkeys(wanted) if found in self._names)
        return [os.path.join(folder, self._names[found]) for found in there]  # noqa: PTH118  (also for addresses)

    def own(self, photo: str) -> list[str]:
        """Those of `all_of` that belong to this photo alone: with a `photo.cr2`, `photo.xmp` is not `photo.jpg`'s."""
        stem = PurePath(photo).stem.casefold()
        raws = PurePath(photo).suffix.lower() in RAW_EXTENSIONS
        found = self.all_of(photo)
        return [path for path in found if raws or stem not in self._raws or PurePath(path).stem.casefold() != stem]

    def note(self, sidecar: str) -> None:
        """Note that a new file exists."""
        folder, name = os.path.split(sidecar)
        if folder == self._folder:
            self._names.setdefault(name.casefold(), name)

    def _list(self, folder: str) -> None:
        if folder != self._folder:
            names = [name for name in _listed(folder) if name.lower().endswith(_KEPT)]
            names.sort(reverse=True)
            self._folder = folder
            self._names = {name.casefold(): name for name in names if name.casefold().endswith(".xmp")}
            paths = map(PurePath, names)
            self._raws = frozenset(path.stem.casefold() for path in paths if path.suffix.lower() in RAW_EXTENSIONS)


def new_sidecar(photo: str) -> str:
    """The name for a new sidecar: Lightroom uses `photo.xmp`, and only for RAW photos."""
    path = PurePath(photo)
    return str(path.with_suffix(".xmp")) if path.suffix.lower() in RAW_EXTENSIONS else f"{photo}.xmp"


def read_sidecar(path: str) -> bytes:
    """Its bytes, at most MAX_BYTES + 1. Raises: OSError."""
    with source_of(path).opened(path) as opened:
        return opened.file.read(MAX_BYTES + 1)


def _extension(image: Image.Image) -> tuple[bytes, ...]:
    segments: Iterable[tuple[str, bytes]] = getattr(image, "applist", ())  # of JPEG, in the order of the file
    return tuple(data for name, data in segments if name == "APP1" and data.startswith(SIGNATURE))


def _exif_orientation(image: Image.Image) -> object:
    try:
        return exif_of(image).get(ORIENTATION)
    except Exception:  # as in decoding: broken EXIF is ignored
        return None


def _listed(folder: str) -> Iterator[str]:
    with suppress(OSError):
        yield from source_of(folder).names_in(folder)
