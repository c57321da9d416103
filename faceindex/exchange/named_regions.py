"""Names that other programs wrote into photos and sidecars, read as names of the library's faces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from faceindex.errors import UnreadablePhoto
from faceindex.exchange.region_faces import faces_of_regions
from faceindex.photos.areas import box_of, upright
from faceindex.photos.extended_xmp import extended_packet
from faceindex.photos.packets import Sidecars, orientation_to_undo, read_header, read_sidecar
from faceindex.photos.rdf import BrokenPacket
from faceindex.photos.xmp import Packet, mentions_regions
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.names import decide_names
from faceindex.store.sightings import photo_faces, stored_photo, undecided
from faceindex.types import Box, FailedPhoto, NamesRead


@dataclass(slots=True)
class _Tally:
    """people: face that nobody had decided about to its name."""

    photos: int = 0
    names: int = 0
    decided: int = 0
    without_face: int = 0
    people: dict[int, str] = field(default_factory=dict)
    warnings: list[FailedPhoto] = field(default_factory=list)


def read_names(folder: LibraryFolder, paths: Sequence[str]) -> NamesRead:
    """Name the faces of the library's photos at or under `paths` (absolute) as their XMP says.

    A sidecar goes before what is in the photo. A face that anybody decided anything about stays as it is: a name that
    was taken away does not come back. Broken XMP is a warning. Raises: LibraryUnwritable.
    """
    tally = _Tally()
    sidecars = Sidecars()
    seen: set[str] = set()
    for under in paths:
        for record in folder.catalog.photos(under):
            if record.path not in seen:
                seen.add(record.path)
                _read_photo(folder.catalog, record.path, record.photo, sidecars, tally)
    named = _decide(folder, tally.people) if tally.people else 0
    return NamesRead(
        photos=tally.photos,
        names=tally.names,
        named=named,
        decided=tally.decided,
        without_face=tally.without_face,
        warnings=tuple(tally.warnings),
    )


def named_boxes(
    path: str, size: tuple[int, int], sidecars: Sidecars, warn: Callable[[str, str], None]
) -> list[tuple[str, Box]]:
    """Names and boxes, in pixels of the upright photo of `size`, from the first packet of a photo that has any.

    warn: is told the file and what is wrong with it.
    """
    header = None
    for file, data in _packets(path, sidecars, warn):
        if not mentions_regions(data):
            continue
        try:
            packet = Packet(data)
            header = header or read_header(path)
        except (BrokenPacket, UnreadablePhoto) as error:
            warn(file, error.reason if isinstance(error, UnreadablePhoto) else f"broken XMP: {error}")
            continue
        turned = orientation_to_undo(header, packet, size)
        if names := packet.names():
            return [(name, box_of(upright(area, turned), size)) for name, area in names]
    return []


def _packets(path: str, sidecars: Sidecars, warn: Callable[[str, str], None]) -> Iterator[tuple[str, bytes]]:
    """Files and the packets in them; the photo itself is only opened when its sidecar was not enough."""
    sidecar = sidecars.of(path)
    if sidecar:
        try:
            yield sidecar, read_sidecar(sidecar)
        except OSError as error:
            warn(sidecar, error.strerror or str(error))
    try:
        header = read_header(path)
    except UnreadablePhoto as error:
        warn(path, error.reason)
        return
    if header.packet is None:
        return
    yield path, header.packet
    try:
        extended = extended_packet(header.packet, header.extension)
    except BrokenPacket as error:
        if any(map(mentions_regions, header.extension)):  # most hold depth maps, which nobody misses here
            warn(path, f"broken XMP: {error}")
    else:
        if extended is not None:
            yield path, extended


def _read_photo(catalog: Catalog, path: str, photo: int, sidecars: Sidecars, tally: _Tally) -> None:
    size = stored_photo(catalog, photo).size
    found = named_boxes(path, size, sidecars, lambda file, why: tally.warnings.append(FailedPhoto(file, why)))
    if not found:
        return
    faces = photo_faces(catalog, photo)
    matched = faces_of_regions([box for _, box in found], [face.box for face in faces])
    tally.photos += 1
    tally.names += len(found)
    tally.without_face += len(found) - len(matched)
    for place, other in matched.items():
        if faces[other].decided:
            tally.decided += 1
        else:
            tally.people.setdefault(faces[other].face, found[place][0])


def _decide(folder: LibraryFolder, people: dict[int, str]) -> int:
    faces_of: dict[str, list[int]] = defaultdict(list)
    with folder.decisions() as catalog, catalog.transaction() as transaction:
        for face in sorted(undecided(catalog, people)):  # somebody may have decided meanwhile
            faces_of[people[face]].append(face)
        decide_names(transaction, faces_of)
    return sum(map(len, faces_of.values()))
