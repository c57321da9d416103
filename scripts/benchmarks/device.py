"""The ingest with a device of onnxruntime, such as a GPU, beside the ingest with CPUs alone.

Both take the same photos in turn, each into a new library, with as many processes as the machine has cores: photos a
second by the clock, starts included, and how far boxes and vectors of the two differ. Then what a chip costs each
encoder of the recipes on the device by the number of chips at once, by the clock: `faceindex/faces/engine.py` takes its
batches from this. So it does where the network keeps its PRelus, if it has any. A device that is missing falls back to
the CPU with a note.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from harness.measure import DATA, costs
from harness.report import Report

import faceindex
from faceindex.faces.engine import Engine
from faceindex.faces.recipe import recipe
from faceindex.models.cards import model_cards
from faceindex.models.graph_interface import CHIPS, VECTORS
from faceindex.models.graphs import onnx_graph
from faceindex.models.networks import session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SIZES = (1, 4, 16, 32, 64, 128)


def run(
    report: Report,
    *,
    device: str = "cuda",
    folder: Path = DATA / "lfw-dev" / "images",
    recipes: Sequence[str] = ("sface", "sface-dlib"),
    rounds: int = 3,
) -> None:
    for name in recipes:
        libraries: dict[str, Path] = {}
        speeds: dict[str, list[float]] = {"cpu": [], device: []}
        for number in range(rounds):
            for place in speeds:
                libraries[place] = report.folder / f"{name} {place} {number}.faces"
                speeds[place].append(_photos_a_second(libraries[place], name, place, folder))
        for place, found in speeds.items():
            report.add(f"{name}, {place}", found, "photos/s")
        _compare(report, f"{name}, {device} against cpu", *libraries.values())
    for model in dict.fromkeys(part.encoder for name in recipes for part in recipe(name).parts):
        graphs = {model: onnx_graph(model), f"{model} with its PRelus": onnx_graph(model, prelus=True)}
        for title, graph in graphs.items():
            if title == model or graph != graphs[model]:
                _chips(report, title, session(graph, device), model_cards()[model].size or 0, device)


def _photos_a_second(library: Path, name: str, device: str, folder: Path) -> float:
    with faceindex.Library(library, recipe=recipe(name), engine=Engine("onnx", device)) as opened:
        return opened.ingest([folder]).photos_per_second


def _compare(report: Report, name: str, one: Path, other: Path) -> None:
    """Faces of the same place in the same photo."""
    with faceindex.Library(one) as first, faceindex.Library(other) as second:
        mine, theirs = ({(face.photo, face.box): face.face for face in opened.faces} for opened in (first, second))
        both = list(mine.keys() & theirs.keys())
        report.add(f"{name}, faces of the same box", len(both))
        report.add(f"{name}, faces of other boxes", len(mine.keys() ^ theirs.keys()))
        vectors = [
            opened.faces.vectors([ids[place] for place in both])[1] for opened, ids in ((first, mine), (second, theirs))
        ]
        report.add(
            f"{name}, largest difference of vectors", float(np.linalg.norm(vectors[0] - vectors[1], axis=1).max())
        )


def _chips(report: Report, title: str, network: InferenceSession, side: int, device: str) -> None:
    chips = np.random.default_rng(0).integers(0, 256, (max(SIZES), side, side, 3), dtype=np.uint8)
    for size in SIZES:
        passes = max(1, 256 // size)
        batch = chips[:size]

        def encode(batch: np.ndarray = batch, passes: int = passes) -> None:
            for _ in range(passes):
                network.run([VECTORS], {CHIPS: batch})

        found = costs(encode, 5, warm=1)
        report.add(f"{title}, {device}, {size} at once, ms a chip", [one.clock / passes / size * 1000 for one in found])
