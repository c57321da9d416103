"""Two faces, and what the distance between them means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from faceindex.evaluation.cross_fit import CrossFit, cross_fit
from faceindex.evaluation.labelled import evaluation_library, ingest_labelled
from faceindex.evaluation.named_faces import named_faces
from faceindex.ingest.machine import choose_workers
from faceindex.ingest.tally import Progress
from faceindex.library.opened import Opened, StrPath
from faceindex.photos.find import absolute
from faceindex.queries.pairs import VerifiedPair, verified
from faceindex.queries.probes import analysed
from faceindex.search import calibrated
from faceindex.types import AnalysedPhoto, Verification
from faceindex.vectors.nearest import distance


class Comparing(Opened):
    """Verification, and the calibration behind its confidence."""

    def verify(
        self, a: StrPath, b: StrPath, *, threshold: float | None = None, min_face: int | None = None
    ) -> Verification:
        """Whether the largest face of `a` and the largest face of `b` are the same person's.

        The photos need not be in the library, nor the library exist. Raises: UnreadablePhoto; NoFaceFound.
        """
        first, second = (max(self._probe(image, min_face).faces, key=lambda face: face.box.area) for image in (a, b))
        limit = self.recipe.match_threshold if threshold is None else threshold
        away = distance(first.vector, second.vector)
        same = away <= limit
        probability = float(self.calibration.confidence(away))
        return Verification(same, away, limit, probability if same else 1 - probability, (first.box, second.box))

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

    def _probe(self, image: StrPath, min_face: int | None) -> AnalysedPhoto:
        return analysed(absolute(image), self._checked_analyser(min_face))
