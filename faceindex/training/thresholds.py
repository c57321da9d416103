"""What distances mean behind a head: thresholds as strict as before, and a calibration, on people held out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

from faceindex.errors import UsageError
from faceindex.evaluation.cross_fit import fitted
from faceindex.evaluation.strangers import NamedPairs, named_pairs
from faceindex.models.cards import CalibrationCard, RecipeCard
from faceindex.training.losses import Floats, People

_ENOUGH = 10
"""Pairs of two people within a threshold, so that it can be found behind the head by counting."""


@dataclass(frozen=True, slots=True)
class PairsOfBoth:
    """Pairs of the same faces, before the head and behind it."""

    before: NamedPairs
    after: NamedPairs

    def threshold(self, before: float) -> float:
        """The distance behind the head within which as large a share of pairs of two people lies as within `before`.

        Where these are fewer than ten pairs, `before` is stretched as the distance of the tenth nearest pair is.
        """
        near, far = np.sort(self.before.different), np.sort(self.after.different)
        count = int(np.searchsorted(near, before, side="right"))
        if count >= _ENOUGH:
            return float(np.interp(before, near[count - 1 : count + 1], far[count - 1 : count + 1]))
        place = min(_ENOUGH, len(near)) - 1
        return before * float(far[place] / near[place])


def pairs_of_both(before: Floats, after: Floats, people: People) -> PairsOfBoth:
    """before, after: float [n, d] of the same faces. people: int64 [n], from 0 on; 4,000 faces are 8 million pairs."""
    return PairsOfBoth(*(named_pairs(vectors.astype(np.float32), people) for vectors in (before, after)))


def refitted(card: RecipeCard, pairs: PairsOfBoth) -> RecipeCard:
    """The card with thresholds and calibration for distances behind the head.

    Where there are too few pairs for a calibration, the card's own is stretched as its thresholds are.
    """
    match, clusters = pairs.threshold(card.match_threshold), pairs.threshold(card.cluster_threshold)
    new = replace(card, match_threshold=round(match, 4), cluster_threshold=round(clusters, 4))
    try:
        return replace(new, calibration=CalibrationCard(**asdict(fitted(pairs.after))), confidence=None)
    except ValueError:
        pass
    stretch = match / card.match_threshold
    if card.calibration is not None:
        old = card.calibration
        rates = {"same_rate": old.same_rate / stretch**2, "different_rate": old.different_rate / stretch**2}
        return replace(new, calibration=replace(old, **rates))
    if card.confidence is None:
        raise UsageError(f"the card of {card.name} has neither a calibration nor a confidence")
    return replace(new, confidence=tuple(value * stretch for value in card.confidence))
