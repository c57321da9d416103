"""Measure false identifications per query against what was asked for: drawn galleries of any size, and real people.

    .venv/bin/python scripts/bench_fpir.py [--parts drawn real] [--sizes 10000 100000 1000000] [--fpir 0.01]
        [--probes 10000] [--recipes dlib dlib-raw sface] [--splits 50] [--keep DIR] [--json]

drawn: vectors are drawn as make_library.py draws them. A calibration is fitted to a few thousand faces of drawn
development people. Galleries and probes are of other people, drawn with other seeds: every face found is a stranger's.
`asked` is the expected number of strangers that a query finds within the threshold for a gallery of that size;
`measured` is the mean over the probes, each of another person, with its standard error; `ratio` is the one by the
other, and `queries` the share of probes that find any stranger. Each repetition draws development people, gallery and
probes anew; the last rows are the mean of all.

real: lfw-dev, by each recipe. First halves a and b of the people, fitted to the other, as `faceindex evaluate
calibrate` does; the standard error is over people. Then measured by asked over many random halves: median, mean, range
from 5 % to 95 % of them, and the share of halves within a factor of 2. `fitted` are thresholds fitted to the other
half; `counted` those within which all the people have as many strangers as asked for: they are right, and show how
much of the range is the chance of who is in a half. Photos are analysed once, and kept under --keep.
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

from faceindex.evaluation.cross_fit import cross_fit, fitted
from faceindex.evaluation.half_splits import Spread, half_splits
from faceindex.evaluation.labelled import evaluation_library, ingest_labelled
from faceindex.evaluation.strangers import named_pairs, strangers_within
from faceindex.faces.recipe import recipe
from faceindex.search.calibration import DEFAULT_FPIR, Calibration
from faceindex.types import Vectors

BLOCK = 1 << 16
"""Faces of a gallery drawn at a time."""


ASKED = (0.003, 0.01, 0.03, 0.1)
"""Expected false identifications that are measured on random halves of real people."""


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
    parser.add_argument("--parts", nargs="+", choices=("drawn", "real"), default=["drawn", "real"])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--fpir", type=float, default=DEFAULT_FPIR)
    parser.add_argument("--probes", type=int, default=10_000)
    parser.add_argument("--development", type=int, default=4_000, help="faces that are calibrated on")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--stats", type=Path, default=data / "embedding_stats.npz")
    parser.add_argument("--recipes", nargs="+", default=["dlib", "dlib-raw", "sface"])
    parser.add_argument("--splits", type=int, default=50, help="random partings of the people, two halves each")
    parser.add_argument("--data", type=Path, default=data / "lfw-dev" / "images")
    parser.add_argument("--keep", type=Path, help="keep the analysed photos here; default: a temporary folder")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    options = parser.parse_args()
    found = {}
    if "drawn" in options.parts:
        found["drawn"] = drawn(options)
    if "real" in options.parts:
        found["real"] = [real(name, options) for name in options.recipes]
    if options.json:
        print(json.dumps(found, indent=2))


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


def real(name: str, options: argparse.Namespace) -> dict[str, object]:
    """Halves a and b, then random ones, of real people by one recipe."""
    with evaluation_library(recipe(name), options.keep) as library:
        faces = ingest_labelled(library, options.data)
    halves = cross_fit(faces.vectors, faces.people, faces.names).held_out
    splits = half_splits(faces.vectors, np.unique(faces.people, return_inverse=True)[1], ASKED, options.splits)
    if not options.json:
        print(
            f"\nrecipe {name}: {len(faces.people):,} faces\nhalf  asked  measured +- error  without suspects  queries"
        )
        for half in halves:
            for point in half.fpir:
                numbers = f"{point.measured:8.4f} +- {point.error:.4f}  {point.without_suspects:16.4f}"
                print(f"{half.half:4}{point.asked:7g}  {numbers}  {point.queries:7.4f}")
        print(f"{2 * options.splits} random halves, measured by asked")
        print("        asked  median   mean     5 % to 95 %  within 2")
        for split in splits:
            print(as_spread("fitted", split.asked, split.fitted))
            print(as_spread("counted", split.asked, split.counted), flush=True)
    return {
        "recipe": name,
        "halves": [{"half": half.half, "fpir": [asdict(point) for point in half.fpir]} for half in halves],
        "splits": [asdict(split) for split in splits],
    }


def as_spread(kind: str, asked: float, spread: Spread) -> str:
    numbers = f"{spread.median:6.2f} {spread.mean:6.2f}   {spread.low:5.2f} to {spread.high:5.2f}"
    return f"{kind:7} {asked:5g}  {numbers}  {spread.within_two:8.2f}"


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
