"""`library.faces`: the faces of a library, their vectors, and what resembles them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from faceindex.errors import NotInLibrary, UsageError
from faceindex.library.albums import album_faces
from faceindex.library.deprecation import renamed
from faceindex.library.opened import Opened
from faceindex.library.paging import PAGE
from faceindex.running.lazily import functions, module
from faceindex.store.pages import face_page
from faceindex.store.people.left_alone import faces_left_alone, not_face_page
from faceindex.store.selection import EVERYTHING, Selection
from faceindex.types import Box, Decided, FaceIds, FaceRecord, NotFace, Page, ProbeFace, Target, Vectors

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from faceindex.judgement import library_calibration as calibrated
    from faceindex.library.searching import search_limit
    from faceindex.people import acting, excluding
    from faceindex.photos.pictures import PictureLike, sources
    from faceindex.queries.matching import SearchQuery, matching
    from faceindex.queries.probes import Probe, Probes, face_at, faces_in, of_faces, of_one_person, of_person
else:
    np = module("numpy")
    sources = functions("faceindex.photos.pictures", "sources")
    search_limit = functions("faceindex.library.searching", "search_limit")
    acting = module("faceindex.people.acting")
    excluding = module("faceindex.people.excluding")
    SearchQuery, matching = functions("faceindex.queries.matching", "SearchQuery", "matching")
    face_at, faces_in, of_faces, of_one_person, of_person = functions(
        "faceindex.queries.probes", "face_at", "faces_in", "of_faces", "of_one_person", "of_person"
    )
    calibrated = module("faceindex.judgement.library_calibration")


FaceNumbers = list[int]


class Faces:
    """The faces of a library; iterating gives every face, by rising id."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def __iter__(self) -> Iterator[FaceRecord]:
        return self._opened.catalog.faces()

    def __call__(self) -> Iterator[FaceRecord]:
        """Every face. Deprecated: iterate over `library.faces`."""
        renamed("faces()", "faces")
        return iter(self)

    def list(self, *, limit: int | None = PAGE, cursor: str | None = None) -> Page[FaceRecord]:
        """Faces by rising id. limit: None for all. Raises: UsageError for a cursor that no page gave."""
        return face_page(self._opened.catalog, limit=limit, cursor=cursor)

    def get(self, face: int) -> FaceRecord:
        """The face with this id. Raises: UsageError when there is none."""
        found = self._opened.catalog.faces_with([face])
        if not found:
            raise NotInLibrary(f"no face {face} in {self._opened.folder.path}")
        return found[face]

    def photos(self, ids: Iterable[int]) -> dict[int, str]:
        """The photo of each of these faces, the first of its paths; ids that no face has are left out."""
        return self._opened.catalog.photos_of_faces(ids)

    def vectors(self, ids: Iterable[int] | npt.ArrayLike | None = None) -> tuple[FaceIds, Vectors]:
        """Ids, int64 [n], and vectors, float32 [n, d], d as `Recipe.dimension`: one read of the files of vectors.

        ids: of the faces that are wanted, in this order; default all that have a vector, by rising id.
        Raises: UsageError when one is not here, or has lost its vector, see `care.repair`; LibraryDamaged.
        """
        if ids is None:
            return self._opened.folder.vectors()
        chosen = np.asarray(ids if hasattr(ids, "__len__") else [*cast(Iterable[int], ids)])
        if chosen.ndim != 1 or (len(chosen) and chosen.dtype.kind not in "iu"):
            raise UsageError(f"ids of faces are integers [n], not {chosen.dtype} of the shape {chosen.shape}")
        wanted = chosen.astype(np.int64)
        return wanted, self._opened.folder.vectors_of(wanted)

    def with_vectors(self) -> Iterator[tuple[FaceRecord, Vectors | None]]:
        """Every face with its vector, float32 [d], by rising id; None when it was lost, see `care.repair`."""
        return self._opened.folder.faces_with_vectors()

    def probes(
        self,
        images: PictureLike | Sequence[PictureLike] = (),
        *,
        box: Box | None = None,
        same_person: bool = False,
        face: int | None = None,
        album: int | None = None,
        person: str | None = None,
        min_face: int | None = None,
    ) -> Probes:
        """Probes: faces to search with. Exactly one kind is given; see `matches`.

        images: one photo or several, see `Library.search`: every face in them; with same_person, the largest face of
        each, as one probe; with box, in pixels of the upright photo, the face there. face: one of the library, by its
        id. album, person: all their faces, as one probe.

        Raises: UsageError when it is not exactly one kind, or it does not exist; UnreadablePhoto; NoFaceFound.
        """
        opened, images = self._opened, sources(images)
        if sum(map(bool, (images, face, album, person))) != 1:
            raise UsageError("search with photos, or with one of --face, --album and --person")
        if (box and len(images) != 1) or (same_person and (box or not images)):
            raise UsageError("--box chooses a face of one photo, --same-person takes the largest faces of several")
        if face is not None:
            return [of_faces([self.get(face)], f"face {face}", opened.loaded_index())]
        if album is not None:
            return [of_faces(album_faces(opened, album), f"album {album}", opened.loaded_index())]
        if person is not None:
            return [of_person(person, opened.catalog, opened.loaded_index())]
        analyser = opened.checked_analyser(min_face)
        if box is not None:
            return [face_at(images[0], box, opened.catalog, opened.loaded_index(), analyser)]
        if same_person:
            return [of_one_person(images, analyser)]
        return [probe for image in images for probe in faces_in(image, analyser)]

    def matches(
        self,
        probe: Probe,
        *,
        k: int | None = 10,
        threshold: float | None = None,
        fpir: float | None = None,
        among: Selection = EVERYTHING,
        unnamed: bool = False,
        group_by: str | None = None,
    ) -> ProbeFace:
        """The at most k faces of a library that resemble a probe, nearest first.

        See `Library.search`, and `SearchQuery`, for the rest. A probe made of faces of the library, see `probes`, does
        not find these. Raises: UsageError.
        """
        opened = self._opened
        most = max(1, opened.loaded_index().faces) if k is None else k
        limit, own = search_limit(opened, threshold, fpir), threshold is None
        query = SearchQuery(most, limit, among, unnamed, group_by, for_company=own)
        return matching(opened.folder, opened.loaded_index(), calibrated.known(opened.folder), probe, query)

    def hide(self, face: int, *, dry_run: bool = False) -> Decided:
        """Hide a face. Raises: UsageError when there is none with this id."""
        return acting.hide(self._opened.folder, Target(face=face), hidden=True, dry_run=dry_run)

    def unhide(self, face: int, *, dry_run: bool = False) -> Decided:
        """Show a hidden face again. Raises: UsageError when there is none with this id."""
        return acting.hide(self._opened.folder, Target(face=face), hidden=False, dry_run=dry_run)

    def not_face(self, faces: Sequence[int], *, dry_run: bool = False) -> Decided:
        """Say that these are no faces: they leave albums, searches, suggestions, counts and exports.

        They stay out when their photos are analysed again, edited, or taken to another library. Raises: UsageError when
        one is not in the library.
        """
        return excluding.not_face(self._opened.folder, faces, dry_run=dry_run)

    def is_face(self, faces: Sequence[int], *, dry_run: bool = False) -> Decided:
        """Say that these are faces after all. Raises: UsageError when nobody said that one is none."""
        return excluding.is_face(self._opened.folder, faces, dry_run=dry_run)

    def not_faces(self, *, limit: int | None = PAGE, cursor: str | None = None) -> Page[NotFace]:
        """What users said is no face, by rising id. limit: None for all. Raises: UsageError for a cursor that no page
        gave."""
        return not_face_page(self._opened.catalog, limit=limit, cursor=cursor)

    def leave_alone(self, face: int, *, dry_run: bool = False) -> Decided:
        """Ask no more who this is, a face in no album; searches find it as before. Raises: UsageError when there is no
        such face, or it has a name."""
        return excluding.leave_alone(self._opened.folder, Target(face=face), dry_run=dry_run)

    def ask_again(self, face: int, *, dry_run: bool = False) -> Decided:
        """Ask again about a face that was left alone. Raises: UsageError when there is none with this id."""
        return excluding.leave_alone(self._opened.folder, Target(face=face), unknown=False, dry_run=dry_run)

    def left_alone(self) -> FaceNumbers:
        """Ids of the single faces that are left alone, rising. Albums: `albums.list(unknown=True)`."""
        return faces_left_alone(self._opened.catalog.connection)

    def cover(self, face: int, *, dry_run: bool = False) -> Decided:
        """Choose the face that stands for its album and its person. The choice outlasts clusterings and merges, and
        ends when the face is taken out of them. Raises: UsageError when it is in no album and has no name.
        """
        return excluding.cover(self._opened.folder, face, dry_run=dry_run)
