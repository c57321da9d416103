"""Constraints as the methods take them: rows bound into groups, and which groups may not be one cluster.

Cannot-links are kept as a graph of groups, whose edges are heavy (said by the user) or count pairs of faces that
share a photo: two faces of one photo are almost never one person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from faceindex.clustering.constraints import Constraints, Rows, bound_groups, pairs_in_photos
from faceindex.types import Vectors
from faceindex.vectors.kernels import kernel_part

NEVER = 1 << 40
"""Weight of a cannot-link: more than all pairs of photos make together."""

SHARED_PHOTOS = 0.1
"""Two clusters are not merged when their faces share photos more often than in this share of the smaller one's faces. A
face alone then never joins a face of its photo, and one mistake does not keep two large clusters apart."""

_CHUNK = 1 << 16  # pairs compared at a time


@dataclass(frozen=True, slots=True)
class Rules:
    """group: int64 [n], of each row, numbered by first rows: groups end in one cluster. named: bool [g], is a person.

    start: int64 [g + 1], mate: int64 [pairs], weight: int64 [pairs]: for each group the groups that it is kept from, as
    a CSR matrix, and NEVER or the number of photos that the two share.
    """

    group: Rows
    named: npt.NDArray[np.bool_]
    start: Rows
    mate: Rows
    weight: Rows

    @property
    def groups(self) -> int:
        """Number of groups."""
        return len(self.named)

    @property
    def empty(self) -> bool:
        """Whether nothing is known at all."""
        return not len(self.mate) and len(self.group) == self.groups and not self.named.any()

    def members(self) -> tuple[Rows, Rows]:
        """The rows of each group as one list, int64 [n], and where each group begins in it, int64 [g + 1]."""
        first = np.zeros(self.groups + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.group, minlength=self.groups), out=first[1:])
        return np.argsort(self.group, kind="stable"), first


def rules_of(constraints: Constraints, vectors: Vectors, alike: float) -> Rules:
    """The rules that follow from `constraints` on the rows of `vectors`, float32 [n, d].

    alike: distance up to which two faces of one photo are taken for one face that is there twice.
    """
    group = bound_groups(constraints)
    groups = int(group.max(initial=-1)) + 1
    named = np.zeros(groups, dtype=np.bool_)
    named[group[constraints.person >= 0]] = True
    photo = _different(pairs_in_photos(constraints.photo), vectors, alike)
    pairs = np.concatenate([group[constraints.cannot_link], group[photo]]).reshape(-1, 2)
    weight = np.repeat(np.array([NEVER, 1]), [len(constraints.cannot_link), len(photo)])
    return Rules(group, named, *_as_csr(pairs, weight, groups))


def _different(pairs: Rows, vectors: Vectors, alike: float) -> Rows:
    """Those of `pairs` of rows that are further apart than `alike`."""
    kept = np.empty(len(pairs), dtype=np.bool_)
    for begin in range(0, len(pairs), _CHUNK):
        left, right = pairs[begin : begin + _CHUNK].T
        kept[begin : begin + _CHUNK] = np.linalg.norm(vectors[left] - vectors[right], axis=1) > alike
    return pairs[kept]


def _as_csr(pairs: Rows, weight: Rows, groups: int) -> tuple[Rows, Rows, Rows]:
    import scipy

    other = pairs[:, 0] != pairs[:, 1]  # what is both must_link and cannot_link is must_link
    pairs, weight = pairs[other], weight[other]
    rows, columns = np.concatenate([pairs, pairs[:, ::-1]]).T
    matrix = scipy.sparse.coo_matrix(
        (np.concatenate([weight, weight]), (rows, columns)), shape=(groups, groups)
    ).tocsr()
    matrix.sum_duplicates()
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data.astype(np.int64)


class Unions(NamedTuple):
    """Groups that become one as clusters merge; whether two may is always known exactly.

    parent: int64 [g], towards the group that stands for a union. following, last: the groups of a union as a list.
    size: rows of a union. named: it has a person. links: how many groups all of it is kept from. start, mate, weight:
    as in Rules. Each int64 [g], valid at the group that stands for the union; changed in place.
    """

    parent: Rows
    following: Rows
    last: Rows
    size: Rows
    named: npt.NDArray[np.bool_]
    links: Rows
    start: Rows
    mate: Rows
    weight: Rows

    @property
    def free(self) -> bool:
        """Whether any two may become one."""
        return not len(self.mate) and not self.named.any()


def unions_of(rules: Rules) -> Unions:
    """Every group for itself."""
    own = np.arange(rules.groups)
    size = np.bincount(rules.group, minlength=rules.groups)
    following, links = np.full(rules.groups, -1, dtype=np.int64), np.diff(rules.start)
    return Unions(own, following, own.copy(), size, rules.named.copy(), links, rules.start, rules.mate, rules.weight)


def unions_with(unions: Unions, groups: Rows) -> Rows:
    """`union_of` for each of many groups: int64 [n]."""
    found = unions.parent[groups]
    while not np.array_equal(above := unions.parent[found], found):
        found = above
    unions.parent[groups] = found  # shortens the way for the next time
    return found


@kernel_part
def union_of(unions: Unions, group: int) -> int:
    """The group that stands for the union that `group` is in."""
    parent = unions.parent
    while parent[group] != group:
        parent[group] = parent[parent[group]]
        group = parent[group]
    return group


@kernel_part
def may_unite(unions: Unions, a: int, b: int) -> bool:
    """Whether the unions that `a` and `b`, which differ, stand for may become one."""
    if unions.named[a] and unions.named[b]:
        return False
    if unions.links[a] > unions.links[b]:
        a, b = b, a
    if unions.links[a] == 0:
        return True
    total = 0
    member = a
    while member >= 0:
        for link in range(unions.start[member], unions.start[member + 1]):
            if union_of(unions, unions.mate[link]) == b:
                total += unions.weight[link]
        member = unions.following[member]
    return bool(total <= SHARED_PHOTOS * min(unions.size[a], unions.size[b]))


@kernel_part
def unite(unions: Unions, a: int, b: int) -> None:
    """Make one of the unions that `a` and `b`, which differ, stand for; `a` stands for it."""
    unions.parent[b] = a
    unions.following[unions.last[a]] = b
    unions.last[a] = unions.last[b]
    unions.size[a] += unions.size[b]
    unions.named[a] |= unions.named[b]
    unions.links[a] += unions.links[b]
