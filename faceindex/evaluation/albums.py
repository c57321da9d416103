"""Albums against the people who are really in them, by every usual measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.evaluation.bcubed import BCubed, bcubed_of
from faceindex.evaluation.contingency import Contingency, contingency


@dataclass(frozen=True, slots=True)
class Pairwise:
    """Over pairs of faces: precision, the share of pairs in one album that are one person; recall, the reverse."""

    precision: float
    recall: float
    f: float


@dataclass(frozen=True, slots=True)
class AlbumScore:
    """How well albums agree with people.

    albums: of two faces and more. alone: faces in none. purity: share of faces that belong to the commonest person of
    their album, a face alone being an album. albums_per_person: mean number of albums, faces alone included, over
    which a person with two faces and more is spread; 1 when there is no such person. moves, merges: what a user has to
    do until every person has one album and no album another person: an album is of its commonest person; each face of
    anybody else is moved to where it belongs, and albums of one person, faces alone included, are merged two by two.
    """

    bcubed: BCubed
    pairwise: Pairwise
    purity: float
    albums: int
    alone: int
    albums_per_person: float
    moves: int
    merges: int

    @property
    def clicks(self) -> int:
        """From these albums to perfect ones: moves and merges."""
        return self.moves + self.merges


def score_albums(labels: npt.NDArray[np.int64], people: npt.NDArray[np.int64]) -> AlbumScore:
    """`labels` against the true `people`, both int64 [n], n >= 1; label -1 is a cluster of its own."""
    table = contingency(labels, people)
    sizes = table.cluster_sizes
    return AlbumScore(
        bcubed=bcubed_of(table),
        pairwise=_pairwise(table),
        purity=_purity(table),
        albums=int(np.sum(sizes > 1)),
        alone=int(np.sum(sizes == 1)),
        albums_per_person=_albums_per_person(table),
        moves=int(table.shared.sum() - _largest(table).sum()),
        merges=len(sizes) - len(np.unique(_owners(table))),
    )


def _pairwise(table: Contingency) -> Pairwise:
    """Of no pair at all, every pair is right."""
    right, claimed, true = (_pairs(sizes) for sizes in (table.shared, table.cluster_sizes, table.person_sizes))
    precision = right / claimed if claimed else 1.0
    recall = right / true if true else 1.0
    return Pairwise(precision, recall, 2 * right / (claimed + true) if claimed + true else 1.0)


def _pairs(sizes: npt.NDArray[np.int64]) -> int:
    """Pairs of faces within groups of these sizes."""
    return int(np.sum(sizes * (sizes - 1) // 2))


def _purity(table: Contingency) -> float:
    return float(_largest(table).sum() / table.shared.sum())


def _largest(table: Contingency) -> npt.NDArray[np.int64]:
    """int64 [clusters]: faces of the commonest person."""
    largest = np.zeros(len(table.cluster_sizes), dtype=np.int64)
    np.maximum.at(largest, table.cluster, table.shared)
    return largest


def _owners(table: Contingency) -> npt.NDArray[np.int64]:
    """int64 [clusters]: the commonest person; of equals the first."""
    owners = np.empty(len(table.cluster_sizes), dtype=np.int64)
    commonest_last = np.lexsort((-table.person, table.shared))
    owners[table.cluster[commonest_last]] = table.person[commonest_last]
    return owners


def _albums_per_person(table: Contingency) -> float:
    several = table.person_sizes > 1
    return float(np.bincount(table.person)[several].mean()) if several.any() else 1.0
