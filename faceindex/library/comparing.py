"""Two faces, and what the distance between them means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from faceindex.errors import UsageError
from faceindex.evaluation.cross_fit import CrossFit, cross_fit
from faceindex.evaluation.labelled import evaluation_library, ingest_labelled
from faceindex.evaluation.named_faces import named_faces
from faceindex.ingest.machine import choose_workers
from faceindex.ingest.tally import Progress
from faceindex.library.opened import StrPath
from faceindex.library.reading import Reading
from faceindex.photos.pictures import PhotoSource
from faceindex.queries.pairs import VerifiedPair, verified
from faceindex.queries.probes import Probe, faces_in, of_faces
from faceindex.queries.verification import compared, in_box, largest
from faceindex.search import calibrated
from faceindex.types import Box, Verification


class Comparing(Reading):
    """Verification, and the calibration behind its confidence."""

    def verify(
        self,
        a: PhotoSource | int,
        b: PhotoSource | int,
        *,
        boxes: tuple[Box | None, Box | None] = (None, None),
        best: bool = False,
        threshold: float | None = None,
        min_face: int | None = None,
    ) -> Verification:
        """Whether the largest face of `a` and the largest face of `b` are the same person's.

        a, b: photos, which need not be in the library, nor the library exist; or the id of a face of the library.
        boxes: of `a` and of `b`, the face there instead of the largest, pixels of the upright photo. best: of all
        faces, the two that are nearest to each other. threshold: Euclidean, default the recipe's.
        Raises: UnreadablePhoto; NoFaceFound; UsageError when there is no such face.
        """
        if best and any(boxes):
            raise UsageError("a box chooses one face, best compares all of them: give one of the two")
        sides = (self._side(a, min_face), self._side(b, min_face))
        chosen = (_chosen(sides[0], boxes[0], best=best), _chosen(sides[1], boxes[1], best=best))
        limit = self.recipe.match_threshold if threshold is None else threshold
        return compared(sides, chosen, threshold=limit, calibration=self.calibration)

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
        limit = self.recipe.match_threshold if threshold is None else threshold
        return verified(
            pairs,
            self._checked_analyser(min_face),
            threshold=limit,
            confidence=lambda away: float(self.calibration.confidence(away)),
            workers=choose_workers(workers).number,
        )

    def calibrate(
        self,
        labelled: StrPath | None = None,
        *,
        save: bool = False,
        keep: StrPath | None = None,
        workers: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> CrossFit:
        """Fit what distances mean to faces with names, and try the fit on people that it was not fitted to.

        labelled: a folder with a folder of photos for each person; default this library's own people with a name.
        save: let searches and confidences follow from the fit. keep: a folder for what was found in labelled photos,
        for the next time. workers: processes, default as the machine allows.
        Raises: UsageError when there are too few people with two faces; LibraryLocked; LibraryUnwritable.
        """
        if keep is not None:
            self.outside(keep)
        if labelled is None:
            named = named_faces(self._folder)
            result = cross_fit(named.vectors, named.people, named.names)
        else:
            with evaluation_library(self.recipe, None if keep is None else Path(keep)) as folder:
                faces = ingest_labelled(folder, Path(labelled), engine=self._engine, workers=workers, progress=progress)
            result = cross_fit(faces.vectors, faces.people, faces.names)
        if save:
            calibrated.keep(self._folder, result.calibration)
        return result

    def forget_calibration(self) -> None:
        """Go back to the calibration of the recipe. Raises: UsageError without a library; LibraryUnwritable."""
        calibrated.forget(self._folder)

    def _side(self, given: PhotoSource | int, min_face: int | None) -> list[Probe]:
        if isinstance(given, int | np.integer):
            return [of_faces([self.face(int(given))], f"face {given}", self._loaded_index())]
        return faces_in(given, self._checked_analyser(min_face))


def _chosen(side: Sequence[Probe], box: Box | None, *, best: bool) -> Sequence[int]:
    if best:
        return range(len(side))
    return [largest(side) if box is None else in_box(side, box)]
