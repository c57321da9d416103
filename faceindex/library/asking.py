"""The part of `Library` that answers questions: who else is this, who is this, are these the same person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from faceindex.library.opened import StrPath
from faceindex.library.topics import Topics
from faceindex.running.lazily import functions
from faceindex.store.selection import EVERYTHING, Selection

if TYPE_CHECKING:
    from faceindex.library.comparing import verification, verifications
    from faceindex.library.searching import batch_answers, identified_faces, search_limit
    from faceindex.photos.pictures import PictureLike
    from faceindex.queries.matching import SearchQuery
    from faceindex.queries.pairs import VerifiedPair
    from faceindex.types import BatchAnswer, Box, IdentifiedFace, ProbeFace, Verification
else:
    verification, verifications = functions("faceindex.library.comparing", "verification", "verifications")
    batch_answers, identified_faces, search_limit = functions(
        "faceindex.library.searching", "batch_answers", "identified_faces", "search_limit"
    )
    SearchQuery = functions("faceindex.queries.matching", "SearchQuery")


class Asking(Topics):
    """Searches, identification and verification."""

    def search(
        self,
        image: PictureLike,
        *,
        k: int | None = 10,
        threshold: float | None = None,
        fpir: float | None = None,
        min_face: int | None = None,
    ) -> list[ProbeFace]:
        """For every face in `image`, left to right: the at most k faces within a threshold, nearest first.

        image: a path, the bytes of a file, an open file, a PIL image, or RGB pixels, uint8 [h, w, 3]. k: None for all
        of them, exactly, with any index. threshold: Euclidean distance. fpir: instead of it, the expected number of
        strangers that a query finds within the threshold, by the library's calibration and number of faces; default
        0.01. Without a calibration, as of another program's vectors, the k nearest at any distance. Raises: UsageError;
        UnreadablePhoto; NoFaceFound.
        """
        probes = self.faces.probes([image], min_face=min_face)
        return [self.faces.matches(probe, k=k, threshold=threshold, fpir=fpir) for probe in probes]

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

        among, unnamed, group_by: which faces are found, as `SearchQuery` says.
        Answers come as soon as they are known; what is wrong with a photo, or a row, is told in its answer.
        Raises: UsageError; RecipeMismatch, when the vectors are another recipe's.
        """
        limit, own = search_limit(self._opened, threshold, fpir), threshold is None
        query = SearchQuery(k, limit, among, unnamed, group_by, for_company=own)
        return batch_answers(self._opened, source, query, min_face=min_face, workers=workers)

    def identify(
        self,
        image: PictureLike,
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
        return identified_faces(
            self._opened, self.faces.probes([image], min_face=min_face), method=method, threshold=threshold, fpir=fpir
        )

    def verify(
        self,
        a: PictureLike | int,
        b: PictureLike | int,
        *,
        boxes: tuple[Box | None, Box | None] = (None, None),
        best: bool = False,
        threshold: float | None = None,
        min_face: int | None = None,
    ) -> Verification:
        """Whether the largest face of `a` and the largest face of `b` are the same person's.

        a, b: photos, which need not be in the library, nor the library exist; or the id of a face of the library.
        boxes: of `a` and of `b`, the face there instead of the largest, pixels of the upright photo. best: of all
        faces, the two that are nearest to each other. threshold: Euclidean, default the recipe's, for the nearest of
        several pairs as much less as makes it as trustworthy.
        Raises: UnreadablePhoto; NoFaceFound; UsageError when there is no such face.
        """
        return verification(self._opened, a, b, boxes=boxes, best=best, threshold=threshold, min_face=min_face)

    def verify_pairs(
        self,
        pairs: Iterable[tuple[str, str]],
        *,
        threshold: float | None = None,
        min_face: int | None = None,
        workers: int | None = None,
    ) -> Iterator[VerifiedPair]:
        """As `verify`, of many pairs of photos, in their order; each photo is analysed once.

        What is wrong with a photo is told in the rows it is in.
        """
        return verifications(self._opened, pairs, threshold=threshold, min_face=min_face, workers=workers)
