"""Constraints as the methods take them: rows bound into groups, and which groups may not be one cluster.

Cannot-links are kept as a graph of groups, whose edges are heavy (said by the user) or count pairs of faces that
share a photo: two faces of one photo are almost never one person.
"""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(slots=True)
class Unions:
    """Groups that become one as clusters merge; whether two may is always known exactly.

    parent: int64 [g], towards the group that stands for a union. size: int64 [g], rows of a union. named, linked: bool
    [g], whether it has a person, and whether any of it is kept from a group. Valid at the group that stands for the
    union. links: between unions. Changed in place.
    """

    parent: Rows
    size: Rows
    named: Flags
    linked: Flags
    links: Links

    @property
    def free(self) -> bool:
        """Whether any two may become one."""
        return not len(self.links.weight) and not self.named.any()

    def of(self, groups: Rows) -> Rows:
        """The group that stands for the union of each of `groups`: int64 [n]."""
        found = self.parent[groups]
        while not np.array_equal(above := self.parent[found], found):
            found = above
        self.parent[groups] = found  # shortens the way for the next time
        return found

    def may_unite(self, one: Rows, other: Rows) -> Flags:
        """bool [pairs]: whether the unions that `one` and `other`, which differ, stand for may become one."""
        self.links = self.links.between_unions(self)
        return self._allowed(one, other, self.links.among(one, other, len(self.parent)))

    def unite(self, one: Rows, other: Rows) -> Flags:
        """Make one of the unions of pairs of groups, in this order, where the rules allow it: bool [pairs], which are.

        Pairs that share no union with an earlier one are looked at together.
        """
        united = np.ones(len(one), dtype=np.bool_)
        left = np.arange(len(one))
        if not self.free:
            self.links = self.links.between_unions(self)
        links = self.links.among(self.of(one), self.of(other), len(self.parent))
        while len(left):
            a, b = self.of(one[left]), self.of(other[left])
            apart = a != b
            left, a, b = left[apart], np.minimum(a, b)[apart], np.maximum(a, b)[apart]
            now = _first_of_both(a, b, len(self.parent))
            links = links.between_unions(self)
            allowed = self._allowed(a[now], b[now], links)
            united[left[now]] = allowed
            self._join(a[now][allowed], b[now][allowed])
            left = left[~now]
        return united

    def _allowed(self, one: Rows, other: Rows, links: Links) -> Flags:
        shared = links.weights(np.minimum(one, other), np.maximum(one, other))
        few: Flags = shared <= SHARED_PHOTOS * np.minimum(self.size[one], self.size[other])
        return few & ~(self.named[one] & self.named[other])

    def _join(self, one: Rows, other: Rows) -> None:
        """Make one of pairs of unions, of which no two share one; `one` stands for both."""
        self.parent[other] = one
        self.size[one] += self.size[other]
        self.named[one] |= self.named[other]
        self.linked[one] |= self.linked[other]


def _first_of_both(one: Rows, other: Rows, groups: int) -> Flags:
    """bool [pairs]: whether a pair is the first with its `one`, and with its `other`."""
    pairs = np.arange(len(one))
    first = np.empty(groups, dtype=np.int64)
    first[np.column_stack([one, other])[::-1].ravel()] = np.repeat(pairs[::-1], 2)  # the last that is written remains
    return (first[one] == pairs) & (first[other] == pairs)


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs of unions that are kept apart, one < other, int64 [links] each, and how heavily; in order of the pairs."""

    one: Rows
    other: Rows
    weight: Rows

    def between_unions(self, unions: Unions) -> Links:
        """The same after unions have become one: those of the same two are added up, and those within one left out."""
        one, other = unions.of(self.one), unions.of(self.other)
        if np.array_equal(one, self.one) and np.array_equal(other, self.other):
            return self
        return _links(one, other, self.weight)

    def among(self, one: Rows, other: Rows, groups: int) -> Links:
        """Those whose unions are both among `one` and `other`."""
        named = np.zeros(groups, dtype=np.bool_)
        named[one] = named[other] = True
        kept = np.flatnonzero(named[self.one] & named[self.other])
        return Links(self.one[kept], self.other[kept], self.weight[kept])

    def weights(self, one: Rows, other: Rows) -> Rows:
        """The weight between the unions of each pair, one < other, 0 where they have no link: int64 [pairs]."""
        if not len(self.weight):
            return np.zeros(len(one), dtype=np.int64)
        keys, wanted = _pair_keys(self.one, self.other), _pair_keys(one, other)
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[place] == wanted, self.weight[place], 0)


def _links(one: Rows, other: Rows, weight: Rows) -> Links:
    apart = one != other
    keys, weight = _pair_keys(np.minimum(one, other), np.maximum(one, other))[apart], weight[apart]
    order = np.argsort(keys, kind="stable")  # most of them are in order
    keys, weight = keys[order], weight[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    total = np.add.reduceat(weight, first) if len(first) else weight
    return Links(keys[first] >> 32, keys[first] & 0xFFFFFFFF, total)


def _pair_keys(one: Rows, other: Rows) -> Rows:
    """One number for each pair of groups, in the order of the pairs."""
    return one << 32 | other


def unions_of(rules: Rules) -> Unions:
    """Every group for itself."""
    size = np.bincount(rules.group, minlength=rules.groups)
    count = np.diff(rules.start)
    one = np.repeat(np.arange(rules.groups), count)
    once = one < rules.mate
    links = Links(one[once], rules.mate[once], rules.weight[once])
    return Unions(np.arange(rules.groups), size, rules.named.copy(), count > 0, links)
