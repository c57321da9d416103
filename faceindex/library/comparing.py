"""Two faces compared: the distance, and what it means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from faceindex.errors import UsageError
from faceindex.ingest.workers.machine import choose_workers
from faceindex.judgement import library_calibration as calibrated
from faceindex.judgement.company import tells
from faceindex.library.faces import Faces
from faceindex.library.opened import Opened
from faceindex.photos.pictures import PictureLike
from faceindex.queries.pairs import VerifiedPair, verified
from faceindex.queries.probe_neighbours import neighbours_of
from faceindex.queries.probes import Probe, faces_in
from faceindex.queries.verification import CompanyOf, compared, in_box, largest
from faceindex.search import index as face_index
from faceindex.types import USUAL, Box, Verification


def verification(
    opened: Opened,
    a: PictureLike | int,
    b: PictureLike | int,
    *,
    boxes: tuple[Box | None, Box | None],
    best: bool,
    threshold: float | None,
    min_face: int | None,
) -> Verification:
    """What `Library.verify` does."""
    if best and any(boxes):
        raise UsageError("a box chooses one face, best compares all of them: give one of the two")
    sides = (_side(opened, a, min_face), _side(opened, b, min_face))
    chosen = (_chosen(sides[0], boxes[0], best=best), _chosen(sides[1], boxes[1], best=best))
    limit = opened.recipe.match_threshold if threshold is None else threshold
    asked = threshold is not None
    around = _company_of(opened)
    return compared(sides, chosen, threshold=limit, calibration=opened.calibration, asked=asked, company_of=around)


def verifications(
    opened: Opened,
    pairs: Iterable[tuple[str, str]],
    *,
    threshold: float | None,
    min_face: int | None,
    workers: int | None,
) -> Iterator[VerifiedPair]:
    """What `Library.verify_pairs` does."""
    limit = opened.recipe.match_threshold if threshold is None else threshold
    return verified(
        pairs,
        opened.checked_analyser(min_face),
        threshold=limit,
        calibration=opened.calibration,
        workers=choose_workers(workers).number,
        company_of=_company_of(opened) if threshold is None else lambda _: USUAL,
    )


def _company_of(opened: Opened) -> CompanyOf:
    """What tells the company of a face; nobody waits for an index to be built for it."""
    folder = opened.folder
    calibration = calibrated.known(folder)
    few = not folder.exists or not tells(folder.catalog.counts()["faces"], folder.recipe)
    if calibration is None or few or face_index.stale(folder, opened.index) is not None:
        return lambda _: USUAL
    index = opened.loaded_index()
    return lambda vector: neighbours_of(folder, index, calibration, vector).company


def _side(opened: Opened, given: PictureLike | int, min_face: int | None) -> list[Probe]:
    if isinstance(given, int | np.integer):
        return Faces(opened).probes(face=int(given))
    return faces_in(given, opened.checked_analyser(min_face))


def _chosen(side: Sequence[Probe], box: Box | None, *, best: bool) -> Sequence[int]:
    if best:
        return range(len(side))
    return [largest(side) if box is None else in_box(side, box)]
