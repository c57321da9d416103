"""`faceindex evaluate groups`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from faceindex.cli import evaluate_output as evaluated
from faceindex.cli import options
from faceindex.cli.evaluate_output import (
    cost_row,
    faces_as_object,
    ingested_by_each,
    ms_per_face,
    print_compared,
    print_faces,
)
from faceindex.cli.output import print_json
from faceindex.evaluation.group_file import GroupFile, read_groups
from faceindex.evaluation.groups import NONE, GroupRates, Groups, measure_groups
from faceindex.evaluation.intervals import Rate
from faceindex.evaluation.labelled import LabelledFaces
from faceindex.faces.engine import Engine

FEW_GROUPS = 3
"""Of more, the table has only those two that share people; JSON has every two."""

GroupsOption = Annotated[
    Path,
    typer.Option(
        "--groups",
        metavar="FILE.csv",
        help="Columns person (a folder, or folder/photo for one photo) and group; family, too, for relatives.",
    ),
]


def groups(
    folder: evaluated.Labelled,
    file: GroupsOption,
    names: evaluated.Recipes = None,
    threshold: options.Threshold = None,
    half: evaluated.Half = None,
    workers: options.Workers = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    keep: options.Keep = None,
    as_json: options.AsJson = False,
) -> None:
    """Whom are recipes fair to? False and true match rates of each group of people at one threshold."""
    given, runs = read_groups(file), Engine(engine, device)
    faces = ingested_by_each(names, folder, half, runs, workers, keep)
    found = [_measured(each, given, threshold) for each in faces]
    cost = ms_per_face([each.recipe for each in faces], runs, faces[0].photos)
    if as_json:
        rows = [
            faces_as_object(each, half) | _as_object(each, given, result) | {"ms_per_face": spent}
            for each, result, spent in zip(faces, found, cost, strict=True)
        ]
        print_json({"data": str(folder), "groups": str(file), "recipes": rows})
        return
    for each in faces:
        print_faces(each)
    columns = {
        each.recipe.title: dict(_rows(result)) | cost_row(spent)
        for each, result, spent in zip(faces, found, cost, strict=True)
    }
    print_compared(columns)


def _measured(faces: LabelledFaces, given: GroupFile, threshold: float | None) -> Groups:
    limit = faces.recipe.match_threshold if threshold is None else threshold
    places, families = given.groups_of(faces), given.families_of(faces.names)
    return measure_groups(faces.vectors, faces.people, places, given.names, families, limit)


def _as_object(faces: LabelledFaces, given: GroupFile, result: Groups) -> dict[str, object]:
    return {
        "threshold": result.threshold,
        "ungrouped": int(np.sum(given.groups_of(faces) == NONE)),
        "groups": [asdict(row) for row in result.within],
        "across": [asdict(row) for row in result.across],
        "false_match_ratio": result.false_match_ratio,
        "false_non_match_ratio": result.false_non_match_ratio,
    }


def _rows(result: Groups) -> Iterator[tuple[str, str]]:
    yield "threshold", f"{result.threshold:g}"
    across = [row for row in result.across if len(result.within) <= FEW_GROUPS or row.true_matches.pairs]
    for row in (*result.within, *across):
        title = row.group if row.other is None else f"{row.group} with {row.other}"
        yield f"{title}: people, faces", f"{row.people:,}, {row.faces:,}"
        yield from _rates(title, row)
    yield "false match rate, worst group over best", _ratio(result.false_match_ratio)
    yield "false non-match rate, worst group over best", _ratio(result.false_non_match_ratio)


def _rates(title: str, row: GroupRates) -> Iterator[tuple[str, str]]:
    kinds = {"false matches": row.false_matches, "of relatives": row.relatives, "true matches": row.true_matches}
    for name, rate in kinds.items():
        if rate.pairs:
            yield f"{title}: {name}", _rate(rate)


def _rate(rate: Rate) -> str:
    return f"{rate.rate:.4f} ({rate.low:.4f} to {rate.high:.4f}), {rate.count:,} of {rate.pairs:,}"


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.1f}"
