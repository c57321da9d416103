"""People parted into halves and folds by their names, and pairs into what is tuned on and what is tested."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

HALVES = ("a", "b")

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Split:
    """Which pairs a threshold is chosen on, and which it is tested on: bool [n] each."""

    train: Mask
    test: Mask


def person_fold(name: str, folds: int) -> int:
    """The fold, 0 to folds - 1, that a person always belongs to: by sha256 of the name, so on every machine.

    Folds of different numbers are independent of each other.
    """
    digest = hashlib.sha256(f"{folds}/{name}".encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") % folds


def half_of(name: str) -> str:
    """The half of all people, "a" or "b", that a person always belongs to."""
    return HALVES[person_fold(name, len(HALVES))]


def other_folds(fold: npt.NDArray[np.int64], folds: int) -> Iterator[Split]:
    """Each fold of pairs tested in turn, tuned on all others: LFW's protocol. fold: int64 [n], 0 to folds - 1."""
    for number in range(folds):
        yield Split(train=fold != number, test=fold == number)


def other_people(people: npt.NDArray[np.int64], fold: npt.NDArray[np.int64], folds: int) -> Iterator[Split]:
    """Pairs tested fold by fold, each pair once, tuned on pairs that show none of the people tested.

    people: int64 [n, 2], the two people of each pair. fold: int64 [n], that of each pair's first person.
    """
    for number in range(folds):
        test = fold == number
        shown = np.isin(people, people[test])
        yield Split(train=~(shown[:, 0] | shown[:, 1]), test=test)
