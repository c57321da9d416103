"""Clicks to perfect: how many acts turn albums into one album for each person.

Splits and merges as a distance between two groupings are Menestrina, Whang and Garcia-Molina 2010, "Evaluating Entity
Resolution Results" (generalized merge distance); that as many albums as possible stay as they are is the matching of
Gusfield 2002, "Partition-distance". Here acts are those of the user's commands, so that a move is one act, and not a
split and a merge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceindex.evaluation.contingency import Contingency, contingency


@dataclass(frozen=True, slots=True)
class Clicks:
    """The fewest acts, each on the faces that one album has of one person, until every person has one album.

    merges: of an album (or a face alone) that shows one person with that person's album. splits: of a person's faces
    from an album of others into an album of their own. moves: of a person's faces from an album of others to the
    person's album. picked: faces that have to be marked for these splits and moves.
    """

    merges: int
    splits: int
    moves: int
    picked: int

    @property
    def total(self) -> int:
        """All acts."""
        return self.merges + self.splits + self.moves


def count_clicks(labels: npt.NDArray[np.int64], people: npt.NDArray[np.int64]) -> Clicks:
    """From `labels` to the true `people`, both int64 [n], n >= 1; label -1 is a face alone.

    An album stays with one of its people at most, and a person keeps one album at most; as many stay as can, and of
    such choices one where most faces stay. All other faces that an album has of a person take one act.
    """
    table = contingency(labels, people)
    kept = _kept(table)
    whole = np.bincount(table.cluster)[table.cluster] == 1  # the album shows nobody else
    has_album = np.bincount(table.person[kept], minlength=len(table.person_sizes)) > 0
    splits = int(np.sum(~has_album))
    carried = ~kept & ~whole
    return Clicks(
        merges=int(np.sum(~kept & whole)),
        splits=splits,
        moves=int(carried.sum()) - splits,
        picked=int(table.shared[carried].sum()),
    )


def _kept(table: Contingency) -> npt.NDArray[np.bool_]:
    """bool [cells]: a matching of albums and people, the largest in cells and then in faces.

    Each person may also be matched with nothing, which weighs less than any cell.
    """
    from scipy.sparse import csr_array  # a fifth of a second, for who counts clicks only
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    people, clusters = len(table.person_sizes), len(table.cluster_sizes)
    nothing = np.arange(people)
    weights = np.concatenate([table.shared + table.shared.sum() + 1, np.ones(people, dtype=np.int64)])
    rows, columns = np.concatenate([table.person, nothing]), np.concatenate([table.cluster, clusters + nothing])
    graph = csr_array((weights.astype(np.float64), (rows, columns)), shape=(people, clusters + people))
    person, column = min_weight_full_bipartite_matching(graph, maximize=True)
    album = np.empty(people, dtype=np.int64)
    album[person] = column
    kept: npt.NDArray[np.bool_] = album[table.person] == table.cluster
    return kept
