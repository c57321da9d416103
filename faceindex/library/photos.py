"""`library.photos`: the photos of a library, their paths, and what could not be read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from faceindex.errors import NotInLibrary, UsageError
from faceindex.library.deprecation import renamed
from faceindex.library.job import Job, blocking, completed
from faceindex.library.opened import Opened, StrPath, one_or_more
from faceindex.library.paging import PAGE
from faceindex.photos.finding.addresses import absolute, refuse_address
from faceindex.photos.limits import DEFAULT_MAX_MEGAPIXELS
from faceindex.running.lazily import functions
from faceindex.running.meter import Meter
from faceindex.store.pages import failure_page, photo_page
from faceindex.store.selection import EVERYTHING, Selection, selected_photos
from faceindex.types import (
    DRAWN,
    AlbumsExport,
    Box,
    DrawnFace,
    Erased,
    FaceRecord,
    FailedPhoto,
    IngestReport,
    Lifted,
    Page,
    PhotoArchive,
    PhotoRecord,
    Progress,
    Removed,
    SidecarReport,
)

if TYPE_CHECKING:
    from faceindex.exchange.albums.album_folders import export_photos
    from faceindex.exchange.albums.photo_archive import write_archive
    from faceindex.exchange.xmp.sidecars import write_sidecars
    from faceindex.ingest.pictures import ingest_pictures
    from faceindex.ingest.tombstone_lifting import lift, would_lift
    from faceindex.library.erasing import erased
    from faceindex.library.ingesting import ingest_files
    from faceindex.people.drawing import draw
    from faceindex.photos.pictures import PictureLike
else:
    export_photos = functions("faceindex.exchange.albums.album_folders", "export_photos")
    write_archive = functions("faceindex.exchange.albums.photo_archive", "write_archive")
    write_sidecars = functions("faceindex.exchange.xmp.sidecars", "write_sidecars")
    ingest_pictures = functions("faceindex.ingest.pictures", "ingest_pictures")
    lift, would_lift = functions("faceindex.ingest.tombstone_lifting", "lift", "would_lift")
    erased = functions("faceindex.library.erasing", "erased")
    draw = functions("faceindex.people.drawing", "draw")
    ingest_files = functions("faceindex.library.ingesting", "ingest_files")


FaceRecords = list[FaceRecord]  # `list` is a method here
PhotoNumbers = list[int]


class Photos:
    """The photos of a library; iterating gives every path of every photo, by path."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def __iter__(self) -> Iterator[PhotoRecord]:
        return self._opened.catalog.photos()

    def __call__(self, under: StrPath | None = None) -> Iterator[PhotoRecord]:
        """Every photo, or those under a path. Deprecated: iterate over `library.photos`, or `library.photos.under`."""
        renamed("photos()", "photos.under(path)" if under else "photos")
        return iter(self) if under is None else self.under(under)

    def list(
        self, *, limit: int | None = PAGE, cursor: str | None = None, among: Selection = EVERYTHING
    ) -> Page[PhotoRecord]:
        """Paths of photos, by path. among: only selected photos. limit: None for all.

        Raises: UsageError when nobody has a name in `among`, and for a cursor that no page gave.
        """
        return photo_page(self._opened.catalog, limit=limit, cursor=cursor, among=among)

    def get(self, path: StrPath) -> PhotoRecord:
        """The photo at this path. Raises: UsageError when the library knows none there."""
        wanted = absolute(path)
        found = self._opened.catalog.photo(wanted)
        if found is None:
            raise NotInLibrary(f"the library knows no photo {wanted}; `faceindex photos list` shows them")
        return found

    def with_id(self, photo: int) -> PhotoRecord:
        """The photo with this id, at the first of its paths. Raises: NotInLibrary."""
        paths = self._opened.catalog.paths_of(photo)
        if not paths:
            raise NotInLibrary(f"no photo {photo} in the library")
        return self.get(paths[0])

    def faces(self, path: StrPath) -> FaceRecords:
        """The faces of the photo at this path, hidden ones too, from left to right. Raises: as `get`."""
        return sorted(self._opened.catalog.faces_at(self.get(path).path), key=lambda face: face.box.x)

    def under(self, path: StrPath) -> Iterator[PhotoRecord]:
        """Every path of a photo at or under `path`, by path."""
        return self._opened.catalog.photos(absolute(path))

    def find(self, among: Selection) -> Iterator[PhotoRecord]:
        """Every path of the selected photos, by path. Raises: UsageError when nobody has a name in the selection."""
        return selected_photos(self._opened.catalog, among)

    def export(self, folder: StrPath, among: Selection, *, link: str = "hard") -> AlbumsExport:
        """Make `folder` a folder of links to the selected photos, or update it: photos that are no longer selected go.

        link, Raises: as `library.albums.export`; UsageError also when nobody has a name in the selection.
        """
        refuse_address(folder, "a folder of links")
        path = Path(absolute(folder))
        return export_photos(self._opened.folder, path, self._selected(among), kind=link)

    def write_zip(self, out: StrPath, among: Selection) -> PhotoArchive:
        """Write the files of the selected photos into a ZIP file, each once.

        Raises: UsageError when `out` lies in the library itself, or nobody has a name in the selection; OutOfReach.
        """
        return write_archive(self._opened.catalog, self._opened.output(out), self._selected(among))

    def _selected(self, among: Selection) -> PhotoNumbers:
        """Ids of photos."""
        paths = [photo.path for photo in self.find(among)]
        known = (self._opened.catalog.known_path(path) for path in paths)
        return sorted({one.photo for one in known if one is not None and one.photo is not None})

    def failed(self, *, limit: int | None = PAGE, cursor: str | None = None) -> Page[FailedPhoto]:
        """Files that could not be read, and files and folders that were out of reach, and why; limit: None for all."""
        return failure_page(self._opened.catalog, limit=limit, cursor=cursor)

    def start_retry(self, *, progress: Callable[[Progress], None] | None = None) -> Job[IngestReport]:
        """Open the files again that could not be read, and the files and folders that were out of reach.

        Those that are no longer there are left as they are. It waits for another writer. Raises: UsageError when there
        are none; and, from the result, as `Library.ingest`.
        """
        wanted = [failed.path for failed in self.failed(limit=None)]
        there = [path for path in wanted if not path.startswith("/") or os.path.lexists(path)]
        if not there:
            raise UsageError("no file that could not be read is there any more" if wanted else "no file failed")

        def work(meter: Meter) -> IngestReport:
            analyser = self._opened.analyser(None)
            report = ingest_files(
                self._opened, there, analyser=analyser, workers=None, wait=True, retry_failed=True, meter=meter
            )
            return completed(report)

        return self._opened.start("retry", work, progress)

    retry = blocking(start_retry)

    def add(
        self,
        images: Mapping[str, PictureLike] | Iterable[tuple[str, PictureLike]],
        *,
        min_face: int | None = None,
        max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
        wait: bool = False,
    ) -> IngestReport:
        """Analyse and store photos that are no files, one after the other, in this process.

        images: each under a name of your own: RGB pixels, uint8 [h, w, 3], a PIL image, or the bytes of a file. The
        photo's path is `picture:/` and that name. What a photo is says its content, the hash of the bytes or pixels:
        the same one again is unchanged, another one under the same name takes its place. The pixels themselves are not
        kept: pages show no crop of them, and `reencode` and `care.repair` cannot analyse them again.
        min_face, max_megapixels, wait: as of `Library.ingest`. Raises: as `Library.ingest`.
        """
        pairs = images.items() if isinstance(images, Mapping) else images
        analyser = self._opened.analyser(min_face, max_megapixels)
        report = ingest_pictures(self._opened.folder, pairs, analyser=analyser, wait=wait)
        self._opened.faces_changed()
        return report

    def add_face(
        self,
        path: StrPath,
        box: Box,
        *,
        name: str | None = None,
        merge: bool = True,
        min_face: int | None = None,
        dry_run: bool = False,
    ) -> DrawnFace:
        """Add a face that the detector missed, in a box that somebody drew, in pixels of the upright photo.

        It is analysed in this box and stored as others are. It stays when the photo is analysed again, edited, or taken
        to another library. Where no landmarks are found it is aligned by the box: its `origin` is BY_BOX. name: whose
        it is. merge: also when somebody has this name already. dry_run: nothing is stored.
        Raises: UsageError when the library knows no photo at this path, the box lies outside, is tiny or has a face
        already, or the file has changed; NameInUse; UnreadablePhoto; LibraryLocked; ModelError.
        """
        photo, analyser = self.get(path), self._opened.analyser(min_face)
        number, face, decided = draw(
            self._opened.folder, photo, box, analyser=analyser, person=name, merge=merge, dry_run=dry_run
        )
        if not dry_run:
            self._opened.release_index()
        return DrawnFace(number, photo.path, box, face.score, face.quality, face.origin or DRAWN, decided)

    def remove(self, paths: StrPath | Iterable[StrPath], *, dry_run: bool = False) -> Removed:
        """Take photos at or under `paths` out of the library; the files stay, and a later ingest brings them back.

        Names of their faces are kept for that case. dry_run: only say what would be removed.
        Raises: UsageError when the library knows nothing under one; LibraryLocked.
        """
        chosen = [path for under in one_or_more(paths) for path in self._known_paths(under)]
        with self._opened.folder.writer() as writer:
            removed = writer.remove_paths(chosen, dry_run=dry_run)
        if not dry_run:
            self._opened.faces_changed(index=False)
        return removed

    def forget(self, paths: StrPath | Iterable[StrPath], *, dry_run: bool = False) -> Erased:
        """Erase photos at or under `paths` from the disk, under all their paths, for good: tombstones keep them out.

        The photo files stay. dry_run: only say what would be erased. Raises: UsageError when the library knows nothing
        under one; LibraryLocked.
        """
        chosen = [absolute(path) for path in one_or_more(paths)]
        known = [path for under in chosen for path in self._known_paths(under)]
        photos = {photo for under in chosen for photo in self._opened.catalog.photos_under(under)}
        return erased(self._opened, photos=photos, failures=known, dry_run=dry_run)

    def lift(self, paths: StrPath | Iterable[StrPath], *, dry_run: bool = False) -> Lifted:
        """Let what was erased of the photos at or under `paths` come back: remove their tombstones.

        Faces of photos in the library are found again at once; other photos wait for the next ingest. Names do not come
        back: they were erased. dry_run: only count tombstones and photos. Raises: UsageError when a path is missing;
        LibraryLocked; ModelError.
        """
        chosen = [absolute(path) for path in one_or_more(paths)]
        if dry_run:
            return would_lift(self._opened.folder, chosen, analyser=self._opened.analyser(None))
        lifted = lift(self._opened.folder, chosen, analyser=self._opened.analyser(None))
        self._opened.faces_changed()
        return lifted

    def write_sidecars(
        self,
        paths: StrPath | Iterable[StrPath],
        *,
        to: StrPath | None = None,
        unnamed: bool = False,
        dry_run: bool = False,
    ) -> SidecarReport:
        """Write the names of faces into XMP sidecars of the photos at or under `paths`: beside them, or under `to`.

        Of a sidecar that is there only names change, of face regions and in lists of people. A name that a file gave is
        written as the file has it now. unnamed: also write faces without a name. dry_run: write nothing.
        Raises: UsageError when the library knows no photo under a path, or `to` lies in the library itself.
        """
        target = None if to is None else absolute(self._opened.outside(to))
        chosen = [absolute(path) for path in one_or_more(paths)]
        return write_sidecars(self._opened.catalog, chosen, to=target, unnamed=unnamed, dry_run=dry_run)

    def _known_paths(self, under: StrPath) -> Iterable[str]:
        found = [*self._opened.catalog.paths(absolute(under))]
        if not found:
            raise UsageError(f"the library knows no photo at or under {absolute(under)}")
        return found
