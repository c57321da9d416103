"""`faceindex evaluate strangers`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from faceindex.cli import evaluate_output as evaluated
from faceindex.cli import options
from faceindex.cli.evaluate_output import faces_as_object, ingested_by_each, print_faces, rate
from faceindex.cli.output import print_json, print_line, print_table
from faceindex.errors import UsageError
from faceindex.evaluation.group_file import GroupFile, read_groups
from faceindex.evaluation.half_splits import HalfSplits, half_splits
from faceindex.evaluation.labelled import LabelledFaces
from faceindex.evaluation.strangers import Fpir, company_factors, measure_fpir
from faceindex.faces.engine import Engine
from faceindex.judgement.library_calibration import of_recipe

ASKED = (0.003, 0.01, 0.03, 0.1)
"""Expected false identifications that are measured."""

GroupsOption = Annotated[
    Path | None, typer.Option("--groups", metavar="FILE.csv", help="Also within each group: as for `evaluate groups`.")
]
Partings = Annotated[
    int,
    typer.Option(
        "--partings", min=0, metavar="N", help="Also thresholds fitted to one half, tried on the other, N times parted."
    ),
]


def strangers(
    folder: evaluated.Labelled,
    names: evaluated.Recipes = None,
    file: GroupsOption = None,
    partings: Partings = 0,
    half: evaluated.Half = None,
    workers: options.Workers = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    keep: options.Keep = None,
    as_json: options.AsJson = False,
) -> None:
    """How many strangers a search finds, by how many were asked for: every face looked for among all others."""
    given = None if file is None else read_groups(file)
    faces = ingested_by_each(names, folder, half, Engine(engine, device), workers, keep)
    found = [dict(_by_group(each, given)) for each in faces]
    halves = [_halves(each, partings) for each in faces]
    if as_json:
        rows = [
            faces_as_object(each, half)
            | {"groups": [{"group": name, "points": [asdict(p) for p in points]} for name, points in groups.items()]}
            | {"halves": [asdict(split) for split in splits]}
            for each, groups, splits in zip(faces, found, halves, strict=True)
        ]
        print_json({"data": str(folder), "recipes": rows})
        return
    for each, groups, splits in zip(faces, found, halves, strict=True):
        print_faces(each)
        _print(groups, splits)


def _print(groups: Mapping[str, Sequence[Fpir]], splits: Sequence[HalfSplits]) -> None:
    columns = (
        "group",
        "asked#",
        "faces#",
        "threshold#",
        "measured#",
        "+-#",
        "ratio#",
        "queries with any#",
        "without company#",
    )
    print_table(columns, [_row(name, point) for name, points in groups.items() for point in points])
    print_line("")
    if splits:
        print_line(f"{splits[0].halves} halves, measured by asked, thresholds fitted to the other half or counted:")
        rows = [row for split in splits for row in _spreads(split)]
        print_table(("asked#", "thresholds", "median#", "mean#", "5 %#", "95 %#", "within 2#"), rows)
        print_line("")


def _by_group(faces: LabelledFaces, given: GroupFile | None) -> Iterator[tuple[str, list[Fpir]]]:
    yield "all", _measured(faces, np.ones(len(faces.people), dtype=np.bool_))
    if given:
        groups = given.groups_of(faces)
        for number, name in enumerate(given.names):
            if np.sum(groups == number) > 1:
                yield name, _measured(faces, groups == number)


def _measured(faces: LabelledFaces, chosen: np.ndarray) -> list[Fpir]:
    if np.sum(chosen) < 2:
        raise UsageError("it takes two faces to look for one among others")
    calibration = of_recipe(faces.recipe)
    people = np.unique(faces.people[chosen], return_inverse=True)[1]
    vectors = faces.vectors[chosen]
    factors = company_factors(vectors, calibration, faces.recipe)
    return [measure_fpir(vectors, people, calibration, asked, factors=factors) for asked in ASKED]


def _halves(faces: LabelledFaces, partings: int) -> tuple[HalfSplits, ...]:
    if not partings:
        return ()
    people = np.unique(faces.people, return_inverse=True)[1]
    try:
        return half_splits(faces.vectors, people, ASKED, partings)
    except ValueError as error:
        raise UsageError(f"half of the people are too few to fit thresholds to: {error}") from error


def _row(name: str, point: Fpir) -> tuple[object, ...]:
    measured = (f"{point.measured:.4f}", f"{point.error:.4f}", f"{point.measured / point.asked:.2f}")
    shares = (rate(point.queries), f"{point.for_usual:.4f}")
    return (name, f"{point.asked:g}", point.faces, f"{point.threshold:.4f}", *measured, *shares)


def _spreads(split: HalfSplits) -> Iterator[tuple[object, ...]]:
    for kind, one in (("fitted", split.fitted), ("counted", split.counted)):
        values = (one.median, one.mean, one.low, one.high, one.within_two)
        yield (f"{split.asked:g}", kind, *(f"{value:.2f}" for value in values))
