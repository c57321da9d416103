"""The faces of a library that resemble a probe and that the query asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from faceindex.errors import UsageError
from faceindex.judgement.calibration import Calibration
from faceindex.queries.combining import first_accepted, firsts
from faceindex.queries.probe_neighbours import neighbours_of
from faceindex.queries.probes import Probe
from faceindex.search.index import LibraryIndex, find_nearest
from faceindex.search.partial import taking_partial_answers
from faceindex.store.folder import LibraryFolder
from faceindex.store.selection import EVERYTHING, Selection, selected_faces
from faceindex.types import Company, FaceRecord, Match, ProbeFace
from faceindex.vectors.nearest import Distances, Found

GROUPS = ("person", "photo")

_FEW = 1 << 16  # matches whose records are read together


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is searched for: the at most k nearest within `threshold`, Euclidean.

    among: only faces in these photos. unnamed: only faces without a name. group_by: "person" or "photo": only the
    nearest face of each; every face without a name counts as a person. for_company: the threshold is for a face in
    usual company, and is made for that of each probe. Raises: UsageError.
    """

    k: int
    threshold: float
    among: Selection = EVERYTHING
    unnamed: bool = False
    group_by: str | None = None
    for_company: bool = False

    def __post_init__(self) -> None:
        if self.k < 1:
            raise UsageError(f"-k must be at least 1, not {self.k}")
        if self.group_by not in (None, *GROUPS):
            raise UsageError(f"matches cannot be grouped by {self.group_by}; there are {', '.join(GROUPS)}")

    @property
    def all_meant(self) -> bool:
        """Whether the query asks for faces without conditions."""
        return self.among == EVERYTHING and not self.unnamed

    def limit(self, company: Company) -> float:
        """The threshold of a probe in this company, Euclidean."""
        return self.threshold * company.factor if self.for_company else self.threshold

    @property
    def nearest_only(self) -> bool:
        """Whether the k nearest faces are the answer, without conditions and groups."""
        return self.all_meant and self.group_by is None


def matching(
    folder: LibraryFolder, index: LibraryIndex, calibration: Calibration | None, probe: Probe, query: SearchQuery
) -> ProbeFace:
    """Faces that resemble `probe`, nearest first, without the faces that it is made of."""
    with taking_partial_answers() as unsearched:
        near = neighbours_of(folder, index, calibration, probe.vector, without=probe.faces)
        limit = query.limit(near.company)

        def find(k: int) -> Found:
            found = near.within(k, limit)
            return find_nearest(folder, index, probe.vector, k, limit) if found is None else found

        def keep(found: Found) -> Found:
            return accepted(folder, query, found, without=probe.faces)

        found = first_accepted(find, query.k, keep)
    matches = matches_of(found, folder, index, calibration, near.company)
    return ProbeFace(probe.box, probe.score, matches, limit, near.company, unsearched.faces)


def matches_of(
    found: Found, folder: LibraryFolder, index: LibraryIndex, calibration: Calibration | None, company: Company
) -> tuple[Match, ...]:
    """Matches for what a probe in this company found, without faces that were removed meanwhile."""
    ids, distances = found
    records = folder.catalog.faces_with(ids)
    return _matches(found, records, _confidences(distances / company.factor, index, calibration))


def matches_of_each(
    found: Sequence[tuple[Found, Company]], folder: LibraryFolder, index: LibraryIndex, calibration: Calibration | None
) -> Iterator[tuple[Match, ...]]:
    """`matches_of` for each of several probes; their records are read together where these are few."""
    if sum(len(ids) for (ids, _), _ in found) > _FEW:
        yield from (matches_of(near, folder, index, calibration, company) for near, company in found)
        return
    nothing = np.empty(0)
    records = folder.catalog.faces_with(np.unique(np.concatenate([nothing, *(ids for (ids, _), _ in found)])))
    judged = np.concatenate([nothing, *(distances / company.factor for (_, distances), company in found)])
    sure, start = _confidences(judged, index, calibration), 0
    for near, _ in found:
        yield _matches(near, records, sure[start : start + len(near[0])])
        start += len(near[0])


def _confidences(distances: Distances, index: LibraryIndex, calibration: Calibration | None) -> Distances:
    """float64 [m]; NaN where nobody knows what distances mean."""
    if calibration is None:
        return np.full(len(distances), np.nan)
    return calibration.confidence_among(distances, index.faces)


def _matches(found: Found, records: Mapping[int, FaceRecord], confidences: Distances) -> tuple[Match, ...]:
    ids, distances = found
    return tuple(
        Match(record.face, record.photo, record.box, away, confidence, record.person)
        for face, away, confidence in zip(ids.tolist(), distances.tolist(), confidences.tolist(), strict=True)
        if (record := records.get(face))
    )


def accepted(folder: LibraryFolder, query: SearchQuery, found: Found, *, without: Sequence[int] = ()) -> Found:
    """Those of what was found that the query asks for, in the same order. without: ids of faces to leave out."""
    ids, distances = found
    if without:
        others = ~np.isin(ids, without)
        ids, distances = ids[others], distances[others]
    if not query.all_meant:
        meant = selected_faces(folder.catalog, ids, query.among, unnamed=query.unnamed)
        ids, distances = ids[meant], distances[meant]
    if query.group_by:
        places = list(firsts(_groups(folder, query.group_by, ids.tolist())))
        ids, distances = ids[places], distances[places]
    return ids, distances


def _groups(folder: LibraryFolder, group_by: str, faces: list[int]) -> list[object]:
    records = folder.catalog.faces_with(faces)
    if group_by == "photo":
        return [records[face].photo if face in records else face for face in faces]
    return [(records[face].person if face in records else None) or face for face in faces]
