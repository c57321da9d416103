"""Constraints for property tests, and whether labels obey them, found pair by pair."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import strategies as st

from faceindex.clustering.constraints import Constraints
from faceindex.types import Labels


@st.composite
def constraints(draw: st.DrawFn, count: int, *, photos: bool = True) -> Constraints:
    """Any constraints on `count` rows, contradictions among them."""
    rows = st.integers(0, max(count - 1, 0))
    pairs = st.lists(st.tuples(rows, rows), max_size=5 if count else 0)
    marks = st.lists(st.integers(-1, 2), min_size=count, max_size=count)
    nothing = st.just([-1] * count)
    person, photo = draw(st.one_of(nothing, marks)), draw(st.one_of(nothing, marks) if photos else nothing)
    must_link, cannot_link = (np.array(draw(pairs), dtype=np.int64).reshape(-1, 2) for _ in range(2))
    return Constraints(np.array(person, dtype=np.int64), must_link, cannot_link, np.array(photo, dtype=np.int64))


def bound(known: Constraints) -> Labels:
    """The group of each row: what person and together bind, directly and through others."""
    group = np.arange(len(known.person))
    same = [(i, j) for i, j in combinations(range(len(group)), 2) if known.person[i] == known.person[j] >= 0]
    for i, j in [*same, *known.must_link.tolist()]:
        group[group == group[j]] = group[i]
    return group


def assert_obeyed(labels: Labels, known: Constraints) -> None:
    """Groups are whole; what is apart, and different people, are not in one cluster unless they are bound."""
    group = bound(known)
    alone = np.where(labels < 0, -1 - np.arange(len(labels)), labels)
    for i, j in combinations(range(len(labels)), 2):
        if group[i] == group[j]:
            assert alone[i] == alone[j], f"{i} and {j} belong together"
        elif alone[i] == alone[j]:
            people = [set(known.person[group == group[row]].tolist()) - {-1} for row in (i, j)]
            assert not (people[0] and people[1]), f"{i} and {j} are of different people"
    for i, j in known.cannot_link.tolist():
        assert group[i] == group[j] or alone[i] != alone[j], f"{i} and {j} must be apart"
