"""Pairs of photos in a CSV file: the same person or not, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import tee
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from faceindex.errors import UsageError
from faceindex.faces.analyse import Analyser
from faceindex.files.csv_rows import csv_row, read_csv
from faceindex.judgement.calibration import Calibration
from faceindex.photos.finding.addresses import absolute
from faceindex.queries.analysis import analysed_in_order
from faceindex.queries.verification import CompanyOf, judged, milder
from faceindex.types import USUAL, Company
from faceindex.vectors.nearest import distance

COLUMNS = ("a", "b", "same", "distance", "threshold", "confidence", "error")


@dataclass(frozen=True, slots=True)
class VerifiedPair:
    """A row. a, b: as they were written. distance: Euclidean. confidence: that `same` is right. error: why all of these
    are None; None otherwise."""

    a: str
    b: str
    threshold: float
    same: bool | None = None
    distance: float | None = None
    confidence: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Face:
    vector: npt.NDArray[np.float32] | None
    error: str | None
    company: Company = USUAL


def read_pairs(file: Path) -> Iterator[tuple[str, str]]:
    """The columns a and b of a CSV file with a line of names. Raises: UsageError; it names the line. MachineError."""
    for where, row in read_csv(file, ("a", "b")):
        if not row["a"] or not row["b"]:
            raise UsageError(f"{where}: a pair has two photos, a and b")
        yield row["a"], row["b"]


def verified(
    pairs: Iterable[tuple[str, str]],
    analyser: Analyser,
    *,
    threshold: float,
    calibration: Calibration,
    workers: int,
    company_of: CompanyOf = lambda _: USUAL,
) -> Iterator[VerifiedPair]:
    """Every pair in its order, as soon as it is known; their largest faces are compared, each photo is analysed once.

    calibration: what confidences follow from, see `judged`. company_of: the company of a face.
    What is wrong with a photo is told in the rows it is in.
    """
    wanted, ahead = tee(pairs)
    answers = analysed_in_order(_different(ahead), analyser, workers)
    faces: dict[str, _Face] = {}
    for a, b in wanted:
        for path in (absolute(a), absolute(b)):
            while path not in faces:
                answer = next(answers)
                shown = answer.photo.faces if answer.photo else ()
                largest = max(shown, key=lambda face: face.box.area, default=None)
                error = answer.error or (None if largest else "no face found")
                company = company_of(largest.vector) if largest else USUAL
                faces[answer.file.path] = _Face(largest.vector if largest else None, error, company)
        yield _compared(a, b, faces[absolute(a)], faces[absolute(b)], threshold, calibration)


def write_pairs(rows: Iterable[VerifiedPair], out: TextIO) -> Iterator[VerifiedPair]:
    """Write each row when it comes, and pass it on."""
    out.write(csv_row(COLUMNS) + "\r\n")
    for row in rows:
        values = (getattr(row, name) for name in COLUMNS)
        out.write(csv_row(f"{v:.6f}" if isinstance(v, float) else v for v in values) + "\r\n")
        out.flush()
        yield row


def _different(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    seen = set()
    for pair in pairs:
        for path in map(absolute, pair):
            if path not in seen:
                seen.add(path)
                yield path


def _compared(a: str, b: str, first: _Face, second: _Face, threshold: float, calibration: Calibration) -> VerifiedPair:
    if first.vector is None or second.vector is None:
        wrong = [f"{path}: {face.error}" for path, face in ((a, first), (b, second)) if face.error]
        return VerifiedPair(a, b, threshold, error="; ".join(dict.fromkeys(wrong)))
    away = distance(first.vector, second.vector)
    company = milder(first.company, second.company)
    same, confidence = judged(away, threshold, calibration, company)
    return VerifiedPair(a, b, threshold * company.factor, same, away, confidence)
