"""How well people are named: rank-1, and identification at a rate of strangers who are named, over arrays.

As in ISO/IEC 19795-1 and the open-set protocol of the NIST FRVT (Grother, Ngan and Hanaoka, NISTIR 8271).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Identification:
    """Answers to probes of enrolled people, and of others.

    right: bool [n], whether the first of the people named is the one. scores: float64 [n], of that answer, higher is
    surer. stranger_scores: float64 [m], of the answer to each probe of somebody not enrolled.
    """

    right: Flags
    scores: Scores
    stranger_scores: Scores

    @property
    def rank_1(self) -> float:
        """Closed set: share of probes of enrolled people that are named rightly."""
        return float(self.right.mean())

    def threshold(self, fpir: float) -> float:
        """The score above which at most `fpir` of the strangers are named, a share (false positive identification)."""
        falling = np.sort(self.stranger_scores)[::-1]
        return float(falling[min(int(fpir * len(falling)), len(falling) - 1)])

    def dir(self, fpir: float) -> float:
        """Open set: share of probes of enrolled people that are named rightly, and above the threshold of `fpir`."""
        return float(np.mean(self.right & (self.scores > self.threshold(fpir))))


def enrolled(people: npt.NDArray[np.int64], photos: int | None, random: np.random.Generator) -> tuple[Flags, Flags]:
    """Which faces are enrolled, and which are probes of the people enrolled, bool [n] each; all others are strangers.

    people: int64 [n]. photos: of each of half the people, chosen by chance; None is all but one. People with fewer
    photos are enrolled with what they have, and are no probes then; but with all but one, somebody with a single photo
    is enrolled with it.
    """
    gallery, probes = np.zeros(len(people), dtype=bool), np.zeros(len(people), dtype=bool)
    numbers = random.permutation(np.unique(people))
    for person in numbers[: len(numbers) // 2]:
        own = random.permutation(np.flatnonzero(people == person))
        wanted = max(1, len(own) - 1) if photos is None else photos
        gallery[own[:wanted]] = True
        probes[own[wanted:]] = True
    return gallery, probes
