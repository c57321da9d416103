"""`faceindex evaluate clusters`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

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
    rate,
)
from faceindex.cli.output import print_json
from faceindex.evaluation.labelled import LabelledFaces
from faceindex.evaluation.measures import ALBUM_METHOD, Clusters, measure_clusters
from faceindex.faces.engine import Engine

MethodsOption = Annotated[
    list[str] | None,
    typer.Option("--method", metavar="NAME", help=f"linkage, whispers, dbscan; several. Default: {ALBUM_METHOD}."),
]
Thresholds = Annotated[
    list[float] | None,
    typer.Option("--threshold", min=0, metavar="DISTANCE", help="Euclidean distance; several. Default: the recipe's."),
]


def clusters(
    folder: evaluated.Labelled,
    names: evaluated.Recipes = None,
    methods: MethodsOption = None,
    thresholds: Thresholds = None,
    half: evaluated.Half = None,
    workers: options.Workers = None,
    engine: options.EngineName = "onnx",
    device: options.Device = "cpu",
    keep: options.Keep = None,
    as_json: options.AsJson = False,
) -> None:
    """Albums of several recipes, methods and thresholds beside each other, and the clicks that are left to do."""
    runs = Engine(engine, device)
    faces = ingested_by_each(names, folder, half, runs, workers, keep)
    found = [_measured(each, methods or [ALBUM_METHOD], thresholds) for each in faces]
    cost = ms_per_face([each.recipe for each in faces], runs, faces[0].photos)
    if as_json:
        rows = [
            faces_as_object(each, half) | {"clusters": [_as_object(one) for one in results], "ms_per_face": spent}
            for each, results, spent in zip(faces, found, cost, strict=True)
        ]
        print_json({"data": str(folder), "recipes": rows})
        return
    for each in faces:
        print_faces(each)
    print_compared(
        {
            f"{each.recipe.title}, {one.method}, {one.threshold:g}": _rows(one) | cost_row(spent)
            for each, results, spent in zip(faces, found, cost, strict=True)
            for one in results
        }
    )


def _measured(faces: LabelledFaces, methods: list[str], thresholds: list[float] | None) -> list[Clusters]:
    limits = thresholds or [faces.recipe.cluster_threshold]
    return [measure_clusters(faces, method, limit) for method in methods for limit in limits]


def _as_object(result: Clusters) -> dict[str, object]:
    return asdict(result) | {"clicks": asdict(result.clicks) | {"total": result.clicks.total}}


def _rows(result: Clusters) -> dict[str, object]:
    score, clicks = result.score, result.clicks
    return {
        "B-cubed precision": rate(score.bcubed.precision),
        "B-cubed recall": rate(score.bcubed.recall),
        "B-cubed F": rate(score.bcubed.f),
        "pairs, precision": rate(score.pairwise.precision),
        "pairs, recall": rate(score.pairwise.recall),
        "pairs, F": rate(score.pairwise.f),
        "purity": rate(score.purity),
        "albums": score.albums,
        "of several people": result.mixed,
        "most people in one album": result.most_people,
        "faces alone": score.alone,
        "clicks to perfect": clicks.total,
        "merges": clicks.merges,
        "splits": clicks.splits,
        "moves": clicks.moves,
        "faces picked for splits and moves": clicks.picked,
    }
