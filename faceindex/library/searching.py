"""Searches, their thresholds, and identification."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from faceindex.errors import UsageError
from faceindex.judgement.calibration import DEFAULT_FPIR
from faceindex.library.opened import Opened, StrPath
from faceindex.photos.finding.addresses import absolute
from faceindex.queries.over_years import factors_over_years
from faceindex.queries.probe_neighbours import neighbours_of
from faceindex.queries.probes import Probe
from faceindex.running.lazily import functions, module
from faceindex.store.photos.years import year_of
from faceindex.types import BatchAnswer, IdentifiedFace

if TYPE_CHECKING:
    from faceindex.ingest.workers.machine import choose_workers
    from faceindex.judgement import library_calibration as calibrated
    from faceindex.queries.batch import BatchSearch, is_vector_file
    from faceindex.queries.matching import SearchQuery
    from faceindex.queries.naming import identified, named_gallery
else:
    choose_workers = functions("faceindex.ingest.workers.machine", "choose_workers")
    BatchSearch, is_vector_file = functions("faceindex.queries.batch", "BatchSearch", "is_vector_file")
    identified, named_gallery = functions("faceindex.queries.naming", "identified", "named_gallery")
    calibrated = module("faceindex.judgement.library_calibration")


def search_limit(opened: Opened, threshold: float | None, fpir: float | None, faces: int | None = None) -> float:
    """The threshold of a search: as given, or the one for so many expected false identifications.

    faces: that are searched, default all of the library. Raises: UsageError.
    """
    if threshold is not None and fpir is not None:
        raise UsageError("a search takes a threshold or expected false identifications (fpir), not both")
    if fpir is not None and not 0 < fpir < np.inf:
        raise UsageError(f"expected false identifications (fpir) must be a number above 0, not {fpir:g}")
    if threshold is not None:
        return threshold
    if fpir is None and calibrated.known(opened.folder) is None:
        return np.inf
    searched = opened.loaded_index().faces if faces is None else faces
    return opened.calibration.threshold(DEFAULT_FPIR if fpir is None else fpir, searched)


def batch_answers(
    opened: Opened, source: StrPath, query: SearchQuery, *, min_face: int | None, workers: int | None
) -> Iterator[BatchAnswer]:
    """What `Library.search_many` does."""
    path, processes = Path(absolute(source)), choose_workers(workers).number
    calibration = calibrated.known(opened.folder)
    search = BatchSearch(opened.folder, opened.loaded_index(), calibration, query, max(1, processes))
    if is_vector_file(path):
        return search.vectors(path)
    return search.photos(path, opened.checked_analyser(min_face), processes)


def identified_faces(
    opened: Opened, probes: Sequence[Probe], *, method: str, threshold: float | None, fpir: float | None
) -> list[IdentifiedFace]:
    """What `Library.identify` does, with faces that were found."""
    index = opened.loaded_index()
    gallery = named_gallery(opened.catalog, index)
    limit = search_limit(opened, threshold, fpir, len(gallery.ids))
    calibration, found = opened.calibration, []

    def factor_of(row: int) -> float:
        own = (int(gallery.ids[row]),)
        return neighbours_of(opened.folder, index, calibration, gallery.vectors[row], without=own).company.factor

    for probe in probes:
        company = neighbours_of(opened.folder, index, calibration, probe.vector, without=probe.faces).company
        distances, taken = gallery.distances(probe.vector), year_of(probe.taken)
        factors = factors_over_years(distances, gallery.years, taken, company.factor, limit, factor_of)
        found.append(
            identified(
                probe,
                gallery,
                opened.catalog,
                method=method,
                limits=limit * factors if threshold is None else np.full(len(factors), limit),
                factors=factors,
                evidence=calibration.log_likelihood_ratio,
                company=company,
            )
        )
    return found
