"""The nearest faces of a probe, and the company that they are: searched once, for its threshold and its matches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.judgement.calibration import Calibration
from faceindex.judgement.company import NEAR, Nearest, companies_among, company_among, tells
from faceindex.queries.gallery import vectors_of_found
from faceindex.search.index import LibraryIndex, find_nearest, find_nearest_of_each
from faceindex.store.folder import LibraryFolder
from faceindex.types import USUAL, Company, Vectors
from faceindex.vectors.nearest import Found


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What was found of a probe. nearest: its nearest faces at any distance, nearest first. every: there are no others.
    None were looked for where the library is too small, or nobody knows what distances mean."""

    company: Company = USUAL
    nearest: Found | None = None
    every: bool = False

    def within(self, k: int, threshold: float) -> Found | None:
        """The at most k faces within `threshold`; None where more have to be searched for."""
        if self.nearest is None:
            return None
        ids, distances = self.nearest
        count = int(np.searchsorted(distances, threshold, side="right"))
        if k > len(ids) and count == len(ids) and not self.every:
            return None
        return ids[: min(k, count)], distances[: min(k, count)]


NONE = Neighbours()


def looks_around(folder: LibraryFolder, index: LibraryIndex, calibration: Calibration | None) -> bool:
    """Whether the company of faces is known in this library."""
    return calibration is not None and tells(index.faces, folder.recipe)


def neighbours_of(
    folder: LibraryFolder,
    index: LibraryIndex,
    calibration: Calibration | None,
    vector: npt.NDArray[np.float32],
    *,
    without: Sequence[int] = (),
) -> Neighbours:
    """The neighbours of a probe, float32 [d]. without: ids of faces of its person."""
    if calibration is None or not looks_around(folder, index, calibration):
        return NONE
    found, asked = (np.empty(0, dtype=np.int64), np.empty(0)), NEAR

    def near(wanted: int) -> Nearest:
        nonlocal found, asked
        found, asked = find_nearest(folder, index, vector, wanted, np.inf), wanted
        ids, distances = found
        known = ~np.isin(ids, without) if without else slice(None)
        return distances[known], vectors_of_found(index, ids[known])

    company = company_among(near, index.faces, calibration, folder.recipe)
    return Neighbours(company, found, every=len(found[0]) < asked)


def neighbours_of_each(
    folder: LibraryFolder,
    index: LibraryIndex,
    calibration: Calibration | None,
    vectors: Vectors,
    *,
    threads: int = 1,
) -> list[Neighbours]:
    """`neighbours_of` of each probe, float32 [p, d]; they are searched for together."""
    if calibration is None or not looks_around(folder, index, calibration):
        return [NONE] * len(vectors)
    found: dict[int, tuple[Found, int]] = {}

    def near(probes: list[int], wanted: int) -> Iterator[Nearest]:
        each = find_nearest_of_each(folder, index, vectors[probes], wanted, np.inf, threads=threads)
        for probe, (ids, distances) in zip(probes, each, strict=True):
            found[probe] = (ids, distances), wanted
            yield distances, vectors_of_found(index, ids)

    companies = companies_among(near, len(vectors), index.faces, calibration, folder.recipe)
    return [
        Neighbours(company, nearest, every=len(nearest[0]) < asked)
        for company, (nearest, asked) in zip(companies, (found[probe] for probe in range(len(vectors))), strict=True)
    ]
