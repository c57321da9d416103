"""Measure false identifications per query against what was asked for, in drawn galleries of any size.

    .venv/bin/python scripts/bench_fpir.py [--sizes 10000 100000 1000000] [--fpir 0.01] [--probes 10000] [--json]

Vectors are drawn as make_library.py draws them. A calibration is fitted to a few thousand faces of drawn development
people. Galleries and probes are of other people, drawn with other seeds: every face found is a stranger's. `asked` is
the expected number of strangers that a query finds within the threshold for a gallery of that size; `measured` is the
mean over the probes, each of another person, with its standard error; `ratio` is the one by the other, and `queries`
the share of probes that find any stranger. Each repetition draws development people, gallery and probes anew; the last
rows are the mean of all. Real people are measured by `faceindex evaluate strangers`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from make_library import DrawnFaces

from faceindex.evaluation.cross_fit import fitted
from faceindex.evaluation.strangers import named_pairs, strangers_within
from faceindex.faces.recipe import recipe
from faceindex.search.calibration import DEFAULT_FPIR, Calibration
from faceindex.types import Vectors

BLOCK = 1 << 16
"""Faces of a gallery drawn at a time."""


@dataclass(frozen=True, slots=True)
class Row:
    """One gallery. queries: share of the probes that find any stranger."""

    repetition: int
    faces: int
    asked: float
    threshold: float
    measured: float
    error: float
    queries: float
    seconds: float

    @property
    def ratio(self) -> float:
        return self.measured / self.asked


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    data = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--fpir", type=float, default=DEFAULT_FPIR)
    parser.add_argument("--probes", type=int, default=10_000)
    parser.add_argument("--development", type=int, default=4_000, help="faces that are calibrated on")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--stats", type=Path, default=data / "embedding_stats.npz")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    options = parser.parse_args()
    found = drawn(options)
    if options.json:
        print(json.dumps({"drawn": found}, indent=2))


def drawn(options: argparse.Namespace) -> list[dict[str, object]]:
    rows = []
    if not options.json:
        print("repetition     faces  asked  threshold  measured +- error  ratio  queries  seconds")
    for repetition in range(options.repeat):
        calibration = calibrated(options.development, options.stats, seed=3 * repetition)
        for row in measured(repetition, calibration, options.sizes, options.fpir, options.probes, options.stats):
            rows.append(row)
            if not options.json:
                print(as_line(row), flush=True)
    if not options.json:
        for faces in options.sizes:
            mean = float(np.mean([row.measured for row in rows if row.faces == faces]))
            print(f"mean      {faces:10,}  {options.fpir:g}  {'':9}  {mean:8.5f}            {mean / options.fpir:5.2f}")
    return [asdict(row) | {"ratio": row.ratio} for row in rows]


def calibrated(faces: int, stats: Path, seed: int) -> Calibration:
    people = DrawnFaces(faces, stats, recipe("dlib").card.length, seed)
    return fitted(named_pairs(people.vectors(0, faces), people.person))


def measured(
    repetition: int, calibration: Calibration, sizes: list[int], fpir: float, probes: int, stats: Path
) -> Iterator[Row]:
    length = recipe("dlib").card.length
    queries = one_face_each(probes, DrawnFaces(8 * probes, stats, length, 3 * repetition + 1))
    probes = len(queries)
    for faces in sizes:
        began = time.monotonic()
        gallery = DrawnFaces(faces, stats, length, 3 * repetition + 2)
        threshold = calibration.threshold(fpir, faces)
        found = np.zeros(probes, dtype=np.int64)
        for start in range(0, faces, BLOCK):
            block = gallery.vectors(start, min(start + BLOCK, faces))
            pairs = strangers_within(
                queries, np.zeros(probes, np.int64), block, np.ones(len(block), np.int64), threshold
            )
            found += np.bincount(pairs[:, 0], minlength=probes)
        yield Row(
            repetition=repetition,
            faces=faces,
            asked=fpir,
            threshold=threshold,
            measured=float(found.mean()),
            error=float(found.std() / np.sqrt(probes)),
            queries=float(np.mean(found > 0)),
            seconds=time.monotonic() - began,
        )


def one_face_each(count: int, drawn: DrawnFaces) -> Vectors:
    """A face of `count` people each, so that no person is looked for twice."""
    _, first = np.unique(drawn.person, return_index=True)
    return np.concatenate([drawn.vectors(int(face), int(face) + 1) for face in first[:count]])


def as_line(row: Row) -> str:
    measured = f"{row.measured:8.5f} +- {row.error:.5f} {row.ratio:6.2f}"
    return (
        f"{row.repetition:10}{row.faces:10,}  {row.asked:g}  {row.threshold:9.4f}  {measured}"
        f"  {row.queries:7.5f}  {row.seconds:7.0f}"
    )


if __name__ == "__main__":
    main()
