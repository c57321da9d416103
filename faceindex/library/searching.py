"""Faces that resemble a face."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from faceindex.errors import UsageError
from faceindex.ingest.machine import choose_workers
from faceindex.library.opened import StrPath
from faceindex.library.reading import Reading
from faceindex.photos.find import absolute
from faceindex.photos.pictures import PhotoSource, sources
from faceindex.queries.batch import BatchSearch, is_vector_file
from faceindex.queries.matching import Wish, matching
from faceindex.queries.naming import identified, named_gallery
from faceindex.queries.probes import Probe, face_at, faces_in, of_faces, of_one_person, of_person
from faceindex.search import calibrated
from faceindex.search.calibration import DEFAULT_FPIR
from faceindex.store.selection import EVERYTHING, Selection
from faceindex.types import BatchAnswer, Box, IdentifiedFace, ProbeFace


class Searching(Reading):
    """Search and identification."""

    def search(
        self,
        image: PhotoSource,
        *,
        k: int | None = 10,
        threshold: float | None = None,
        fpir: float | None = None,
        min_face: int | None = None,
    ) -> list[ProbeFace]:
        """For every face in `image`, left to right: the at most k faces within a threshold, nearest first.

        image: a path, the bytes of a file, an open file, a PIL image, or RGB pixels, uint8 [h, w, 3].
        k: None for all of them, exactly, whatever the index. threshold: Euclidean distance. fpir: instead of it, how
        many strangers a query may be expected to find within the threshold, which follows from the library's
        calibration and number of faces; default 0.01. Of another program's vectors that nobody has calibrated yet, the
        k nearest however far they are.
        Raises: UsageError; UnreadablePhoto; NoFaceFound.
        """
        probes = self.probes([image], min_face=min_face)
        return [self.matches(probe, k=k, threshold=threshold, fpir=fpir) for probe in probes]

    def probes(
        self,
        images: PhotoSource | Sequence[PhotoSource] = (),
        *,
        box: Box | None = None,
        same_person: bool = False,
        face: int | None = None,
        album: int | None = None,
        person: str | None = None,
        min_face: int | None = None,
    ) -> list[Probe]:
        """Faces to search with, of the one kind that is given; see `matches`.

        images: of one photo or several, see `search`, every face; with same_person, their largest faces as one; with
        box, pixels of the upright photo, the face there. face: one of the library, by its id. album, person: all faces
        there, as one.

        Raises: UsageError when it is not one kind, or there is no such thing; UnreadablePhoto; NoFaceFound.
        """
        images = sources(images)
        if sum(map(bool, (images, face, album, person))) != 1:
            raise UsageError("search with photos, or with one of --face, --album and --person")
        if (box and len(images) != 1) or (same_person and (box or not images)):
            raise UsageError("--box chooses a face of one photo, --same-person takes the largest faces of several")
        if face is not None:
            return [of_faces([self.face(face)], f"face {face}", self._loaded_index())]
        if album is not None:
            return [of_faces(self.album(album), f"album {album}", self._loaded_index())]
        if person is not None:
            return [of_person(person, self._folder.catalog, self._loaded_index())]
        analyser = self._checked_analyser(min_face)
        if box is not None:
            return [face_at(images[0], box, self._folder.catalog, self._loaded_index(), analyser)]
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
        """The at most k faces of a library that resemble a probe, nearest first; see `search`, and `Wish` for the rest.

        A probe made of faces of the library, see `probes`, does not find these. Raises: UsageError.
        """
        most = max(1, self._loaded_index().faces) if k is None else k
        wish = Wish(most, self._limit(threshold, fpir), among, unnamed, group_by)
        return matching(self._folder, self._loaded_index(), calibrated.known(self._folder), probe, wish)

    def identify(
        self,
        image: PhotoSource,
        *,
        method: str = "vote",
        threshold: float | None = None,
        fpir: float | None = None,
        min_face: int | None = None,
    ) -> list[IdentifiedFace]:
        """Who each face in `image` is, see `search`, left to right, of the people with a name.

        method: "vote" of each person's nearest faces, "nearest" face, or "svm", a linear support vector machine.
        threshold: Euclidean, or fpir: expected number of named faces that a stranger resembles; default 0.01.
        Raises: UsageError when nobody has a name; UnreadablePhoto; NoFaceFound.
        """
        gallery = named_gallery(self._folder.catalog, self._loaded_index())
        probes = self.probes([image], min_face=min_face)
        limit = self._limit(threshold, fpir, len(gallery.ids))
        evidence = self.calibration.log_likelihood_ratio
        return [
            identified(probe, gallery, self._folder.catalog, method=method, threshold=limit, evidence=evidence)
            for probe in probes
        ]

    def search_many(
        self,
        source: StrPath,
        *,
        k: int = 10,
        threshold: float | None = None,
        fpir: float | None = None,
        min_face: int | None = None,
        among: Selection = EVERYTHING,
        unnamed: bool = False,
        group_by: str | None = None,
        workers: int | None = None,
    ) -> Iterator[BatchAnswer]:
        """For every face of all photos at or under `source`, or every row of a .npy or .h5 file of vectors.

        among, unnamed, group_by: which faces are found, as `Wish` says.
        Answers come as soon as they are known; what is wrong with a photo, or a row, is told in its answer.
        Raises: UsageError; RecipeMismatch, when the vectors are another recipe's.
        """
        path = Path(absolute(source))
        wish = Wish(k, self._limit(threshold, fpir), among, unnamed, group_by)
        processes = choose_workers(workers).number
        search = BatchSearch(self._folder, self._loaded_index(), calibrated.known(self._folder), wish, processes)
        if is_vector_file(path):
            return search.vectors(path)
        return search.photos(path, self._checked_analyser(min_face), processes)

    def _limit(self, threshold: float | None, fpir: float | None, faces: int | None = None) -> float:
        """The threshold of a search: as given, or as the expected false identifications ask for.

        faces: that are searched, default all of the library.
        """
        if threshold is not None and fpir is not None:
            raise UsageError("a search takes a threshold or expected false identifications (fpir), not both")
        if fpir is not None and not 0 < fpir < np.inf:
            raise UsageError(f"expected false identifications (fpir) must be a number above 0, not {fpir:g}")
        if threshold is not None:
            return threshold
        if fpir is None and calibrated.known(self._folder) is None:
            return np.inf
        searched = self._loaded_index().faces if faces is None else faces
        return self.calibration.threshold(DEFAULT_FPIR if fpir is None else fpir, searched)
