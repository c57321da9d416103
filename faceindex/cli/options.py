"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from faceindex.errors import UsageError
from faceindex.faces.recipe import DEFAULT_RECIPE, Recipe, recipe
from faceindex.models.cards import DETECTORS
from faceindex.types import Box

Library = Annotated[
    Path | None,
    typer.Option(
        "--library",
        "-L",
        envvar="FACEINDEX_LIBRARY",
        metavar="DIR",
        help="The library's folder. Default: the user's data folder.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of a table.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print rows of CSV instead of a table.")]
MinFace = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1000,
        metavar="N",
        help="Smallest face to find, in thousandths of the photo's longer side. "
        "Default: as in the last ingest; at first the detector's.",
    ),
]
RecipeName = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="NAME",
        help=f"sface-dlib, dlib, sface, ...: `faceindex models recipes`. Default: {DEFAULT_RECIPE}.",
    ),
]
Detector = Annotated[
    str | None, typer.Option(metavar="|".join(DETECTORS), help="What finds faces. Default: the recipe's.")
]
Landmarks = Annotated[int | None, typer.Option(metavar="5|68", help="Points that align a face. Default: the recipe's.")]
Jitter = Annotated[int | None, typer.Option(metavar="N", help="Average over N slightly changed copies of each face.")]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", "-j", min=0, help="Worker processes; 0: none. Default: as many as cores and memory allow."
    ),
]
On = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="ray|ray://HOST:PORT",
        help="Do the work on Ray: started on this machine, or the cluster at this address (see docs/cluster.md).",
    ),
]
Shards = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="With --on: shards of the index. Default: one a processor, of 25,000 faces at least."
    ),
]
Replicas = Annotated[
    int, typer.Option(min=1, metavar="N", help="With --on: processes that hold each shard, in case one is lost.")
]
Threads = Annotated[int, typer.Option(min=1, metavar="N", help="Number of compute threads.")]
Sheet = Annotated[
    Path | None, typer.Option("--sheet", metavar="OUT.html", help="Also write an HTML page with the faces.")
]
EngineName = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="onnx|openvino|dlib",
        help="The library that runs the networks, with the same results.",
    ),
]
Precision = Annotated[
    str | None,
    typer.Option(
        metavar="f32|bf16",
        help="bf16: faster by OpenVINO, on processors that have it. Part of the recipe. Default: f32.",
    ),
]
Device = Annotated[str, typer.Option(metavar="cpu|cuda|...", help="The device that onnxruntime uses.")]
Hidden = Annotated[bool, typer.Option("--hidden", help="Include what `faceindex people hide` has hidden.")]
Threshold = Annotated[
    float | None, typer.Option(min=0, metavar="DISTANCE", help="Euclidean distance. Default: the recipe's.")
]
SearchThreshold = Annotated[
    float | None,
    typer.Option("--threshold", min=0, metavar="DISTANCE", help="Euclidean distance. Default: follows from --fpir."),
]
Fpir = Annotated[
    float | None,
    typer.Option(metavar="N", help="Expected number of strangers among the matches of one face. Default: 0.01."),
]
Keep = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Keep each recipe's library here, so that the next run can resume it."),
]


def recipe_with(
    name: str | None, detector: str | None, landmarks: int | None, jitter: int | None, precision: str | None = None
) -> Recipe:
    """The recipe that these options choose; options that are None leave the recipe as it is. Raises: UsageError."""
    return recipe(
        name or DEFAULT_RECIPE,
        detector=detector,
        landmarks=landmarks,
        jitter=jitter or 0,
        precision=precision or "f32",
    )


def box_of(text: str) -> Box:
    """The box in the text of --box. Raises: UsageError."""
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--box {text} is not a box; write X,Y,W,H in whole pixels") from None
    if min(width, height) < 1:
        raise UsageError(f"--box {text} has no size; write X,Y,W,H with a width and a height")
    return Box(x, y, width, height)
