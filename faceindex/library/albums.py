"""`library.albums`: groups of faces taken for one person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from faceindex.errors import NotInLibrary
from faceindex.library.deprecation import renamed
from faceindex.library.opened import Opened, StrPath
from faceindex.library.paging import PAGE
from faceindex.running.lazily import functions, module
from faceindex.store.pages import album_page, face_page
from faceindex.types import Album, AlbumsExport, Decided, FaceRecord, Page, Target

if TYPE_CHECKING:
    from faceindex.exchange.albums.album_folders import export_albums
    from faceindex.people import acting
    from faceindex.people.excluding import leave_alone
    from faceindex.photos.finding.addresses import absolute, refuse_address
else:
    export_albums = functions("faceindex.exchange.albums.album_folders", "export_albums")
    acting = module("faceindex.people.acting")
    leave_alone = functions("faceindex.people.excluding", "leave_alone")
    absolute, refuse_address = functions("faceindex.photos.finding.addresses", "absolute", "refuse_address")


AlbumList = list[Album]  # `list` is a method here


class Albums:
    """The albums of a library: groups of faces taken for one person; iterating gives all, the largest first.

    Hidden albums, hidden faces in the others, and albums that are left alone are left out where nothing else is said.
    With `dry_run`, a decision changes nothing and says what it would change: `Decided.price`.
    """

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def __iter__(self) -> Iterator[Album]:
        return iter(self._opened.catalog.albums())

    def __call__(self, *, hidden: bool = False) -> AlbumList:
        """All albums. Deprecated: iterate over `library.albums`, or `library.albums.list(limit=None)`."""
        renamed("albums()", "albums.list(hidden=True, limit=None)" if hidden else "albums")
        return self._opened.catalog.albums(hidden=hidden)

    def list(
        self,
        *,
        limit: int | None = PAGE,
        cursor: str | None = None,
        hidden: bool = False,
        unknown: bool = False,
        unnamed: bool = False,
    ) -> Page[Album]:
        """Albums, the largest first. limit: None for all. hidden: those that are hidden, and hidden faces, too.
        unknown: those that are left alone, too. unnamed: only those without a name.

        Raises: UsageError for a cursor that no page gave.
        """
        return album_page(
            self._opened.catalog, limit=limit, cursor=cursor, hidden=hidden, unknown=unknown, unnamed=unnamed
        )

    def get(self, album: int) -> Album:
        """The album of this number, also a hidden one. Raises: UsageError when there is none."""
        catalog = self._opened.catalog
        found = catalog.album(album) or catalog.album(album, hidden=True)
        if found is None:
            raise no_album(album)
        return found

    def faces(
        self, album: int, *, limit: int | None = PAGE, cursor: str | None = None, hidden: bool = False
    ) -> Page[FaceRecord]:
        """The faces of an album. limit: None for all. hidden: the hidden ones, too.

        Raises: UsageError when there is no such album, and for a cursor that no page gave.
        """
        if self._opened.catalog.album(album, hidden=hidden) is None:
            raise no_album(album)
        return face_page(self._opened.catalog, limit=limit, cursor=cursor, album=album, hidden=hidden)

    def merge(self, albums: Sequence[int], *, dry_run: bool = False) -> Decided:
        """Say that all faces of these albums are one person's. Raises: UsageError when they are different people's."""
        return acting.merge(self._opened.folder, albums, dry_run=dry_run)

    def split(self, album: int, faces: Sequence[int], *, dry_run: bool = False) -> Decided:
        """Say that `faces` of the album are one person, and another one than the rest. Raises: UsageError."""
        return acting.split(self._opened.folder, album, faces, dry_run=dry_run)

    def reject(self, faces: Sequence[int], *, dry_run: bool = False) -> Decided:
        """Say that `faces`, of one album, are not of its person. Raises: UsageError."""
        return acting.reject(self._opened.folder, faces, dry_run=dry_run)

    def move(self, faces: Sequence[int], album: int, *, dry_run: bool = False) -> Decided:
        """Say that `faces`, of one album or of none, belong to this one. Raises: UsageError."""
        return acting.move(self._opened.folder, faces, album, dry_run=dry_run)

    def hide(self, album: int, *, dry_run: bool = False) -> Decided:
        """Hide an album. Raises: UsageError when there is none of this number."""
        return acting.hide(self._opened.folder, Target(album=album), hidden=True, dry_run=dry_run)

    def unhide(self, album: int, *, dry_run: bool = False) -> Decided:
        """Show a hidden album again. Raises: UsageError when there is none of this number."""
        return acting.hide(self._opened.folder, Target(album=album), hidden=False, dry_run=dry_run)

    def leave_alone(self, album: int, *, dry_run: bool = False) -> Decided:
        """Ask no more who this is, and list it no more among albums without a name; searches find it as before.

        Raises: UsageError when there is no such album, or it has a name.
        """
        return leave_alone(self._opened.folder, Target(album=album), dry_run=dry_run)

    def ask_again(self, album: int, *, dry_run: bool = False) -> Decided:
        """List an album again that was left alone. Raises: UsageError when there is none of this number."""
        return leave_alone(self._opened.folder, Target(album=album), unknown=False, dry_run=dry_run)

    def export(
        self,
        folder: StrPath,
        *,
        link: str = "hard",
        unnamed: bool = True,
        min_photos: int = 1,
        xmp: bool = False,
        dry_run: bool = False,
    ) -> AlbumsExport:
        """Make `folder` a folder of links for each person, and for each album without a name, or update it.

        link: "hard", where the disk takes them, else symbolic; "symbolic"; or "copy". unnamed: also albums without a
        name. min_photos: smaller albums are left out. xmp: with sidecars that name the faces. Only what an export made
        is ever changed or removed. dry_run: only say what would be done.
        Raises: UsageError when `folder` holds other things, or cannot be written.
        """
        refuse_address(folder, "a folder of links")
        path = Path(absolute(folder))
        return export_albums(
            self._opened.folder, path, kind=link, unnamed=unnamed, min_photos=min_photos, xmp=xmp, dry_run=dry_run
        )


def album_faces(opened: Opened, album: int, *, hidden: bool = False) -> Sequence[FaceRecord]:
    """The faces of one album. hidden: the hidden ones, too. Raises: UsageError when there is no such album."""
    faces = opened.catalog.album_faces(album, hidden=hidden)
    if not faces:
        raise no_album(album)
    return faces


def no_album(album: int) -> NotInLibrary:
    """The error about an album that does not exist."""
    return NotInLibrary(f"no album {album}; `faceindex albums list` shows them, `faceindex cluster` makes them")
