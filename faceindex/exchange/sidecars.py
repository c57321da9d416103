"""Sidecars: the library's names written as XMP face regions, in new files or into those of other programs."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from faceindex.errors import UnreadablePhoto, UsageError
from faceindex.exchange.region_faces import faces_of_regions
from faceindex.photos.areas import area_of, box_of, stored, stored_size, upright
from faceindex.photos.packets import (
    Sidecars,
    new_sidecar,
    orientation_to_undo,
    read_header,
    read_sidecar,
    sidecar_to_update,
)
from faceindex.photos.rdf import BrokenPacket
from faceindex.photos.xmp import Packet, Region
from faceindex.private_files import make_folder, write_file
from faceindex.store.catalog import Catalog
from faceindex.store.sightings import PhotoFace, StoredPhoto, photo_faces, stored_photo
from faceindex.types import FailedPhoto, PhotoRecord, SidecarReport


def write_sidecars(
    catalog: Catalog, paths: Sequence[str], *, to: str | None = None, unnamed: bool = False
) -> SidecarReport:
    """A sidecar for every photo at or under `paths` (absolute) with a named face.

    to: the folder to write them to, in the folders that the photos are in; None is beside the photos. unnamed: also
    write faces without a name. Raises: UsageError when the library knows no photo under a path.
    """
    written = unchanged = silent = 0
    failed: list[FailedPhoto] = []
    sidecars = Sidecars()
    common = os.path.commonpath([path if os.path.isdir(path) else str(Path(path).parent) for path in paths])  # noqa: PTH112
    for record in _photos(catalog, paths):
        existing = sidecar_to_update(record.path, sidecars)
        target = existing or new_sidecar(record.path)
        try:
            if to is not None:
                target = str(Path(to, os.path.relpath(target, common)))
                existing = target if Path(target).exists() else existing
            if existing == target:
                existing = target = _real(target)
            before = None if existing is None else read_sidecar(existing)
            packet = sidecar_packet(catalog, record.path, stored_photo(catalog, record.photo), before, unnamed=unnamed)
            if packet is None:
                silent += 1
            elif packet == before and existing == target:
                unchanged += 1
            else:
                _write(Path(target), packet)
                written += 1
        except UnreadablePhoto as error:
            failed.append(FailedPhoto(record.path, error.reason))
        except BrokenPacket as error:
            failed.append(FailedPhoto(str(existing), f"broken XMP, left as it is: {error}"))
        except OSError as error:
            failed.append(FailedPhoto(target, error.strerror or str(error)))
    return SidecarReport(written, unchanged, silent, tuple(failed))


def sidecar_packet(
    catalog: Catalog, path: str, photo: StoredPhoto, before: bytes | None, *, unnamed: bool = False
) -> bytes | None:
    """What the sidecar of the photo at `path` should be; None when there is nothing to say and nothing was before.

    before: the sidecar there is: only the names of its face regions change, and faces that it lacks come to it. A
    region of no face, or of a face that nobody decided about, stays as it is. unnamed: also write faces without a
    name. Raises: BrokenPacket when `before` is; UnreadablePhoto.
    """
    faces = photo_faces(catalog, photo.photo)
    wanted = [face for face in faces if face.person or unnamed]
    if before is None and not wanted:
        return None
    header = read_header(path)
    packet = Packet.empty(header.stored_orientation) if before is None else Packet(before)
    turned = orientation_to_undo(header, packet, photo.size)
    renamed, there = _rename_regions(packet, faces, turned, photo.size)
    missing = [face for face in wanted if face.face not in there]
    for face in missing:
        area = stored(area_of(face.box, photo.size), turned)
        packet.add(face.person, area, stored_size(photo.size, turned))
    return packet.as_bytes() if missing or renamed or before is None else before


def _rename_regions(
    packet: Packet, faces: Sequence[PhotoFace], turned: int, size: tuple[int, int]
) -> tuple[bool, set[int]]:
    """Whether any region got another name, and the ids of the faces that have a region of the usual form."""
    renamed = False
    there: set[int] = set()
    regions = packet.regions()
    for microsoft in (True, False):
        form = [region for region in regions if region.microsoft == microsoft]
        boxes = [box_of(upright(region.area, turned), size) for region in form]
        matched = faces_of_regions(boxes, [face.box for face in faces])
        for place, other in matched.items():
            renamed |= _rename(packet, form[place], faces[other])
        there = {faces[other].face for other in matched.values()}
    return renamed, there


def _rename(packet: Packet, region: Region, face: PhotoFace) -> bool:
    if region.name == face.person or not (face.person or face.decided):
        return False
    packet.rename(region, face.person)
    return True


def _photos(catalog: Catalog, paths: Sequence[str]) -> Iterator[PhotoRecord]:
    seen: set[str] = set()
    for under in paths:
        records = list(catalog.photos(under))
        if not records:
            raise UsageError(f"the library knows no photo at or under {under}")
        for record in records:
            if record.path not in seen:
                seen.add(record.path)
                yield record


def _real(sidecar: str) -> str:
    """Where a sidecar is that is a link of the user's own: it stays a link. Raises: OSError when somebody else made it,
    who may have it lead to what is nobody else's business."""
    status = os.lstat(sidecar)
    if not stat.S_ISLNK(status.st_mode):
        return sidecar
    if status.st_uid != os.geteuid():
        raise OSError(errno.EPERM, "a link that another user made; it was not followed", sidecar)
    return os.path.realpath(sidecar)


def _write(path: Path, packet: bytes) -> None:
    """A new one is private; one that is there keeps its permissions, so that other programs may still read it."""
    if not path.parent.is_dir():
        make_folder(path.parent)
    mode = stat.S_IMODE(path.stat().st_mode) & 0o666 if path.exists() else None
    write_file(path, packet, mode)
