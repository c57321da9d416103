"""What an export of albums would do to a folder; nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from faceindex.exchange.albums.album_links import is_current, is_last, is_what_was_made
from faceindex.exchange.albums.album_manifest import AlbumFolder, Link, Manifest
from faceindex.exchange.albums.album_planner import AlbumPlanner
from faceindex.photos.finding.own_folders import ALBUMS_MANIFEST
from faceindex.types import AlbumsExport, FailedPhoto

_NOT_OURS = "changed or added by somebody since the last export; would not be touched"
_LAST = "the last copy of this photo; would not be removed"


def rehearse(folder: Path, old: Manifest, planner: AlbumPlanner, albums: tuple[AlbumFolder, ...]) -> AlbumsExport:
    """The report that an export of `albums` would give, if the disk takes every link and no photo has changed.

    old: what an earlier export made. Raises: OSError.
    """
    owned, left = old.owned(), list(planner.left)
    wanted = {link.path: link for album in albums for link in album.links()}
    made = kept = removed = 0
    for path, link in wanted.items():
        if path in planner.stay or is_current(folder / path, link):
            kept += 1
        elif (folder / path).parent.is_symlink() or _is_foreign(folder / path, owned.get(path, ())):
            left.append(FailedPhoto(str(folder / path), _NOT_OURS))
        else:
            made += 1
    for path in sorted(owned.keys() - wanted.keys()):
        full = folder / path
        if not os.path.lexists(full):
            continue
        if full.parent.is_symlink() or _is_foreign(full, owned[path]):
            left.append(FailedPhoto(str(full), _NOT_OURS))
        elif is_last(full, owned[path]):
            left.append(FailedPhoto(str(full), _LAST))
        else:
            removed += 1
    filled = [album for album in albums if album.photos]
    return AlbumsExport(
        folder=str(folder),
        manifest=str(folder / ALBUMS_MANIFEST),
        albums=len(filled),
        photos=sum(len(album.photos) for album in filled),
        made=made,
        kept=kept,
        removed=removed,
        sidecars=sum(len(album.sidecars) for album in filled),
        missing=tuple(sorted(planner.missing)),
        left=tuple(dict.fromkeys(left)),
        notes=tuple(planner.notes),
    )


def _is_foreign(path: Path, made: Iterable[Link]) -> bool:
    return os.path.lexists(path) and not is_what_was_made(path, made)
