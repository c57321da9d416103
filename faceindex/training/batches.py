"""Batches for metric learning: some faces of some people, and one face of each of many others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from faceindex.training.losses import People


@dataclass(frozen=True, slots=True)
class BatchSizes:
    """people: with two faces or more, of each of whom there are up to `faces`. others: further people, one face each:
    pairs of two people. Of dlib's worst negatives there are the more to choose from, the more others there are."""

    people: int = 64
    faces: int = 6
    others: int = 400


def batches(
    people: People, families: Mapping[int, tuple[int, ...]], sizes: BatchSizes, random: np.random.Generator
) -> Iterator[People]:
    """Places of the faces of each batch, int64, without end.

    people: int64 [n], numbers from 0 on. families: for a person, those whom the person resembles: they come with the
    person, so that they are among the worst negatives.
    """
    order = np.argsort(people, kind="stable")
    counts = np.bincount(people)
    starts = np.cumsum(counts) - counts
    several = np.flatnonzero(counts > 1)

    def faces_of(person: int, most: int) -> People:
        own = order[starts[person] : starts[person] + counts[person]]
        return own if len(own) <= most else random.choice(own, most, replace=False)

    while True:
        drawn = random.permutation(several)[: sizes.people].tolist()
        related = {other for person in drawn for other in families.get(person, ())}
        others = random.permutation(len(counts))
        others = others[(counts[others] > 0) & ~np.isin(others, [*drawn, *related])][: sizes.others]
        chosen = [faces_of(person, sizes.faces) for person in dict.fromkeys([*drawn, *sorted(related)])]
        yield np.concatenate(
            [*chosen, order[starts[others] + random.integers(counts[others])] if len(others) else others]
        )
