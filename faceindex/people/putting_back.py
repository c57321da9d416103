"""Undoing what a rebuild has already taken for granted.

A rebuild clusters with what was decided until then in mind. So an act that was undone later has left its mark in the
clusters themselves, and that is taken back, too: faces go back to where the act found them.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence

from faceindex.journal.acts import MERGE, MOVE, NAME, REJECT, SPLIT, Act
from faceindex.journal.state import State
from faceindex.store import albums as stored_albums


def put_back(transaction: sqlite3.Connection, act: Act, before: State) -> None:
    """Take `act`, which was before the last rebuild, out of the clusters. before: the state with it."""
    spoken = before.group.keys() | {face for side in act.sides for face in side}
    faces, clusters = stored_albums.clustered(transaction, spoken)
    cluster_of = dict(zip(faces.tolist(), clusters.tolist(), strict=True))
    if act.kind in (MERGE, NAME):
        for side in act.sides[1:] or act.sides:
            _leave(transaction, side, before, cluster_of)
    elif act.kind == MOVE:
        _leave(transaction, act.side(0), before, cluster_of)
        _rejoin(transaction, act.side(0), act.side(2), cluster_of)
    elif act.kind in (SPLIT, REJECT):
        _rejoin(transaction, act.side(0), act.side(1), cluster_of)


def _leave(transaction: sqlite3.Connection, side: Sequence[int], before: State, cluster_of: dict[int, int]) -> None:
    """Give those of `side` a cluster of their own that share one with others they were bound to."""
    own = set(side)
    bound = {before.group[face] for face in side if face in before.group}
    others = {cluster_of.get(face, -1) for face, group in before.group.items() if group in bound and face not in own}
    leaving = [face for face in side if cluster_of.get(face, -1) in others - {-1}]
    if leaving:
        number = stored_albums.reserve(transaction, 1)
        stored_albums.add_to_clusters(transaction, dict.fromkeys(leaving, number))


def _rejoin(
    transaction: sqlite3.Connection, side: Sequence[int], rest: Sequence[int], cluster_of: dict[int, int]
) -> None:
    """Put `side` into the cluster that most of `rest` are in; if there is none, make one of the album they are in."""
    there = Counter(cluster for face in rest if (cluster := cluster_of.get(face, -1)) >= 0).most_common(1)
    albums = stored_albums.albums_of(transaction, rest)
    if there:
        stored_albums.add_to_clusters(transaction, dict.fromkeys(side, there[0][0]))
    elif albums:
        album = Counter(albums.values()).most_common(1)[0][0]
        members = [face for face, own in albums.items() if own == album]
        stored_albums.add_to_clusters(transaction, dict.fromkeys([*side, *members], album))
