"""What answers teach about a library: how many of its likely pairs are one person's.

How much clustering left apart differs between libraries: on lfw-dev 1 face in 50, among children and the adults that
they became every second one. So each answer moves the odds of all pairs towards it, by what it was less expected, a
step of stochastic gradient ascent of the likelihood of all answers.
"""

from __future__ import annotations

from faceindex.store.folder import LibraryFolder
from faceindex.store.settings import save_settings
from faceindex.types import Suggestion

STEP = 0.3
"""Nats by which a yes moves the odds that nobody expected, and a no those of what seemed certain."""

_MOST = 5.0

_SETTING = "learnt_odds"


def learnt_odds(folder: LibraryFolder) -> float:
    """What to add to the logarithm of the odds of every pair; 0 before the first answer."""
    return float(folder.setting(_SETTING) or 0.0)


def learn(folder: LibraryFolder, suggestion: Suggestion, *, same: bool) -> None:
    """Learn from an answer. Nothing is learnt from those about a face and a person."""
    if suggestion.asks_who or not suggestion.probability > 0:  # it came without one
        return
    moved = learnt_odds(folder) + STEP * (same - suggestion.probability)
    with folder.decisions() as catalog, catalog.transaction() as transaction:
        save_settings(transaction, **{_SETTING: f"{max(-_MOST, min(_MOST, moved)):.4f}"})
