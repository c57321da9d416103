"""What is measured of labelled faces: all pairs, albums, pairs of the LFW protocol, rejection by quality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from faceindex.clustering.cluster import cluster
from faceindex.clustering.methods import DEFAULT_METHOD, METHODS
from faceindex.errors import UsageError
from faceindex.evaluation.albums import AlbumScore, score_albums
from faceindex.evaluation.clicks import Clicks, count_clicks
from faceindex.evaluation.contingency import contingency
from faceindex.evaluation.folds import half_of
from faceindex.evaluation.labelled import LabelledFaces
from faceindex.evaluation.lfw import LfwResult, PairDistances, lfw_result, pair_distances
from faceindex.evaluation.pairs import Pairs
from faceindex.evaluation.reject import ErrorVersusReject, Rejected, error_versus_reject
from faceindex.evaluation.roc import PairCounts, Roc, count_all_pairs, operating_point, roc
from faceindex.judgement.library_calibration import usual_strangers
from faceindex.types import Labels

ALBUM_METHOD = DEFAULT_METHOD
REJECT_RATE = 1e-4
"""False accept rate, before any face is rejected, of the threshold that rejection is measured at."""

REJECTED = 0.2
"""Share of faces rejected, worst first, that the gain of a quality measure is stated for."""

THRESHOLD_STEPS = (0.80, 0.85, 0.90, 0.95, 1.0, 1.05, 1.10, 1.15, 1.20)
"""Thresholds tried for albums, as multiples of the recipe's own."""


@dataclass(frozen=True, slots=True)
class AllPairs:
    """All pairs of faces. detectable: share of all same-person pairs of photos that have a face in both."""

    counts: PairCounts
    roc: Roc
    detectable: float

    def tar_of_photos(self, tar: float) -> float:
        """A true accept rate over pairs of faces, as one over pairs of photos: without a face, nothing is accepted."""
        return tar * self.detectable


@dataclass(frozen=True, slots=True)
class Albums:
    """Albums made by `method` with faces up to `threshold` apart as neighbours."""

    method: str
    threshold: float
    score: AlbumScore


@dataclass(frozen=True, slots=True)
class Clusters:
    """Albums made by `method` at `threshold`, and what is wrong with them.

    clicks: to perfect albums. mixed: albums that show several people. most_people: in one album.
    """

    method: str
    threshold: float
    score: AlbumScore
    clicks: Clicks
    mixed: int
    most_people: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """What the rejection of poor faces gains at the threshold of REJECT_RATE, which stays.

    by: what they are ordered by: "quality", or the "detector's score" where the quality of a face is not known.
    before, after: without rejection, and with REJECTED.
    """

    by: str
    curve: ErrorVersusReject
    before: Rejected
    after: Rejected

    @property
    def count_ratio(self) -> float | None:
        """False non-matches after by those before; some are gone with the pairs alone. None when there were none."""
        before = self.before.false_non_matches
        return self.after.false_non_matches / before if before else None

    @property
    def rate_ratio(self) -> float | None:
        """False non-match rate after by that before; None when there is none, or it was 0."""
        return self.after.rate / self.before.rate if self.before.rate and self.after.rate is not None else None


def measure_pairs(faces: LabelledFaces, pairs: Pairs, half: str | None = None) -> tuple[LfwResult, PairDistances]:
    """The LFW protocol on `pairs`, of one half of the people if given. Raises: UsageError."""
    wanted = pairs if half is None else pairs.among(lambda person: half_of(person) == half)
    distances = pair_distances(wanted, faces.rows, faces.vectors)
    return lfw_result(wanted, distances, faces.rows, faces.recipe.match_threshold), distances


def measure_all_pairs(faces: LabelledFaces) -> AllPairs:
    """The ROC over all pairs of faces. Raises: UsageError when no person has two faces, or there is one person only."""
    counts = count_all_pairs(faces.vectors, faces.people)
    try:
        figures = roc(counts)
    except ValueError as error:
        raise UsageError(f"{error}: it takes two people with a face, one of them with two photos") from error
    photos = np.bincount(np.concatenate([faces.people, faces.faceless]))
    return AllPairs(counts, figures, figures.same_pairs / int(np.sum(photos * (photos - 1) // 2)))


def measure_albums(faces: LabelledFaces, threshold: float | None = None) -> Albums:
    """Albums of all faces, at the recipe's threshold or the one given. Raises: UsageError without any face."""
    limit = faces.recipe.cluster_threshold if threshold is None else threshold
    return Albums(ALBUM_METHOD, limit, score_albums(album_labels(faces, ALBUM_METHOD, limit), faces.people))


def album_labels(faces: LabelledFaces, method: str, threshold: float) -> Labels:
    """int64 [n]: albums as `faceindex cluster` makes them, -1 for a face alone. Raises: UsageError without any face."""
    if not len(faces.people):
        raise UsageError("no face was found in any photo")
    return cluster(
        faces.vectors,
        method=method,
        threshold=threshold,
        qualities=faces.qualities,
        modest_last=faces.recipe.card.poor_last,
        usual=usual_strangers(faces.recipe, len(faces.people), threshold),
    )


def measure_clusters(faces: LabelledFaces, method: str, threshold: float) -> Clusters:
    """Albums by `method` at `threshold`, in full. Raises: UsageError without any face, or for another method."""
    if method not in METHODS:
        raise UsageError(f"no clustering method is called {method}; there are {', '.join(METHODS)}")
    labels = album_labels(faces, method, threshold)
    table = contingency(labels, faces.people)
    people = np.bincount(table.cluster)
    return Clusters(
        method=method,
        threshold=threshold,
        score=score_albums(labels, faces.people),
        clicks=count_clicks(labels, faces.people),
        mixed=int(np.sum(people > 1)),
        most_people=int(people.max()),
    )


def measure_albums_around(faces: LabelledFaces) -> list[Albums]:
    """Albums at THRESHOLD_STEPS, the recipe's own threshold among them. Raises: UsageError without any face."""
    return [measure_albums(faces, step * faces.recipe.cluster_threshold) for step in THRESHOLD_STEPS]


def measure_rejection(faces: LabelledFaces, counts: PairCounts) -> Rejection | None:
    """What rejecting the faces of worst quality is worth; None when `counts` has no threshold at REJECT_RATE."""
    threshold = operating_point(counts, REJECT_RATE).threshold
    if threshold is None:
        return None
    known = not np.isnan(faces.qualities).any()
    order = faces.qualities if known else faces.scores
    curve = error_versus_reject(faces.vectors, faces.people, order, threshold)
    return Rejection("quality" if known else "detector's score", curve, curve.at(0), curve.at(REJECTED))
