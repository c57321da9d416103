"""The topics of a library, each an object of its own, which is imported when it is first used."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from faceindex.library.opened import Opened

if TYPE_CHECKING:
    from faceindex.library.albums import Albums
    from faceindex.library.browsing import Browsing
    from faceindex.library.care import Care
    from faceindex.library.crops import Crops
    from faceindex.library.faces import Faces
    from faceindex.library.history import History
    from faceindex.library.index import Index
    from faceindex.library.people import People
    from faceindex.library.photos import Photos
    from faceindex.library.sheets import Sheets


class Topics:
    """What all parts of `Library` share: the opened library, and its topics."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    @cached_property
    def photos(self) -> Photos:
        """Its photos."""
        from faceindex.library.photos import Photos

        return Photos(self._opened)

    @cached_property
    def faces(self) -> Faces:
        """Its faces."""
        from faceindex.library.faces import Faces

        return Faces(self._opened)

    @cached_property
    def albums(self) -> Albums:
        """Its albums."""
        from faceindex.library.albums import Albums

        return Albums(self._opened)

    @cached_property
    def people(self) -> People:
        """Its people."""
        from faceindex.library.people import People

        return People(self._opened)

    @cached_property
    def browsing(self) -> Browsing:
        """For pages: where long lists begin, names that are typed, folders, photos around a photo."""
        from faceindex.library.browsing import Browsing

        return Browsing(self._opened)

    @cached_property
    def history(self) -> History:
        """What was decided, and undone."""
        from faceindex.library.history import History

        return History(self._opened)

    @cached_property
    def index(self) -> Index:
        """Its index."""
        from faceindex.library.index import Index

        return Index(self._opened)

    @cached_property
    def care(self) -> Care:
        """Its disk: checks, backups, repairs."""
        from faceindex.library.care import Care

        return Care(self._opened)

    @cached_property
    def crops(self) -> Crops:
        """Pictures of its faces and photos."""
        from faceindex.library.crops import Crops

        return Crops(self._opened)

    @cached_property
    def sheets(self) -> Sheets:
        """Its HTML pages."""
        from faceindex.library.sheets import Sheets

        return Sheets(self._opened)
