"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
MinFace = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1000,
        metavar="N",
        help="Smallest face wanted, in thousandths of the photo's longer side. Default: as last ingested, first 50.",
    ),
]
EngineName = Annotated[
    str, typer.Option("--engine", metavar="onnx|dlib", help="What runs the networks; same results, onnx is faster.")
]
Device = Annotated[str, typer.Option(metavar="cpu|cuda|...", help="onnxruntime's device for the networks.")]
Threshold = Annotated[
    float | None, typer.Option(min=0, metavar="DISTANCE", help="Euclidean distance. Default: the recipe's.")
]
