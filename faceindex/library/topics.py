"""The topics of a library, each an object of its own."""

from __future__ import annotations

from faceindex.library.albums import Albums
from faceindex.library.care import Care
from faceindex.library.faces import Faces
from faceindex.library.history import History
from faceindex.library.index import Index
from faceindex.library.opened import Opened
from faceindex.library.people import People
from faceindex.library.photos import Photos
from faceindex.library.sheets import Sheets


class Topics:
    """What all parts of `Library` share: the opened library, and its topics."""

    photos: Photos
    faces: Faces
    albums: Albums
    people: People
    history: History
    index: Index
    care: Care
    sheets: Sheets

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self.photos = Photos(self._opened)
        self.faces = Faces(self._opened)
        self.albums = Albums(self._opened)
        self.people = People(self._opened)
        self.history = History(self._opened)
        self.index = Index(self._opened)
        self.care = Care(self._opened)
        self.sheets = Sheets(self._opened)
