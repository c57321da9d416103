"""Undoing an act that a rebuild has already used.

A rebuild clusters under all decisions until then. So an act that is undone later has changed the clusters themselves,
and that is undone, too: faces go back to where the act found them.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from faceindex.journal.acts import MERGE, MOVE, NAME, REJECT, SPLIT, Act
from faceindex.journal.state import State
from faceindex.store import albums as stored_albums


def put_back(transaction: sqlite3.Connection, acts: Sequence[Act], before: State) -> None:
    """Take `acts`, which were before the last rebuild, out of the clusters. before: the state with them."""
    members: dict[int, list[int]] = defaultdict(list)
    for face, group in before.group.items():
        members[group].append(face)
    for act in acts:
        bound = [_bound(side, before, members) for side in act.sides]
        faces, clusters = stored_albums.clustered(transaction, set().union(*act.sides, *bound))
        _put_back(transaction, act, bound, dict(zip(faces.tolist(), clusters.tolist(), strict=True)))


def _bound(side: Sequence[int], before: State, members: Mapping[int, Sequence[int]]) -> set[int]:
    """Other faces that those of `side` were bound to. members: of each group."""
    groups = {before.group[face] for face in side if face in before.group}
    return {face for group in groups for face in members[group]}.difference(side)


def _put_back(
    transaction: sqlite3.Connection, act: Act, bound: Sequence[set[int]], cluster_of: Mapping[int, int]
) -> None:
    """bound: by side, the other faces that its faces were bound to."""
    if act.kind in (MERGE, NAME, MOVE):
        which = slice(1, None) if act.kind == MERGE else slice(0, 1)
        for side, others in zip(act.sides[which], bound[which], strict=True):
            _leave(transaction, side, others, cluster_of)
    if act.kind == MOVE:
        _rejoin(transaction, act.side(0), act.side(2), cluster_of)
    elif act.kind in (SPLIT, REJECT) or (act.kind == NAME and act.side(1)):
        _rejoin(transaction, act.side(0), act.side(1), cluster_of)


def _leave(
    transaction: sqlite3.Connection, side: Sequence[int], bound: set[int], cluster_of: Mapping[int, int]
) -> None:
    """Give those of `side` a cluster of their own that share one with faces in `bound`."""
    others = {cluster_of.get(face, -1) for face in bound} - {-1}
    leaving = [face for face in side if cluster_of.get(face, -1) in others]
    if leaving:
        number = stored_albums.reserve(transaction, 1)
        stored_albums.add_to_clusters(transaction, dict.fromkeys(leaving, number))


def _rejoin(
    transaction: sqlite3.Connection, side: Sequence[int], rest: Sequence[int], cluster_of: Mapping[int, int]
) -> None:
    """Put `side` into the cluster that most of `rest` are in; if there is none, make one of the album that they are
    in."""
    there = Counter(cluster for face in rest if (cluster := cluster_of.get(face, -1)) >= 0).most_common(1)
    albums = stored_albums.albums_of(transaction, rest)
    if there:
        stored_albums.add_to_clusters(transaction, dict.fromkeys(side, there[0][0]))
    elif albums:
        album = Counter(albums.values()).most_common(1)[0][0]
        members = [face for face, own in albums.items() if own == album]
        stored_albums.add_to_clusters(transaction, dict.fromkeys([*side, *members], album))
