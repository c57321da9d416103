"""Plans an export from the library and the files on disk. Nothing is changed here."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from faceindex.errors import UnreadablePhoto
from faceindex.exchange.albums.album_manifest import SELECTED, SIDECAR, AlbumFolder, Link, Manifest
from faceindex.exchange.albums.album_plan import Gathering, Key, Source, chosen, gather, plan_folders, plan_photos
from faceindex.exchange.xmp.sidecar_packets import OtherState, sidecar_packet
from faceindex.exchange.xmp.sidecars import sidecars_to_update
from faceindex.photos.finding.addresses import is_held, is_url, top_of
from faceindex.photos.finding.sources import source_of
from faceindex.photos.identity import HASH_BYTES
from faceindex.photos.metadata.rdf import BrokenPacket
from faceindex.photos.packets import Sidecars, read_sidecar
from faceindex.store.catalog import Catalog
from faceindex.store.people.sightings import StoredPhoto, photo_faces, sightings, stored_photo
from faceindex.types import FailedPhoto


class AlbumPlanner:
    """missing: photos without any file now. stay: paths of the links to them. left: photos that cannot be exported, and
    why. notes: further messages."""

    def __init__(self, catalog: Catalog, folder: Path, old: Manifest) -> None:
        self.missing: set[str] = set()
        self.stay: set[str] = set()
        self.left: list[FailedPhoto] = []
        self.notes: dict[str, None] = {}
        self._catalog = catalog
        self._folder = folder
        self._old = old
        self._owned = old.owned()
        self._sources: dict[int, Source | None] = {}
        self._photo_of: dict[str, int] = {}
        self._sidecars = Sidecars()
        self._packets: dict[int, str | None] = {}

    def plan(self, kind: str, *, unnamed: bool, min_photos: int, xmp: bool) -> tuple[AlbumFolder, ...]:
        """The folders as they should become.

        kind: HARD, SYMBOLIC or COPY. unnamed: include albums without a name. min_photos: leave out smaller albums.
        """
        gathered = chosen(gather(sightings(self._catalog)), unnamed=unnamed, min_photos=min_photos)
        folders = plan_folders(self._folder, gathered, self._old)
        former = {album.key: album for album in self._old.albums}
        albums = [
            self._album(key, photos, *folders[key], former.get(key), kind, xmp) for key, photos in gathered.items()
        ]
        return tuple(album for album in albums if album.photos)

    def plan_selected(self, kind: str, photos: Sequence[int]) -> tuple[AlbumFolder, ...]:
        """One folder with these photos, by id: the export's own."""
        former = next((album for album in self._old.albums if album.folder == SELECTED), None)
        album = self._album((), Gathering(set(photos)), SELECTED, made=False, former=former, kind=kind, xmp=False)
        return (album,) if album.photos else ()

    def _album(
        self, key: Key, photos: Gathering, folder: str, made: bool, former: AlbumFolder | None, kind: str, xmp: bool
    ) -> AlbumFolder:
        before = {link.content: link for link in former.photos} if former else {}
        there, stay = self._present_and_missing(photos, before)
        self.stay.update(link.path for link in stay)
        links = plan_photos(self._folder, folder, there, before=before, stay=stay, kind=kind, owned=self._owned)
        sidecars = [planned for link in links if (planned := self._planned_sidecar(link))] if xmp else []
        away = {f"{link.path}.xmp" for link in stay}
        sidecars += [link for link in (former.sidecars if former and xmp else ()) if link.path in away]
        self.stay.update(away)
        numbers = tuple(sorted(photos.albums))
        return AlbumFolder(
            folder, made, key if isinstance(key, str) else None, numbers, (*links, *stay), tuple(sidecars)
        )

    def _present_and_missing(self, photos: Gathering, before: Mapping[str, Link]) -> tuple[list[Source], list[Link]]:
        there, stay = [], []
        for photo in sorted(photos.photos):
            source = self._source(photo)
            if source:
                there.append(source)
            elif link := before.get(stored_photo(self._catalog, photo).content.hex()):
                stay.append(link)
        return there, stay

    def _source(self, photo: int) -> Source | None:
        if photo not in self._sources:
            paths = self._catalog.paths_of(photo)
            found = next(filter(None, (self._source_at(photo, path) for path in sorted(paths, key=is_url))), None)
            if found is not None:
                self._photo_of[found.path] = photo
            elif paths and all(map(is_held, paths)):
                self.left.append(FailedPhoto(paths[0], "the picture was added by a program and is not a file"))
            else:
                self.missing.update(paths[:1])
            self._sources[photo] = found
        return self._sources[photo]

    def _source_at(self, photo: int, path: str) -> Source | None:
        """The file at one of a photo's paths, if it is still the same photo."""
        content = stored_photo(self._catalog, photo).content.hex()
        try:
            if is_url(path):
                remote = source_of(path).status(path)
                self.notes[f"photos at {top_of(path)} were copied, as links to an address are not possible"] = None
                return Source(photo, path, content, 0, 0, remote.size, remote.mtime_ns)
            status = os.stat(path)  # noqa: PTH116
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return Source(photo, path, content, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)

    def _planned_sidecar(self, link: Link) -> Link | None:
        photo = self._photo_of[link.source]
        if photo not in self._packets:
            packet = self.packet(link)
            self._packets[photo] = None if packet is None else content_of(packet)
        content = self._packets[photo]
        return None if content is None else Link(f"{link.path}.xmp", SIDECAR, link.source, content)

    def packet(self, link: Link) -> bytes | None:
        """The sidecar for a photo with a named face; it keeps what another program's sidecar says."""
        photo = stored_photo(self._catalog, self._photo_of[link.source])
        try:
            return _named_packet(self._catalog, link.source, photo, self._sidecars)
        except (BrokenPacket, OtherState, UnreadablePhoto, OSError) as error:
            self.left.append(FailedPhoto(link.source, f"no sidecar was written: {error}"))
            return None


def _named_packet(catalog: Catalog, path: str, photo: StoredPhoto, sidecars: Sidecars) -> bytes | None:
    """The sidecar for a photo with a named face, together with what another program's sidecar says; else None."""
    if not any(face.person for face in photo_faces(catalog, photo.photo)):
        return None
    existing = sidecars_to_update(catalog, path, photo.photo, sidecars)
    before = read_sidecar(existing[0]) if existing else None
    return sidecar_packet(catalog, path, photo, before, sidecars)


def content_of(data: bytes) -> str:
    """The hash for `Link.content`."""
    return hashlib.blake2b(data, digest_size=HASH_BYTES).hexdigest()
