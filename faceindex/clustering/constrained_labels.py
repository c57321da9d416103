"""Labels made to obey: whatever clustering says, what people decided holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from faceindex.clustering.constraints import Constraints, Rows, bound_groups
from faceindex.types import Labels


def obey(labels: Labels, constraints: Constraints) -> Labels:
    """Labels int64 [n] that contradict no hard constraint and are otherwise as `labels`, int64 [n], -1 for none.

    Rows that must be linked go where most of them are, and take along a cluster of which they are at least half.
    Clusters with rows that cannot be linked fall into parts: the part with the most rows keeps the label, others get
    labels above all there were, and a row that is alone then has -1. Of a pair that is both, must_link wins.
    """
    bound = bound_groups(constraints)
    gathered = _gathered(labels, bound)
    return _separated(gathered, bound, constraints)


def _gathered(labels: Labels, bound: Rows) -> Labels:
    """Every group of `bound` in one cluster."""
    sizes = np.bincount(bound)
    members = np.flatnonzero(sizes[bound] > 1)
    counts = Counter(zip(bound[members].tolist(), labels[members].tolist(), strict=True))
    target: dict[int, tuple[int, int]] = {}  # group: rows there, label
    for (group, label), rows in sorted(counts.items()):
        best = target.get(group)
        if best is None or (label >= 0 and (best[1] < 0 or rows > best[0])):
            target[group] = rows, label
    unused = int(labels.max(initial=-1)) + 1
    goal = {group: label for group, (_, label) in target.items()}
    for group in sorted(goal):
        if goal[group] < 0:
            goal[group], unused = unused, unused + 1
    moved = _labels_moved_along(labels, sizes, bound, counts, goal)
    result = labels.copy()
    along = np.isin(labels, np.fromiter(moved, np.int64, len(moved)))
    result[along] = [moved[label] for label in labels[along].tolist()]
    result[members] = [goal[group] for group in bound[members].tolist()]
    return result


def _labels_moved_along(
    labels: Labels, sizes: Rows, bound: Rows, counts: Counter[tuple[int, int]], goal: dict[int, int]
) -> dict[int, int]:
    """Where clusters go of which a group that goes elsewhere is as much as all that is bound to nothing."""
    free = Counter(labels[sizes[bound] == 1].tolist())
    owner: dict[int, tuple[int, int]] = {}
    for (group, label), rows in sorted(counts.items()):
        if label >= 0 and rows > owner.get(label, (0, 0))[0]:
            owner[label] = rows, group
    return {
        label: goal[group] for label, (rows, group) in owner.items() if goal[group] != label and free[label] <= rows
    }


def _separated(labels: Labels, bound: Rows, constraints: Constraints) -> Labels:
    """Clusters in parts where groups in them cannot be linked."""
    place = np.full(int(bound.max(initial=-1)) + 1, -1, dtype=np.int64)
    place[bound] = labels  # one a group, by now
    sizes, rows_of = np.bincount(bound), np.bincount(labels[labels >= 0])
    goal: dict[int, int] = {}
    unused = int(labels.max(initial=-1)) + 1
    against = _conflicts(constraints, bound, place)
    by_cluster: dict[int, list[int]] = defaultdict(list)
    for group in sorted(against):
        by_cluster[int(place[group])].append(group)
    for label, groups in by_cluster.items():
        free = int(rows_of[label]) - _rows(groups, sizes)
        main, *others = _parts(groups, against, sizes)
        goal.update(dict.fromkeys(main, label if free + _rows(main, sizes) > 1 else -1))
        for part in others:
            several = _rows(part, sizes) > 1
            goal.update(dict.fromkeys(part, unused if several else -1))
            unused += several
    result = labels.copy()
    moved = np.isin(bound, np.array(sorted(goal), dtype=np.int64))
    result[moved] = [goal[group] for group in bound[moved].tolist()]
    return result


def _conflicts(constraints: Constraints, bound: Rows, place: Labels) -> dict[int, set[int]]:
    """For groups in one cluster that cannot be linked, or different people's, each other."""
    pairs = np.unique(np.sort(bound[constraints.cannot_link].reshape(-1, 2), axis=1), axis=0)
    pairs = pairs[(place[pairs[:, 0]] == place[pairs[:, 1]]) & (place[pairs[:, 0]] >= 0) & (pairs[:, 0] < pairs[:, 1])]
    people = np.unique(bound[constraints.person >= 0])
    against: dict[int, set[int]] = defaultdict(set)
    for one, other in [*pairs.tolist(), *_rivals(people, place)]:
        against[one].add(other)
        against[other].add(one)
    return against


def _rivals(people: Rows, place: Labels) -> list[tuple[int, int]]:
    """Pairs of different people's groups in one cluster."""
    by_cluster: dict[int, list[int]] = defaultdict(list)
    for group in people.tolist():
        by_cluster[int(place[group])].append(group)
    crowded = [groups for label, groups in by_cluster.items() if label >= 0]
    return [(one, other) for groups in crowded for i, one in enumerate(groups) for other in groups[:i]]


def _parts(groups: Sequence[int], against: dict[int, set[int]], sizes: Rows) -> list[set[int]]:
    """`groups` in parts without conflicts, the one with the most rows first.

    Taken first is what is large and stands against little: who is taken out of an album is against all that stay in it.
    """
    worth = {group: int(sizes[group]) - _rows(against[group], sizes) for group in groups}
    parts: list[set[int]] = []
    for group in sorted(groups, key=lambda group: (-worth[group], group)):
        part = next((part for part in parts if against[group].isdisjoint(part)), None)
        if part is None:
            parts.append({group})
        else:
            part.add(group)
    return sorted(parts, key=lambda part: -_rows(part, sizes))


def _rows(groups: Iterable[int], sizes: Rows) -> int:
    return sum(int(sizes[group]) for group in groups)
