"""Faces that are thought to have a name, over all photos: by them other faces are judged."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from faceindex.exchange.programs.centres import Centres
from faceindex.types import Vectors

NOBODY = 0
"""The face of a name without one; ids of faces begin with 1."""

_ALBUM_LEAST, _ALBUM_SHARE = 2, 0.8

_TOGETHER, _APART = 0.9, 0.6
"""An album is a person's if the name was said of at least this part of its photos, and each other name of fewer."""

_PHOTOS = 3  # of an album, at least


class Seeds:
    """For each name that was said of a photo, in the order in which they are read, the face that may have it.

    known: faces that have one of these names in the library, by face. dimension: of vectors.
    """

    def __init__(self, known: Mapping[int, int], dimension: int) -> None:
        self.centres = Centres(dimension)
        self._faces = array("q")
        self._known = known
        self._albums: Counter[tuple[int, int]] = Counter()
        self._of_album: Counter[int] = Counter()
        self._said: dict[int, Counter[int]] = defaultdict(Counter)
        self._photos: Counter[int] = Counter()

    def add(
        self, pairs: Sequence[tuple[int, int]], vectors: Mapping[int, Vectors], albums: Mapping[int, int | None]
    ) -> None:
        """Add the next names: (number of the name, face or NOBODY). albums: of the faces."""
        self._faces.extend(face for _, face in pairs)
        new = [(name, face) for name, face in pairs if face != NOBODY and self._known.get(face) != name]
        self.centres.add(new, vectors)
        for name, face in new:
            if (album := albums.get(face)) is not None:
                self._albums[album, name] += 1
                self._of_album[album] += 1

    def add_photo(self, names: Iterable[int], albums: Iterable[int | None]) -> None:
        """Add a photo of which these names were said without a place. albums: of its faces."""
        said = set(names)
        for album in {one for one in albums if one is not None}:
            self._photos[album] += 1
            self._said[album].update(said)

    def add_known(self, vectors: Mapping[int, Vectors]) -> None:
        """Add the faces that have one of the names in the library. vectors: float32 [d], by face."""
        self.centres.add(((name, face) for face, name in self._known.items()), vectors)

    def own(self, first: int, numbers: Sequence[int], name: int) -> list[int]:
        """The faces of a photo that count for the middle of a name. first: the place of the photo's first name among
        all; numbers: of its names."""
        faces = zip(numbers, self._faces[first : first + len(numbers)], strict=True)
        found = (face for number, face in faces if number == name and face != NOBODY)
        return [face for face in found if self._known.get(face) != name]

    def is_known(self, face: int, name: int) -> bool:
        """Whether the face has the name in the library."""
        return self._known.get(face) == name

    def is_album_of(self, album: int | None, name: int, own: Iterable[int | None]) -> bool:
        """Whether nearly all names of an album's faces are this one, or, where none has a name, whether it was said of
        nearly all its photos and no other name was. own: albums of the photo's own faces that count for the name."""
        if album is None:
            return False
        left_out = sum(other == album for other in own)
        count, total = self._albums[album, name] - left_out, self._of_album[album] - left_out
        if total >= _ALBUM_LEAST:
            return count >= _ALBUM_LEAST and count >= _ALBUM_SHARE * total
        return self._is_said_of(album, name)

    def _is_said_of(self, album: int, name: int) -> bool:
        photos = self._photos[album]
        if photos < _PHOTOS:
            return False
        said = self._said[album]
        others = max((count for other, count in said.items() if other != name), default=0)
        return said[name] >= _TOGETHER * photos and others <= _APART * photos
