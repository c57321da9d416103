"""Writes the library's names as XMP face regions into sidecars, new ones or those of other programs."""

from __future__ import annotations

import errno
import itertools
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from faceindex.errors import UnreadablePhoto, UsageError
from faceindex.exchange.xmp.shared_sidecars import has_its_own
from faceindex.exchange.xmp.sidecar_packets import OtherState, sidecar_packet
from faceindex.files.writing import make_folder, write_file
from faceindex.photos.finding.addresses import is_url
from faceindex.photos.finding.sources import source_of
from faceindex.photos.finding.whereabouts import missing
from faceindex.photos.metadata.rdf import BrokenPacket
from faceindex.photos.metadata.xmp import mentions_regions
from faceindex.photos.packets import Sidecars, new_sidecar, read_sidecar
from faceindex.store.catalog import Catalog
from faceindex.store.people.sightings import stored_photo
from faceindex.system.files import is_own
from faceindex.types import FailedPhoto, PhotoRecord, SidecarReport


def write_sidecars(
    catalog: Catalog, paths: Sequence[str], *, to: str | None = None, unnamed: bool = False, dry_run: bool = False
) -> SidecarReport:
    """Write a sidecar for every photo at or under `paths` (absolute) that has a named face.

    to: the folder for the sidecars, with the same subfolders as the photos; None: beside the photos. unnamed: include
    faces without a name. dry_run: write nothing, and report what would be.

    Raises: UsageError if the library has no photo under a path.
    """
    run = _Run(catalog, to, _common_folder(paths), unnamed=unnamed, dry_run=dry_run)
    for record in _photos(catalog, paths):
        run.write(record)
    return SidecarReport(run.written, run.unchanged, run.silent, tuple(run.failed))


class _Run:
    def __init__(self, catalog: Catalog, to: str | None, common: str, *, unnamed: bool, dry_run: bool) -> None:
        self.written = self.unchanged = self.silent = 0
        self.failed: list[FailedPhoto] = []
        self._catalog = catalog
        self._to = to
        self._common = common
        self._unnamed = unnamed
        self._dry_run = dry_run
        self._sidecars = Sidecars()

    def write(self, record: PhotoRecord) -> None:
        """Write the sidecars of one photo: the one for new regions, and others that have regions."""
        existing = sidecars_to_update(self._catalog, record.path, record.photo, self._sidecars)
        targets = existing or [_new_sidecar(self._catalog, record)]
        for place, target in enumerate(targets):
            if place == 0 or (self._to is None and _has_regions(target)):
                self._write_one(record, target, target if existing else None, first=place == 0)

    def _write_one(self, record: PhotoRecord, target: str, existing: str | None, *, first: bool) -> None:
        try:
            if self._to is not None:
                target = str(Path(self._to, _below(target, self._common)))
                existing = target if Path(target).exists() else existing
            elif is_url(target):
                raise OtherState("cannot write to an address; choose a folder with --to DIR")
            if existing == target:
                existing = target = _real(target)
            before = None if existing is None else read_sidecar(existing)
            photo = stored_photo(self._catalog, record.photo)
            packet = sidecar_packet(self._catalog, record.path, photo, before, self._sidecars, unnamed=self._unnamed)
            if packet is None:
                self.silent += 1
            elif packet == before and existing == target:
                self.unchanged += first
            else:
                if not self._dry_run:
                    _write(Path(target), packet)
                    self._sidecars.note(target)
                self.written += 1
        except UnreadablePhoto as error:
            self.failed.append(FailedPhoto(record.path, error.reason, error.out_of_reach))
        except OtherState as error:
            self.failed.append(FailedPhoto(existing or record.path, str(error)))
        except BrokenPacket as error:
            self.failed.append(FailedPhoto(str(existing), f"broken XMP, not changed: {error}"))
        except OSError as error:
            self.failed.append(FailedPhoto(target, error.strerror or str(error), out_of_reach=True))


def sidecars_to_update(catalog: Catalog, path: str, photo: int, sidecars: Sidecars) -> list[str]:
    """The photo's existing sidecars, without a shared one that describes other people."""
    named = f"{path}.xmp".casefold()
    return [
        found
        for found in sidecars.own(path)
        if found.casefold() == named or (_is_file(found) and not has_its_own(catalog, path, photo))
    ]


def _is_file(path: str) -> bool:
    return not missing(path) if is_url(path) else Path(path).is_file()


def _new_sidecar(catalog: Catalog, record: PhotoRecord) -> str:
    """The name for a new sidecar."""
    new, named = new_sidecar(record.path), f"{record.path}.xmp"
    return named if new != named and has_its_own(catalog, record.path, record.photo) else new


def _has_regions(sidecar: str) -> bool:
    try:
        return mentions_regions(read_sidecar(sidecar))
    except OSError:
        return False


def _photos(catalog: Catalog, paths: Sequence[str]) -> Iterator[PhotoRecord]:
    seen: set[str] = set()
    for under in paths:
        records = list(catalog.photos(under))
        if not records:
            raise UsageError(f"the library has no photo at or under {under}")
        for record in records:
            if record.path not in seen:
                seen.add(record.path)
                yield record


def _common_folder(paths: Sequence[str]) -> str:
    """The deepest folder that contains all of `paths`; files on disks and at addresses have none in common."""
    folders = [path if source_of(path).is_folder(path) else os.path.dirname(path) for path in paths]  # noqa: PTH120
    parts = [folder.rstrip("/").split("/") for folder in folders]
    alike = itertools.takewhile(lambda same: len(set(same)) == 1, zip(*parts, strict=False))
    return "/".join(same[0] for same in alike)


def _below(path: str, folder: str) -> str:
    """`path` relative to `folder`. Raises: OSError if it leads out of it, as the names of S3 objects may."""
    below = path.removeprefix(folder).lstrip("/").replace("://", "/", 1)
    if ".." in below.split("/"):
        raise OSError(errno.EINVAL, "its name points outside of the folder", path)
    return below


def _real(sidecar: str) -> str:
    """The file behind a sidecar that is a link of this user; the link stays a link. Raises: OSError if another user
    made the link, as it might lead to a private file."""
    status = os.lstat(sidecar)
    if not stat.S_ISLNK(status.st_mode):
        return sidecar
    if not is_own(status):
        raise OSError(errno.EPERM, "a link that another user made; nothing was written through it", sidecar)
    return os.path.realpath(sidecar)


def _write(path: Path, packet: bytes) -> None:
    """Write the sidecar. A new one is private; an existing one keeps its permissions, so that other programs can read
    it."""
    if not path.parent.is_dir():
        make_folder(path.parent)
    mode = stat.S_IMODE(path.stat().st_mode) & 0o666 if path.exists() else None
    write_file(path, packet, mode)
