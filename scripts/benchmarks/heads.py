"""What heads gain on people whom they were not learnt from: the table of docs/training.md.

The people of a folder with a folder of photos for each, analysed by each of --recipes (with --keep once for all runs),
are parted into --folds. Each fold is measured with a head that was learnt from the other folds, by each of --losses,
with the settings of `faceindex train head`; the pairs within all folds are counted together. Rows: true accept rates
before, and the gain with its standard error over people.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from harness.measure import DATA
from harness.report import Report

from faceindex.evaluation.labelled import evaluation_library, ingest_labelled
from faceindex.faces.recipe import recipe
from faceindex.running.meter import Meter
from faceindex.training.crossed import crossed
from faceindex.training.head import LOSSES, Descent
from faceindex.training.labelled import of_photos

PHOTOS = DATA / "lfw-dev" / "images"


def run(
    report: Report,
    *,
    photos: Path = PHOTOS,
    recipes: Sequence[str] = ("dlib-raw", "dlib", "sface"),
    losses: Sequence[str] = LOSSES,
    folds: int = 5,
    keep: Path | None = None,
) -> None:
    for name in recipes:
        with evaluation_library(recipe(name), keep) as library:
            faces = of_photos(ingest_labelled(library, photos))
        for loss in losses:
            start = time.process_time()
            found = crossed(faces, Descent(loss), folds, Meter())
            spent = (time.process_time() - start) / folds
            for far, gain in found.gains.items():
                title = f"{name}, {loss}, TAR at FAR {far:g}"
                report.say(f"{title}: {gain.before:.4f} {gain.gain:+.4f} +- {gain.error:.4f}; {spent:.1f} s a fold")
                report.add(f"{title}, before", [gain.before])
                report.add(f"{title}, gain", [gain.gain])
                report.add(f"{title}, error", [gain.error])
