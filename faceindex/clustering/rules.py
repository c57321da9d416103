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

NEVER = 1 << 40
"""Weight of a cannot-link: more than all pairs of photos make together."""

SHARED_PHOTOS = 0.1
"""Two clusters are not merged when their faces share photos more often than in this share of the smaller one's faces. A
face alone then never joins a face of its photo, and one mistake does not keep two large clusters apart."""

_CHUNK = 1 << 16  # pairs compared at a time

Flags = npt.NDArray[np.bool_]


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
    named: Flags
    links: Rows
    start: Rows
    mate: Rows
    weight: Rows

    @property
    def free(self) -> bool:
        """Whether any two may become one."""
        return not len(self.mate) and not self.named.any()

    def of(self, groups: Rows) -> Rows:
        """The group that stands for the union of each of `groups`: int64 [n]."""
        found = self.parent[groups]
        while not np.array_equal(above := self.parent[found], found):
            found = above
        self.parent[groups] = found  # shortens the way for the next time
        return found

    def may_unite(self, one: Rows, other: Rows) -> Flags:
        """bool [pairs]: whether the unions that `one` and `other`, which differ, stand for may become one."""
        allowed: Flags = ~(self.named[one] & self.named[other])
        fewer = self.links[one] <= self.links[other]
        linked = np.flatnonzero(allowed & (np.minimum(self.links[one], self.links[other]) > 0))
        pair, member = self._members(linked, np.where(fewer, one, other)[linked])
        count = self.start[member + 1] - self.start[member]
        pair = np.repeat(pair, count)
        link = np.arange(len(pair)) + np.repeat(self.start[member] - np.cumsum(count) + count, count)
        met = self.of(self.mate[link]) == np.where(fewer, other, one)[pair]
        shared = np.zeros(len(one), dtype=np.int64)
        np.add.at(shared, pair[met], self.weight[link[met]])
        return allowed & (shared <= SHARED_PHOTOS * np.minimum(self.size[one], self.size[other]))

    def _members(self, pair: Rows, union: Rows) -> tuple[Rows, Rows]:
        """For pairs and one union of each: the pairs again, and all groups of these unions, int64 [members] each."""
        pairs, members = [pair], [union]
        while len(pair):
            union = self.following[union]
            more = union >= 0
            pair, union = pair[more], union[more]
            pairs.append(pair)
            members.append(union)
        return np.concatenate(pairs), np.concatenate(members)

    def unite(self, one: Rows, other: Rows) -> Flags:
        """Make one of the unions of pairs of groups, in this order, where the rules allow it: bool [pairs], which are.

        Pairs that share no union with an earlier one are looked at together.
        """
        united = np.ones(len(one), dtype=np.bool_)
        left = np.arange(len(one))
        while len(left):
            a, b = self.of(one[left]), self.of(other[left])
            apart = a != b
            left, a, b = left[apart], np.minimum(a, b)[apart], np.maximum(a, b)[apart]
            now = _first_of_both(a, b)
            allowed = self.may_unite(a[now], b[now])
            united[left[now]] = allowed
            self._join(a[now][allowed], b[now][allowed])
            left = left[~now]
        return united

    def _join(self, one: Rows, other: Rows) -> None:
        """Make one of pairs of unions, of which no two share one; `one` stands for both."""
        self.parent[other] = one
        self.following[self.last[one]] = other
        self.last[one] = self.last[other]
        self.size[one] += self.size[other]
        self.named[one] |= self.named[other]
        self.links[one] += self.links[other]


def _first_of_both(one: Rows, other: Rows) -> Flags:
    """bool [pairs]: whether no earlier pair has the `one` or the `other` of a pair."""
    _, first, place = np.unique(np.column_stack([one, other]), return_index=True, return_inverse=True)
    pairs = np.arange(len(one))
    earliest = (first // 2)[place.reshape(-1, 2)]
    found: Flags = (earliest == pairs[:, None]).all(axis=1)
    return found


def unions_of(rules: Rules) -> Unions:
    """Every group for itself."""
    own = np.arange(rules.groups)
    size = np.bincount(rules.group, minlength=rules.groups)
    following, links = np.full(rules.groups, -1, dtype=np.int64), np.diff(rules.start)
    return Unions(own, following, own.copy(), size, rules.named.copy(), links, rules.start, rules.mate, rules.weight)
