"""The content for a photo's sidecar: the existing one, with the library's names in its face regions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from faceindex.exchange.xmp.names_in_photos import Said, names_in_photo
from faceindex.exchange.xmp.region_faces import faces_of_regions
from faceindex.exchange.xmp.region_frames import Frame, frame_of, has_shape
from faceindex.photos.metadata.areas import area_of, box_of
from faceindex.photos.metadata.face_regions import REGIONS, Form
from faceindex.photos.metadata.keyword_lists import rename_in_lists
from faceindex.photos.metadata.xmp import Packet
from faceindex.photos.packets import Header, Sidecars, orientation_to_undo, read_header
from faceindex.store.catalog import Catalog
from faceindex.store.people.sightings import PhotoFace, StoredPhoto, photo_faces


class OtherState(Exception):
    """The regions in a sidecar belong to an earlier version of the photo; the message says so."""


def sidecar_packet(
    catalog: Catalog, path: str, photo: StoredPhoto, before: bytes | None, sidecars: Sidecars, *, unnamed: bool = False
) -> bytes | None:
    """The content for the sidecar of the photo at `path`; None if there is nothing to write and no sidecar exists.

    before: the existing sidecar. Only names in its face regions, and in lists that repeat them, are changed, and
    missing faces are added. A region that is not on a face, or is on a face without a decision, stays as it is.
    unnamed: include faces without a name. Raises: BrokenPacket or OtherState for `before`; UnreadablePhoto.
    """
    faces = _with_names_of_now(catalog, photo, sidecars)
    wanted = [face for face in faces if face.person or unnamed]
    if before is None and not wanted:
        return None
    header = read_header(path)
    packet = Packet.empty(header.stored_orientation) if before is None else Packet(before)
    frames = _frames(header, packet, faces, photo.size)
    if before is not None and not (wanted or any(face.decided for face in faces)):
        return before
    other_shape = packet.applied is not None and not has_shape(packet.applied, photo.size)
    other_state = other_shape or None in frames.values() or packet.orientation != header.stored_orientation
    if rewritten := packet.ours and other_state:
        packet = _written_anew(header, packet, frames, photo.size)
        frames = _frames(header, packet, faces, photo.size)
    edit = _Edit(packet, {form: frame for form, frame in frames.items() if frame is not None}, faces, photo.size)
    if len(edit.frames) < len(frames):
        raise OtherState("its face regions were made before the photo was cropped or turned; not changed")
    frame = edit.frames.get("mwg") or _expected(header, packet, photo.size)
    changed = edit.rename(lists=not other_shape) | edit.add(wanted, frame)
    if changed and other_shape:
        packet.say_sides(frame.sides(photo.size))
    return packet.as_bytes() if changed or rewritten or before is None else before


def _with_names_of_now(catalog: Catalog, photo: StoredPhoto, sidecars: Sidecars) -> list[PhotoFace]:
    """The photo's faces. A face that got its name from a file has the name that the file gives now, or none, so that a
    name from an earlier ingest never overwrites a later correction in the file."""
    faces = photo_faces(catalog, photo.photo)
    if not any(face.follows_file for face in faces):
        return faces
    said = Said()
    for path in catalog.paths_of(photo.photo):
        said.add(names_in_photo(path, photo.size, faces, sidecars, lambda *_: None))
    return [_of_now(face, said) if face.follows_file else face for face in faces]


def _of_now(face: PhotoFace, said: Said) -> PhotoFace:
    now = said.name_of(face)
    return replace(face, person=None if now is None else now.name)


def _frames(
    header: Header, packet: Packet, faces: Sequence[PhotoFace], size: tuple[int, int]
) -> dict[Form, Frame | None]:
    """How to read the regions of each form in the packet."""
    regions = packet.regions()
    boxes = [face.box for face in faces]
    areas = {form: [region.area for region in regions if region.form == form] for form in REGIONS}
    return {
        form: frame_of(header, packet, own, _applied(packet, form, size), boxes, size)
        for form, own in areas.items()
        if own
    }


def _applied(packet: Packet, form: Form, size: tuple[int, int]) -> tuple[float, float] | None:
    applied = packet.applied_to(form) or packet.applied
    return applied if applied is None or has_shape(applied, size) else None


def _expected(header: Header, packet: Packet, size: tuple[int, int]) -> Frame:
    return Frame(orientation_to_undo(header, packet, size))


def _written_anew(header: Header, packet: Packet, frames: dict[Form, Frame | None], size: tuple[int, int]) -> Packet:
    """Our own packet, if the picture was turned or cropped since, or if it states another orientation than EXIF, as our
    packets for HEIC photos once did."""
    new = Packet.empty(header.stored_orientation)
    right = _expected(header, new, size)
    cropped = packet.applied is not None and not has_shape(packet.applied, size)
    for region in [] if cropped else packet.regions():
        if frame := frames[region.form]:
            new.add(region.name, right.written(frame.upright(region.area, size), size), right.sides(size))
    return Packet(new.as_bytes())


class _Edit:
    """Changes to one packet. frames: how to read its regions, by form."""

    def __init__(
        self, packet: Packet, frames: dict[Form, Frame], faces: Sequence[PhotoFace], size: tuple[int, int]
    ) -> None:
        self.packet = packet
        self.frames = frames
        self._faces = faces
        self._size = size
        self._there: set[int] = set()

    def rename(self, *, lists: bool) -> bool:
        """Put each face's name into its region. lists: also into lists of names. Returns whether anything changed."""
        names: dict[str, list[str]] = defaultdict(list)
        renamed = False
        regions = self.packet.regions()
        for form, frame in self.frames.items():
            own = [region for region in regions if region.form == form]
            boxes = [box_of(frame.upright(region.area, self._size), self._size) for region in own]
            for place, other in faces_of_regions(boxes, [face.box for face in self._faces]).items():
                region, face = own[place], self._faces[other]
                if form == "mwg":
                    self._there.add(face.face)
                if region.name == face.person or not (face.person or face.decided):
                    continue
                self.packet.rename(region, face.person)
                renamed = True
                if region.name is not None:
                    names[region.name] += [face.person] if face.person and face.person not in names[region.name] else []
        if lists:
            rename_in_lists(self.packet, names)
        return renamed

    def add(self, wanted: Sequence[PhotoFace], frame: Frame) -> bool:
        """Add a region, in the usual form, for each face that has none."""
        missing = [face for face in wanted if face.face not in self._there]
        for face in missing:
            area = frame.written(area_of(face.box, self._size), self._size)
            self.packet.add(face.person, area, frame.sides(self._size))
        return bool(missing)
