"""`library.browsing`: what somebody needs who looks around in a large library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faceindex.errors import NotInLibrary
from faceindex.library.albums import no_album
from faceindex.library.opened import Opened
from faceindex.library.paging import PAGE
from faceindex.running.lazily import functions, module
from faceindex.store.selection import EVERYTHING, Selection
from faceindex.types import Album, FaceRecord, Folder, Page, PageStarts, PhotosAround

if TYPE_CHECKING:
    from faceindex.store import page_starts
    from faceindex.store.pages import albums_left_out, alone_page
    from faceindex.store.people.name_search import names_like
    from faceindex.store.photos.around import folders, photos_around
else:
    page_starts = module("faceindex.store.page_starts")
    albums_left_out, alone_page = functions("faceindex.store.pages", "albums_left_out", "alone_page")
    names_like = functions("faceindex.store.people.name_search", "names_like")
    folders, photos_around = functions("faceindex.store.photos.around", "folders", "photos_around")


class Browsing:
    """Where the pages of long lists begin, names that are being typed, folders, and photos around a photo.

    size: items of a page; the cursors are those of the list that is named. Raises: UsageError when it is below 1.
    """

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def starts_of_albums(self, size: int, *, unnamed: bool = False) -> PageStarts:
        """Of `library.albums.list`. unnamed: only those without a name."""
        return page_starts.of_albums(self._opened.catalog, size, unnamed=unnamed)

    def starts_of_people(self, size: int) -> PageStarts:
        """Of `library.people.list`."""
        return page_starts.of_people(self._opened.catalog, size)

    def starts_of_album(self, album: int, size: int) -> PageStarts:
        """Of `library.albums.faces`. Raises: NotInLibrary."""
        if self._opened.catalog.album(album) is None:
            raise no_album(album)
        return page_starts.of_album_faces(self._opened.catalog, album, size)

    def starts_of_person(self, person: str, size: int) -> PageStarts:
        """Of `library.people.faces`. Raises: NotInLibrary."""
        return page_starts.of_person_faces(self._opened.catalog, person, size)

    def starts_of_photos(self, size: int, *, among: Selection = EVERYTHING) -> PageStarts:
        """Of `library.photos.list`. Raises: NotInLibrary when nobody has a name in `among`."""
        return page_starts.of_photos(self._opened.catalog, among, size)

    def starts_of_faces_alone(self, size: int) -> PageStarts:
        """Of `faces_alone`."""
        return page_starts.of_faces_alone(self._opened.catalog, size)

    def faces_alone(self, *, limit: int | None = PAGE, cursor: str | None = None) -> Page[FaceRecord]:
        """Faces in no album and without a name, by rising id, without those that are hidden or left alone.

        limit: None for all. Raises: UsageError for a cursor that no page gave.
        """
        return alone_page(self._opened.catalog, limit=limit, cursor=cursor)

    def albums_left_out(self) -> list[Album]:
        """Albums without a name that are hidden or left alone, the largest first."""
        return albums_left_out(self._opened.catalog)

    def names_like(self, typed: str, *, limit: int = 8) -> list[str]:
        """Names that begin with what was typed, or of which a word does, of people who are not hidden; whoever has the
        most faces first. Case and accents make no difference."""
        return names_like(self._opened.catalog.connection, typed, limit)

    def folders(self) -> list[Folder]:
        """Every folder with photos, by path, and the folders that these are in, up to the one that all share."""
        return folders(self._opened.catalog.connection)

    def photos_around(self, photo: int, *, limit: int = 12) -> PhotosAround:
        """The photos before and after this one, and others of its moment: taken within half an hour; where nobody knows
        the time, others of its folder. photo: id. Raises: NotInLibrary."""
        paths = self._opened.catalog.paths_of(photo)
        record = self._opened.catalog.photo(paths[0]) if paths else None
        if record is None:
            raise NotInLibrary(f"no photo {photo} in the library")
        return photos_around(self._opened.catalog, record, limit)
