"""Ingest the test folders album, groups and formats in one go: failures, memory and faces found.

Peak memory is that of the largest worker process. Group photos are scored against their truth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from harness.measure import DATA, peak_of_children
from harness.report import Report

import faceindex
from benchmarks.group_photos import truth_of_groups
from faceindex.evaluation.detection import DetectionScore
from faceindex.faces.recipe import recipe as recipe_named
from faceindex.types import Box

FOLDERS = ("album", "groups/photos", "formats")


def run(report: Report, *, recipe: str = "dlib", folders: Sequence[str] = FOLDERS) -> None:
    with faceindex.Library(report.folder / "x.faces", recipe=recipe_named(recipe)) as library:
        done = library.ingest([DATA / folder for folder in folders])
        report.add("peak memory of a worker", peak_of_children(), "MB")
        for what in ("seen", "new", "failed", "new_faces", "seconds"):
            report.add(what, getattr(done, what))
        for failure in done.failures:
            report.say(f"  {Path(failure.path).name}: {failure.error}")
        boxes: dict[str, list[Box]] = defaultdict(list)
        for face in library.faces:
            if "groups" in Path(face.photo).parts:
                boxes[Path(face.photo).name].append(face.box)
    if "groups/photos" in folders:
        score_groups(boxes, report)


def score_groups(found: dict[str, list[Box]], report: Report) -> None:
    truth = truth_of_groups()
    for kind in ("boxes", "noses"):
        known = {photo: true for photo, true in truth.items() if bool(true.boxes) == (kind == "boxes")}
        score = sum((true.score(found[photo], 1.0) for photo, true in known.items()), DetectionScore())
        report.add(f"group photos with known {kind}, found", score.found)
        report.add(f"group photos with known {kind}, true", score.true)
        report.add(f"group photos with known {kind}, false", score.false)
    others = sum(len(boxes) for photo, boxes in found.items() if photo not in truth)
    report.add("faces in group photos without people", others)
