"""Names that XMP lists for a whole photo: Iptc4xmpExt:PersonInImage, which has no places.

Names of face regions of the same packet are left out: `ingest --xmp` reads these with their places.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from faceindex.errors import UnreadablePhoto
from faceindex.exchange.programs.folders import size_of, walked
from faceindex.exchange.programs.named_regions import ForeignPhoto, Problems, region
from faceindex.photos.identity import claims_to_be_photo
from faceindex.photos.metadata.keyword_lists import PERSON_IN_IMAGE, listed_names
from faceindex.photos.metadata.rdf import BrokenPacket
from faceindex.photos.metadata.xmp import Packet
from faceindex.photos.packets import Sidecars, read_header, read_sidecar


def photos_with_lists(path: Path, problems: Problems) -> Iterator[ForeignPhoto]:
    """The photos at or under `path` whose sidecars or own XMP list people."""
    sidecars = Sidecars()
    for photo in _photos(path, problems):
        names = _names(photo, sidecars, problems)
        regions = [made for name in names if (made := region(name, None, problems, photo)) is not None]
        if regions:
            yield ForeignPhoto(photo, tuple({one.name: one for one in regions}.values()), length=size_of(photo))


def _photos(path: Path, problems: Problems) -> Iterator[str]:
    if not path.is_dir():
        yield str(path.absolute())
        return
    for folder, files in walked(path.absolute(), problems.add):
        yield from (os.path.join(folder, name) for name in files if claims_to_be_photo(name))  # noqa: PTH118


def _names(photo: str, sidecars: Sidecars, problems: Problems) -> list[str]:
    """The names in the first packet that lists any."""
    for file, data in _packets(photo, sidecars, problems):
        if PERSON_IN_IMAGE.encode() not in data and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            continue
        try:
            packet = Packet(data)
        except BrokenPacket as error:
            problems.add(file, f"broken XMP: {error}")
            continue
        placed = {one.name for one in packet.regions()}
        if names := [name for name in listed_names(packet) if name not in placed]:
            return names
    return []


def _packets(photo: str, sidecars: Sidecars, problems: Problems) -> Iterator[tuple[str, bytes]]:
    for sidecar in sidecars.all_of(photo):
        try:
            yield sidecar, read_sidecar(sidecar)
        except OSError as error:
            problems.add(sidecar, error.strerror or str(error))
    try:
        header = read_header(photo)
    except UnreadablePhoto as error:
        problems.add(photo, error.reason)
        return
    if header.packet is not None:
        yield photo, header.packet
