"""Who is in a photo: its faces, compared with faces that have a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.errors import UsageError
from faceindex.queries.gallery import exact_index
from faceindex.queries.identify import Ranking, nearest_exemplar, probabilities, vote
from faceindex.queries.probes import Probe
from faceindex.queries.svm import svm
from faceindex.search.index import LibraryIndex
from faceindex.store.catalog import Catalog
from faceindex.store.people.known_people import confirmed_faces
from faceindex.store.photos.years import years_of
from faceindex.types import USUAL, Candidate, Company, Exemplar, FaceIds, IdentifiedFace, Vectors

METHODS = ("vote", "nearest", "svm")

SHOWN = 5
"""Most candidates in an answer."""

Floats = npt.NDArray[np.float64]
Evidence = Callable[[Floats], Floats]
"""What distances say, in nats: see `faceindex.queries.identify`."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """The faces with a name. ids: int64 [n]. vectors: float32 [n, d]. people: int64 [n], numbers of `names`. years:
    float64 [n], when their photos were taken, NaN for unknown."""

    ids: FaceIds
    vectors: Vectors
    people: npt.NDArray[np.int64]
    names: dict[int, str]
    years: Floats

    def distances(self, vector: npt.NDArray[np.float32]) -> Floats:
        """To a probe, float32 [d]: float64 [n], Euclidean."""
        found: Floats = np.linalg.norm(self.vectors.astype(np.float64) - vector, axis=1)
        return found


def named_gallery(catalog: Catalog, index: LibraryIndex) -> Gallery:
    """All faces with a name. Raises: UsageError when nobody has a name."""
    with catalog.snapshot():
        faces, people, names = confirmed_faces(catalog.connection)
        years = years_of(catalog.connection, faces)
    found = exact_index(index, faces)
    if not len(found.ids):
        raise UsageError("nobody in the library has a name; `faceindex people name ALBUM NAME` gives one")
    places = np.searchsorted(faces, found.ids)
    return Gallery(found.ids, found.vectors, people[places], names, years[places])


def identified(
    probe: Probe,
    gallery: Gallery,
    catalog: Catalog,
    *,
    method: str,
    limits: Floats,
    factors: Floats,
    evidence: Evidence,
    company: Company = USUAL,
) -> IdentifiedFace:
    """Who `probe`, in this company, is; nobody when no face of the likeliest person is near enough.

    limits, factors: float64 [n], of each face of the gallery: the distance up to which it is near enough, Euclidean,
    and what its distance is divided by before it is judged. evidence: of distances in usual company.
    """
    distances = gallery.distances(probe.vector)
    ranking = ranked(method, probe.vector, gallery, distances, lambda pairs: evidence(pairs / factors))
    likely = probabilities(ranking.evidence)
    candidates = tuple(
        _candidate(ranking, place, float(likely[place]), gallery, distances, catalog)
        for place in range(min(SHOWN, len(ranking.people)))
    )
    first, second = candidates[0], candidates[1] if len(candidates) > 1 else None
    rows = ranking.rows[0][ranking.rows[0] >= 0]
    within = distances[rows] <= limits[rows]
    known = bool(within.any())
    return IdentifiedFace(
        box=probe.box,
        score=probe.score,
        person=first.person if known else None,
        confidence=first.confidence if known else max(0.0, 1 - float(likely.sum())),
        margin=first.confidence - (second.confidence if second else 0.0),
        threshold=float(limits[rows[int(within.argmax())]]),
        method=method,
        candidates=candidates,
        company=company,
    )


def ranked(
    method: str, probe: npt.NDArray[np.float32], gallery: Gallery, distances: Floats, evidence: Evidence
) -> Ranking:
    """The people of the gallery by one of METHODS. Raises: UsageError when it is none."""
    said = evidence(distances)
    if method == "vote":
        return vote(distances, said, gallery.people)
    if method == "nearest":
        return nearest_exemplar(distances, said, gallery.people)
    if method != "svm":
        raise UsageError(f"no method is called {method}; there are {', '.join(METHODS)}")
    return svm(probe, gallery.vectors, distances, said, gallery.people)


def _candidate(
    ranking: Ranking, place: int, confidence: float, gallery: Gallery, distances: Floats, catalog: Catalog
) -> Candidate:
    rows = ranking.rows[place]
    rows = rows[rows >= 0]
    records = catalog.faces_with(gallery.ids[rows])
    exemplars = tuple(
        Exemplar(record.face, record.photo, record.box, float(distances[row]))
        for row in rows
        if (record := records.get(int(gallery.ids[row])))  # else it was removed this moment
    )
    name, nearest = gallery.names[int(ranking.people[place])], float(distances[rows[0]])
    return Candidate(name, float(ranking.scores[place]), confidence, nearest, exemplars)
