"""Which groups may become one: many pairs at once give what they give one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from faceindex.clustering.constraints import Constraints
from faceindex.clustering.rules import SHARED_PHOTOS, Rules, rules_of, unions_of


def drawn_rules(random: np.random.Generator, rows: int = 80) -> Rules:
    """Some rows are people, some are bound or kept apart, and many share a photo."""
    must_link, cannot_link = random.integers(0, rows, (2, rows // 6, 2))
    person = np.where(random.random(rows) < 0.2, random.integers(0, 9, rows), -1)
    known = Constraints(person, must_link, cannot_link, random.integers(-1, rows // 2, rows))
    return rules_of(known, random.normal(size=(rows, 4)).astype(np.float32), 0.5)


class OneByOne:
    """Unions as sets of groups."""

    def __init__(self, rules: Rules) -> None:
        self.union = [{group} for group in range(rules.groups)]
        self.rules = rules

    def may_unite(self, one: int, other: int) -> bool:
        rules, both = self.rules, (self.union[one], self.union[other])
        if all(rules.named[list(union)].any() for union in both):
            return False
        links = [
            (rules.mate[link], rules.weight[link])
            for group in both[0]
            for link in range(rules.start[group], rules.start[group + 1])
        ]
        shared = sum(weight for mate, weight in links if mate in both[1])
        sizes = [np.isin(rules.group, list(union)).sum() for union in both]
        return bool(shared <= SHARED_PHOTOS * min(sizes))

    def unite(self, one: int, other: int) -> bool:
        if self.union[one] is self.union[other]:
            return True
        if not self.may_unite(one, other):
            return False
        both = self.union[one] | self.union[other]
        for group in both:
            self.union[group] = both
        return True


@pytest.mark.parametrize("seed", range(12))
def test_pairs_at_once_are_pairs_one_after_the_other(seed: int) -> None:
    random = np.random.default_rng(seed)
    rules = drawn_rules(random)
    unions, expected = unions_of(rules), OneByOne(rules)
    for _ in range(3):
        one, other = random.integers(0, rules.groups, (2, 25))
        united = [expected.unite(*pair) for pair in zip(one.tolist(), other.tolist(), strict=True)]
        assert unions.unite(one, other).tolist() == united
        assert 0 < sum(united) < len(united)
    of = unions.of(np.arange(rules.groups)).tolist()
    assert of == [min(expected.union[group]) for group in range(rules.groups)]
    one, other = random.choice(np.unique(of), (2, 40))
    one, other = one[one != other], other[one != other]
    allowed = [expected.may_unite(*pair) for pair in zip(one.tolist(), other.tolist(), strict=True)]
    assert unions.may_unite(one, other).tolist() == allowed
    assert 0 < sum(allowed) < len(allowed)
