"""False identifications per query compared with how many were asked for, in drawn galleries of any size.

Vectors are drawn as make_library draws them. A calibration is fitted to --development faces of drawn people. Galleries
and probes are of other people, drawn with other seeds, so every face found is a stranger's. --fpir is the number of
strangers asked for: those that a query is expected to find within the threshold for a gallery of that size. Measured is
the mean over --probes, each of another person, with its standard error. Each repetition draws everything anew. Real
people are measured by `faceindex evaluate strangers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from harness.measure import STATS
from harness.report import Report
from make_library import DrawnFaces

from faceindex.evaluation.cross_fit import fitted
from faceindex.evaluation.strangers import named_pairs, strangers_within
from faceindex.faces.recipe import recipe
from faceindex.judgement.calibration import DEFAULT_FPIR, Calibration
from faceindex.types import Vectors

BLOCK = 1 << 16
"""Faces of a gallery drawn at a time."""


@dataclass(frozen=True, slots=True)
class Row:
    """One gallery. queries: share of the probes that find any stranger."""

    faces: int
    threshold: float
    measured: float
    error: float
    queries: float


def run(
    report: Report,
    *,
    sizes: Sequence[int] = (10_000, 100_000, 1_000_000),
    fpir: float = DEFAULT_FPIR,
    probes: int = 10_000,
    development: int = 4_000,
    repeat: int = 3,
) -> None:
    rows = []
    for repetition in range(repeat):
        calibration = calibrated(development, seed=3 * repetition)
        for row in measured(repetition, calibration, sizes, fpir, probes):
            report.say(str(row))
            rows.append(row)
    for faces in sizes:
        own = [row for row in rows if row.faces == faces]
        for name in ("threshold", "measured", "error", "queries"):
            report.add(f"{faces:,} faces, {name}", [getattr(row, name) for row in own])
        report.add(f"{faces:,} faces, measured by asked", [row.measured / fpir for row in own], "times")


def drawn(count: int, seed: int) -> DrawnFaces:
    return DrawnFaces(count, STATS, recipe("dlib").card.length, seed)


def calibrated(faces: int, seed: int) -> Calibration:
    people = drawn(faces, seed)
    return fitted(named_pairs(people.vectors(0, faces), people.person))


def measured(
    repetition: int, calibration: Calibration, sizes: Sequence[int], fpir: float, probes: int
) -> Iterator[Row]:
    queries = one_face_each(probes, drawn(8 * probes, 3 * repetition + 1))
    probes = len(queries)
    for faces in sizes:
        gallery = drawn(faces, 3 * repetition + 2)
        threshold = calibration.threshold(fpir, faces)
        found = np.zeros(probes, dtype=np.int64)
        for start in range(0, faces, BLOCK):
            block = gallery.vectors(start, min(start + BLOCK, faces))
            pairs = strangers_within(
                queries, np.zeros(probes, np.int64), block, np.ones(len(block), np.int64), threshold
            )
            found += np.bincount(pairs[:, 0], minlength=probes)
        error = float(found.std() / np.sqrt(probes))
        yield Row(faces, threshold, float(found.mean()), error, float(np.mean(found > 0)))


def one_face_each(count: int, drawn: DrawnFaces) -> Vectors:
    """A face of `count` people each, so that no person is looked for twice."""
    _, first = np.unique(drawn.person, return_index=True)
    return np.concatenate([drawn.vectors(int(face), int(face) + 1) for face in first[:count]])
