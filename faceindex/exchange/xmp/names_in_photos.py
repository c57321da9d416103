"""The names that the files of a photo give to its faces: its sidecars, and the XMP in the photo itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from faceindex.errors import UnreadablePhoto
from faceindex.exchange.xmp.region_faces import faces_of_regions
from faceindex.exchange.xmp.region_frames import frame_of
from faceindex.photos.finding.whereabouts import missing
from faceindex.photos.metadata.areas import box_of
from faceindex.photos.metadata.extended_xmp import extended_packet
from faceindex.photos.metadata.face_regions import REGIONS
from faceindex.photos.metadata.rdf import BrokenPacket
from faceindex.photos.metadata.xmp import Packet, mentions_regions, same_place
from faceindex.photos.packets import Header, Sidecars, read_header, read_sidecar
from faceindex.store.journal.imports import NameInFile
from faceindex.store.people.sightings import PhotoFace

Warn = Callable[[str, str], None]


@dataclass(slots=True)
class Said:
    """names: for each face its name, and the file with it. loose: names of regions without a face. files: files that
    may name faces of the photo. read: files whose XMP was understood, with names or not. there: files that named a face
    before and still exist.
    """

    names: dict[int, NameInFile] = field(default_factory=dict)
    loose: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    there: set[str] = field(default_factory=set)

    def add(self, other: Said) -> None:
        """Add what the files of another copy of the photo say, for faces that these files do not name."""
        self.names = other.names | self.names
        self.loose += other.loose
        self.files |= other.files
        self.read |= other.read
        self.there |= other.there

    def name_of(self, face: PhotoFace) -> NameInFile | None:
        """The face's name in the files now; if the file cannot be read, the name that it gave before.

        If the file is missing, the name stays too: the photo may have been moved without its sidecar.
        """
        before, now = face.in_file, self.names.get(face.face)
        if before is None:
            return now
        if now is not None:
            return now if before.file in self.files or before.file not in self.there else before
        return None if before.file in self.read and before.name not in self.loose else before


def names_in_photo(
    path: str, size: tuple[int, int], faces: Sequence[PhotoFace], sidecars: Sidecars, warn: Warn
) -> Said:
    """The names in the first packet that has any, for the photo at `path`. size: width and height, upright.

    warn: called with a file and its problem.
    """
    before = {face.in_file.file for face in faces if face.in_file}
    said = Said(files={path, *sidecars.all_of(path)}, there={file for file in before if not missing(file)})
    header = None
    for file, data in _packets(path, sidecars, warn):
        if mentions_regions(data) or any(face.in_file and face.in_file.file == file for face in faces):
            try:
                packet = Packet(data)
                header = header or read_header(path)
            except (BrokenPacket, UnreadablePhoto) as error:
                warn(file, error.reason if isinstance(error, UnreadablePhoto) else f"broken XMP: {error}")
                said.read.discard(file)
                continue
            if not _read_packet(packet, header, file, size, faces, said):
                warn(file, _of_another_state(packet))
                continue
        said.read.add(file)
        if said.names or said.loose:
            break
    return said


def _read_packet(
    packet: Packet, header: Header, file: str, size: tuple[int, int], faces: Sequence[PhotoFace], said: Said
) -> bool:
    """Whether all regions belong to the photo as it is now. If two forms name a face, the first form is used."""
    fits = True
    regions = packet.regions()
    for form in REGIONS:
        own = [region for region in regions if region.form == form]
        applied = packet.applied_to(form) or packet.applied
        boxes = [face.box for face in faces]
        frame = frame_of(header, packet, [region.area for region in own], applied, boxes, size) if own else None
        if frame is None:
            fits &= not own
            continue
        matched = faces_of_regions([box_of(frame.upright(region.area, size), size) for region in own], boxes)
        for place, region in enumerate(own):
            earlier = regions[: regions.index(own[0])]
            if region.name is None:
                continue
            if place in matched:
                said.names.setdefault(faces[matched[place]].face, NameInFile(region.name, file))
            elif not any(other.name and same_place(other.area, region.area) for other in earlier):
                said.loose.append(region.name)
    return fits


def _of_another_state(packet: Packet) -> str:
    sides = "" if packet.applied is None else f" (of {packet.applied[0]:.0f} x {packet.applied[1]:.0f} pixels)"
    return f"its face regions were made before the photo was cropped or turned{sides}; they were not read"


def _packets(path: str, sidecars: Sidecars, warn: Warn) -> Iterator[tuple[str, bytes]]:
    """The files and their packets. The photo itself is opened only if its sidecars name nobody."""
    for sidecar in sidecars.all_of(path):
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
        if any(map(mentions_regions, header.extension)):  # most extensions hold depth maps, which are not needed here
            warn(path, f"broken XMP: {error}")
    else:
        if extended is not None:
            yield path, extended
