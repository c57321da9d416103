"""Ingest the test folders album, groups and formats in one go; state failures, memory and faces found.

    .venv/bin/python scripts/bench_folders.py [--recipe dlib]

Peak memory is that of the largest worker process (getrusage). Group photos are scored against their truth.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import faceindex
from faceindex.evaluation.detection import DetectionScore, score_boxes, score_points
from faceindex.faces.recipe import recipe
from faceindex.types import Box


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="dlib")
    name = parser.parse_args().recipe
    root = Path(__file__).resolve().parents[1]
    data = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data"))
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores; {data}, recipe {name}")
    with (
        tempfile.TemporaryDirectory() as temporary,
        faceindex.Library(Path(temporary) / "x.faces", recipe=recipe(name)) as library,
    ):
        report = library.ingest([data / "album", data / "groups" / "photos", data / "formats"])
        unit = 1 if sys.platform == "darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
        print(f"{report.seen} photos, {report.new} read, {report.failed} failed, {report.new_faces} faces, ", end="")
        print(f"{report.seconds:.0f} s; peak memory of a worker {peak / 1e6:.0f} MB")
        for failure in report.failures:
            print(f"  {Path(failure.path).name}: {failure.error}")
        boxes: dict[str, list[Box]] = defaultdict(list)
        for face in library.faces:
            if "groups" in Path(face.photo).parts:
                boxes[Path(face.photo).name].append(face.box)
    score_groups(boxes, json.loads((data / "groups" / "truth.json").read_text(encoding="utf-8")))


def score_groups(found: dict[str, list[Box]], truth: dict[str, dict[str, list[list[int]]]]) -> None:
    boxes, noses = DetectionScore(), DetectionScore()
    for photo, true in truth["boxes_xywh"].items():
        boxes += score_boxes(found[photo], [Box(*box) for box in true])
    for photo, points in truth["noses_xy"].items():
        noses += score_points(found[photo], [(x, y) for x, y in points])
    others = [photo for photo in found if photo not in truth["boxes_xywh"] and photo not in truth["noses_xy"]]
    print(f"group photos: {boxes.found} of {boxes.true} boxes, {noses.found} of {noses.true} noses, ", end="")
    print(f"{boxes.false + noses.false} false faces; faces in photos without people: {others or 'none'}")


if __name__ == "__main__":
    main()
