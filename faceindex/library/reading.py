"""What a library holds."""

from __future__ import annotations

from collections.abc import Iterator

from faceindex.errors import UsageError
from faceindex.library.opened import Opened, StrPath
from faceindex.people.history import past_acts
from faceindex.photos.find import absolute
from faceindex.search import calibrated
from faceindex.search import index as face_index
from faceindex.store.lost import lost_faces
from faceindex.store.selection import Selection, selected_photos
from faceindex.types import (
    Album,
    FaceRecord,
    FailedPhoto,
    IndexReport,
    LostFace,
    PastAct,
    Person,
    PhotoRecord,
    Status,
    Vectors,
)


class Reading(Opened):
    """Photos, faces, albums, people and figures, as they were stored."""

    def status(self) -> Status:
        """The library in figures."""
        counts, index = self._folder.catalog.counts(), face_index.report(self._folder)
        return Status(
            library=str(self.path),
            recipe=self.recipe.title,
            photos=counts["photos"],
            failed=counts["failures"],
            faces=counts["faces"],
            people=counts["people"],
            albums=counts["albums"],
            segments=counts["segments"],
            index=index.state,
            bytes=self._folder.bytes_on_disk(),
            index_kind=index.kind,
            index_recall=index.recall,
            index_beside=index.beside,
            calibration=calibrated.source(self._folder),
            out_of_reach=self._folder.catalog.out_of_reach(),
        )

    def index(self) -> IndexReport:
        """What is known of the index."""
        return face_index.report(self._folder)

    def photos(self, under: StrPath | None = None) -> Iterator[PhotoRecord]:
        """Every path of every photo, by path; or only those at or under the path `under`."""
        return self._folder.catalog.photos(None if under is None else absolute(under))

    def photo(self, path: StrPath) -> PhotoRecord:
        """The photo at this path. Raises: UsageError when the library knows none there."""
        wanted = absolute(path)
        found = next((record for record in self._folder.catalog.photos(wanted) if record.path == wanted), None)
        if found is None:
            raise UsageError(f"the library knows no photo {wanted}; `faceindex photos list` shows them")
        return found

    def photo_faces(self, path: StrPath) -> list[FaceRecord]:
        """The faces of the photo at this path, hidden ones too, from left to right. Raises: as `photo`."""
        return sorted(self._folder.catalog.faces_at(self.photo(path).path), key=lambda face: face.box.x)

    def find_photos(self, among: Selection) -> Iterator[PhotoRecord]:
        """Every path of the photos that are meant, by path. Raises: UsageError when somebody has no such name."""
        return selected_photos(self._folder.catalog, among)

    def failed_photos(self) -> list[FailedPhoto]:
        """Every file that could not be read, and every file and folder that was out of reach, and why."""
        return self._folder.catalog.failed()

    def face(self, face: int) -> FaceRecord:
        """The face with this id. Raises: UsageError when there is none."""
        found = self._folder.catalog.faces_with([face])
        if not found:
            raise UsageError(f"no face {face} in {self.path}")
        return found[face]

    def faces(self) -> Iterator[FaceRecord]:
        """Every face, by rising id."""
        return self._folder.catalog.faces()

    def faces_with_vectors(self) -> Iterator[tuple[FaceRecord, Vectors | None]]:
        """Every face with its vector, float32 [d], by rising id; None when it was lost, see `repair`."""
        return self._folder.faces_with_vectors()

    def albums(self, *, hidden: bool = False) -> list[Album]:
        """All albums, largest first. hidden: those that are hidden, and hidden faces in them, too."""
        return self._folder.catalog.albums(hidden=hidden)

    def album(self, album: int, *, hidden: bool = False) -> list[FaceRecord]:
        """The faces of one album. hidden: the hidden ones, too. Raises: UsageError when there is no such album."""
        faces = self._folder.catalog.album_faces(album, hidden=hidden)
        if not faces:
            raise UsageError(f"no album {album}; `faceindex albums list` shows them, `faceindex cluster` makes them")
        return faces

    def people(self, *, hidden: bool = False) -> list[Person]:
        """Everybody with a name, by name. hidden: those who are hidden, too."""
        return self._folder.catalog.people(hidden=hidden)

    def lost_faces(self) -> list[LostFace]:
        """Faces with a name that their photo does not show any more, since it was edited or replaced; by path."""
        return lost_faces(self._folder.catalog)

    def history(self) -> list[PastAct]:
        """Everything that was decided, by rising id."""
        return past_acts(self._folder.catalog)
