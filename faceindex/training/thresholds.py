"""What distances mean behind a head: thresholds as strict as before, and a calibration, on people held out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

from faceindex.errors import UsageError
from faceindex.evaluation.cross_fit import fitted
from faceindex.evaluation.strangers import NamedPairs, named_pairs
from faceindex.models.cards import CalibrationCard, RecipeCard
from faceindex.search.calibration import Calibration
from faceindex.training.losses import Floats, People

_ENOUGH = 10
"""False pairs within a threshold from which its rate is counted, not read off a fitted law."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Pairs of the same faces before the head and behind it, and the laws fitted to them, None where that fails."""

    before: NamedPairs
    after: NamedPairs
    law_before: Calibration | None
    law_after: Calibration | None

    def threshold(self, before: float) -> float:
        """The distance behind the head within which as large a share of pairs of two people lies as within `before`."""
        share = float(np.mean(self.before.different <= before))
        if share * len(self.before.different) >= _ENOUGH:
            return float(np.quantile(self.after.different, share))
        if self.law_before is None or self.law_after is None:
            return before * self.zoom
        rate = float(self.law_before.false_match_rate(before))
        return self.law_after.threshold(max(rate, 1e-12), 1)

    @property
    def zoom(self) -> float:
        """How much larger distances of two people are behind the head."""
        return float(np.median(self.after.different) / np.median(self.before.different))


def measured(before: Floats, after: Floats, people: People) -> Measured:
    """before, after: float [n, d] of the same faces. people: int64 [n], from 0 on; 4,000 faces are 8 million pairs."""
    pairs = [named_pairs(vectors.astype(np.float32), people) for vectors in (before, after)]
    return Measured(pairs[0], pairs[1], _law(pairs[0]), _law(pairs[1]))


def refitted(card: RecipeCard, found: Measured) -> RecipeCard:
    """The card with thresholds and calibration for distances behind the head.

    Where there are too few pairs for a calibration, the card's own is stretched as distances are.
    """
    match, clusters = found.threshold(card.match_threshold), found.threshold(card.cluster_threshold)
    new = replace(card, match_threshold=round(match, 4), cluster_threshold=round(clusters, 4))
    if found.law_after is not None:
        return replace(new, calibration=CalibrationCard(**asdict(found.law_after)), confidence=None)
    stretch = match / card.match_threshold
    if card.calibration is not None:
        old = card.calibration
        rates = {"same_rate": old.same_rate / stretch**2, "different_rate": old.different_rate / stretch**2}
        return replace(new, calibration=replace(old, **rates))
    if card.confidence is None:
        raise UsageError(f"the card of {card.name} has neither a calibration nor a confidence")
    return replace(new, confidence=tuple(value * stretch for value in card.confidence))


def _law(pairs: NamedPairs) -> Calibration | None:
    try:
        return fitted(pairs)
    except ValueError:
        return None
