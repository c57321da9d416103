"""Exports albums as folders of links or copies, and updates them. It removes only files that an export made.

An export first writes a manifest of all old and all new files, then removes and makes links, then writes the manifest
of the result. After a crash at any moment the manifest still lists every file that may exist, and the next export
completes the work.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from faceindex.errors import OutOfReach, UsageError
from faceindex.exchange.albums.album_links import NO_HARD_LINKS, is_current, is_last, is_what_was_made, make
from faceindex.exchange.albums.album_manifest import (
    HARD,
    KINDS,
    SELECTED,
    SIDECAR,
    SYMBOLIC,
    AlbumFolder,
    Link,
    Manifest,
    read_manifest,
    write_manifest,
    write_table,
)
from faceindex.exchange.albums.album_planner import AlbumPlanner, content_of
from faceindex.exchange.albums.album_rehearsal import rehearse
from faceindex.files.writing import is_temporary, make_folder, sync_folder
from faceindex.photos.finding.own_folders import ALBUMS_MANIFEST
from faceindex.store.folder import LibraryFolder
from faceindex.system.locks import locked_folder
from faceindex.types import AlbumsExport, FailedPhoto

_CIRCUMSTANCES = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO))
_NOT_OURS = "changed or added by somebody since the last export; not touched"
_LAST = "the last copy of this photo; not removed"


def export_albums(
    library: LibraryFolder,
    folder: Path,
    *,
    kind: str = HARD,
    unnamed: bool = True,
    min_photos: int = 1,
    xmp: bool = False,
    dry_run: bool = False,
) -> AlbumsExport:
    """Update `folder` (absolute), so that it has one folder for each person and for each album without a name.

    kind: HARD, SYMBOLIC or COPY. unnamed: include albums without a name. min_photos: leave out smaller albums. xmp:
    write sidecars for photos with a named face. dry_run: change nothing, and report what would be done.

    Raises: UsageError if `folder` is in the library, holds other files or another library's albums, is in use by
    another export, or cannot be written; OutOfReach if its disk is full, read-only or fails.
    """

    def plan(planner: AlbumPlanner) -> tuple[AlbumFolder, ...]:
        return planner.plan(kind, unnamed=unnamed, min_photos=min_photos, xmp=xmp)

    return _export(library, folder, kind, plan, selected=False, dry_run=dry_run)


def export_photos(library: LibraryFolder, folder: Path, photos: Sequence[int], *, kind: str = HARD) -> AlbumsExport:
    """Update `folder` (absolute), so that it has these photos, by id, and no others that an export put there.

    kind, Raises: as `export_albums`; UsageError also if `folder` holds albums.
    """
    return _export(library, folder, kind, lambda planner: planner.plan_selected(kind, photos), selected=True)


def _export(
    library: LibraryFolder,
    folder: Path,
    kind: str,
    plan: Callable[[AlbumPlanner], tuple[AlbumFolder, ...]],
    *,
    selected: bool,
    dry_run: bool = False,
) -> AlbumsExport:
    """selected: the folder is for selected photos, not for albums."""
    if kind not in KINDS:
        raise UsageError(f"photos can be linked as {', '.join(KINDS)}, not {kind}")
    old = _checked(library, folder, selected=selected)
    try:
        if dry_run:
            with library.catalog.snapshot():
                planner = AlbumPlanner(library.catalog, folder, old)
                return rehearse(folder, old, planner, plan(planner))
        make_folder(folder)
        with _alone(folder):
            old = _checked(library, folder, selected=selected)  # read while we hold the lock
            with library.catalog.snapshot():
                planner = AlbumPlanner(library.catalog, folder, old)
                albums = plan(planner)
            return _Export(folder, old, planner).carry_out(Manifest(str(library.path), albums))
    except OSError as error:
        if error.errno in _CIRCUMSTANCES:
            raise OutOfReach(f"cannot write to {folder}: {error.strerror}") from error
        raise UsageError(f"cannot write to {folder}: {error.strerror or error}") from error


class _Export:
    """Carries out a plan. owned: by path, the files that exports made or are about to make."""

    def __init__(self, folder: Path, old: Manifest, planner: AlbumPlanner) -> None:
        self.planner = planner
        self.folder = folder
        self.old = old
        self.owned = old.owned()
        self.made = self.kept = self.removed = 0
        self.left = planner.left
        self.notes = planner.notes
        self._changed: set[Path] = set()

    def carry_out(self, planned: Manifest) -> AlbumsExport:
        """Make the folder as planned, as far as possible, and write the manifest of the result."""
        both = planned.before(self.old)
        self._remove_temporaries({album.folder for album in both.albums} | both.made_folders())
        write_manifest(self.folder, both)
        self.owned = both.owned()
        wanted = {link.path for album in planned.albums for link in album.links()}
        leaving = tuple(
            link
            for path, links in self.old.owned().items()
            if path not in wanted and self._stays(path)
            for link in links
        )
        albums = tuple(album for album in map(self._brought, planned.albums) if album.photos)
        folders = self._without_empty_folders(both.made_folders(), {album.folder for album in albums})
        for folder in (self.folder, *self._changed):
            if folder.is_dir():
                sync_folder(folder)  # before the manifest, so that the manifest is true even after a loss of power
        write_manifest(self.folder, Manifest(planned.library, albums, leaving, folders))
        write_table(self.folder, albums)
        return self._report(albums)

    def _remove_temporaries(self, albums: set[str]) -> None:
        """Remove temporary files of an export that was killed."""
        for folder in (self.folder, *(self.folder / name for name in sorted(albums))):
            if folder.is_dir() and not folder.is_symlink():
                for path in folder.iterdir():
                    if is_temporary(path.name):
                        path.unlink(missing_ok=True)

    def _stays(self, path: str) -> bool:
        """Remove a file that an export made and that is no longer wanted. Returns whether it still exists and is
        ours."""
        made, full = self.owned[path], self.folder / path
        try:
            if not os.path.lexists(full):
                return False
            if full.parent.is_symlink() or not is_what_was_made(full, made):
                self._leave(str(full), _NOT_OURS)
                return False
            if is_last(full, made):
                self._leave(str(full), _LAST)
                return True
            full.unlink()
        except OSError as error:
            self._leave(str(full), error.strerror or str(error))
            return True
        self.removed += 1
        self._changed.add(full.parent)
        return False

    def _brought(self, album: AlbumFolder) -> AlbumFolder:
        """The album's folder after its links were made."""
        folder = self.folder / album.folder
        if folder.is_symlink():  # an export never made it, nor what is in it
            self._leave(str(folder), _NOT_OURS)
            return replace(album, photos=(), sidecars=())
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            self._leave(str(folder), error.strerror or str(error), out_of_reach=error.errno in _CIRCUMSTANCES)
            return replace(album, photos=(), sidecars=())
        photos = tuple(made for link in album.photos if (made := self._bring(link)))
        sidecars = tuple(made for link in album.sidecars if (made := self._bring(link)))
        return replace(album, photos=photos, sidecars=sidecars)

    def _bring(self, link: Link) -> Link | None:
        """Make `link` unless it exists. Returns the link as it is on disk, or None if it cannot be made."""
        full = self.folder / link.path
        try:
            if link.path in self.planner.stay or is_current(full, link):
                self.kept += 1
                return link
            if os.path.lexists(full) and not is_what_was_made(full, self.owned[link.path]):
                self._leave(str(full), _NOT_OURS)
                return link
            made = self._make(link)
        except OSError as error:
            why = f"{error.strerror or error}; try `--link copy`"
            self._leave(link.source, why, out_of_reach=error.errno in _CIRCUMSTANCES)
            return None
        except ValueError as error:
            self._leave(link.source, str(error))
            return None
        self._changed.add(full.parent)
        return made

    def _make(self, link: Link) -> Link:
        packet = (self.planner.packet(link) if link.kind == SIDECAR else None) or b""
        if link.kind == SIDECAR and content_of(packet) != link.content:
            raise ValueError("its names changed during the export; export again")
        try:
            make(self.folder, link, packet)
        except OSError as error:
            if link.kind != HARD or error.errno not in NO_HARD_LINKS:
                raise
            self.notes[f"hard links are not possible here ({error.strerror}); symbolic links were made instead"] = None
            link = replace(link, kind=SYMBOLIC)
            if is_current(self.folder / link.path, link):
                self.kept += 1
                return link
            make(self.folder, link)
        self.made += 1
        return link

    def _without_empty_folders(self, made: set[str], wanted: set[str]) -> tuple[str, ...]:
        """Remove empty folders that exports made and that are no longer wanted. Returns those that still exist."""
        there = []
        for name in sorted(made - wanted):
            try:
                (self.folder / name).rmdir()
            except FileNotFoundError:
                continue
            except OSError:  # it holds a file of the user
                there.append(name)
        return tuple(there)

    def _leave(self, path: str, why: str, *, out_of_reach: bool = False) -> None:
        self.left.append(FailedPhoto(path, why, out_of_reach))

    def _report(self, albums: Sequence[AlbumFolder]) -> AlbumsExport:
        return AlbumsExport(
            folder=str(self.folder),
            manifest=str(self.folder / ALBUMS_MANIFEST),
            albums=len(albums),
            photos=sum(len(album.photos) for album in albums),
            made=self.made,
            kept=self.kept,
            removed=self.removed,
            sidecars=sum(len(album.sidecars) for album in albums),
            missing=tuple(sorted(self.planner.missing)),
            left=tuple(dict.fromkeys(self.left)),
            notes=tuple(self.notes),
        )


def _checked(library: LibraryFolder, folder: Path, *, selected: bool) -> Manifest:
    """The manifest in `folder`. Raises: UsageError if an export may not write there. selected: as in `_export`."""
    library.outside(folder)
    old = read_manifest(folder)
    if old is None:
        if os.path.lexists(folder) and not (folder.is_dir() and all(is_temporary(e.name) for e in folder.iterdir())):
            raise UsageError(f"{folder} holds other files; choose a new or empty folder")
        return Manifest(str(library.path))
    other = Path(old.library)
    if other.is_dir() and not other.samefile(library.path):
        raise UsageError(f"{folder} holds the albums of {other}; choose another folder")
    if any((link.path.partition("/")[0] == SELECTED) != selected for links in old.owned().values() for link in links):
        held = "the albums of `albums export`" if selected else "the photos of `photos find --into`"
        raise UsageError(f"{folder} holds {held}; choose another folder")
    return old


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Raises: UsageError if another export into `folder` is running.

    On a disk without locks two exports can run at once; at worst, one of them does not record a link of the other.
    """
    with ExitStack() as held:
        try:
            held.enter_context(locked_folder(folder))
        except BlockingIOError:
            raise UsageError(f"another export is writing to {folder}; try again when it has finished") from None
        yield
