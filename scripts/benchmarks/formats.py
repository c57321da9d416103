"""What a photo of 12 megapixels costs in each format, from the file to its faces, in processor time.

The photos are made ones (see scripts/make_photos.py), saved in each format; RAW photos are DNG files made by hand, with
an embedded preview of 3 megapixels and without. --against names a checkout of another version, which takes turns with
ours, photo by photo (git worktree add ../older COMMIT); it runs with our packages.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from harness.measure import DATA, ROOT, ratios
from harness.report import Report
from make_photos import make_photos
from PIL import Image

SAVED: dict[str, dict[str, Any]] = {
    "jpeg": {"quality": 92},
    "heic": {"quality": 70},
    "webp": {"quality": 85, "method": 2},
    "png": {},
    "tiff": {},
}
RAW = ("dng, preview", "dng")
ANALYSER = """
import sys, time
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import recipe
from faceindex.photos.read import read_bytes
analyser = Analyser(recipe(sys.argv[1]))
analyser.try_out()
for line in sys.stdin:
    path, began = line.rstrip("\\n"), time.process_time()
    faces = analyser(analyser.open(read_bytes(path)[0], path)).faces
    print(time.process_time() - began, len(faces), flush=True)
"""
"""Answers each path with seconds and faces; part of this file, so that any version can run it."""


def run(
    report: Report,
    *,
    photos: int = 8,
    rounds: int = 3,
    recipe: str = "sface",
    formats: Sequence[str] = (*SAVED, *RAW),
    against: Path | None = None,
) -> None:
    made = make_photos(report.folder / "made", DATA / "lfw-dev" / "images", photos)
    versions = {"ours": ROOT} | ({"theirs": against.resolve()} if against else {})
    running = {name: started(root, recipe) for name, root in versions.items()}
    for kind in formats:
        paths = [saved(report.folder / "made" / name, kind) for name in made]
        faces = {name: sum(answer(process, path)[1] for path in paths) for name, process in running.items()}  # warm
        spent = {name: list[float]() for name in running}
        for _ in range(rounds):
            of_round = dict.fromkeys(running, 0.0)
            for path in paths:
                for name, process in running.items():
                    of_round[name] += answer(process, path)[0]
            for name, whole in of_round.items():
                spent[name].append(whole / len(paths))
        for name, seconds in spent.items():
            report.add(f"{kind}, {name}: faces", faces[name])
            report.add(f"{kind}, {name}: a photo, processor", [1e3 * one for one in seconds], "ms")
        if against:
            report.add(f"{kind}, theirs by ours", ratios(spent["theirs"], spent["ours"]), "times")
    for process in running.values():
        process.communicate()


def started(root: Path, recipe: str) -> subprocess.Popen[str]:
    """A process that analyses photos by the version in `root`."""
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-c", ANALYSER, recipe]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen[str], path: Path) -> tuple[float, int]:
    """Seconds of processor time for a photo, and its faces."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{path}\n")
    process.stdin.flush()
    seconds, faces = process.stdout.readline().split()
    return float(seconds), int(faces)


def saved(photo: Path, kind: str) -> Path:
    """The made photo in another format."""
    path = photo.parent / kind / f"{photo.stem}.{kind.partition(',')[0]}"
    path.parent.mkdir(exist_ok=True)
    with Image.open(photo) as image:
        if kind in SAVED:
            image.save(path, **SAVED[kind])
        else:
            path.write_bytes(raw(image, preview=kind != "dng"))
    return path


def raw(image: Image.Image, *, preview: bool) -> bytes:
    sys.path.append(str(ROOT / "tests"))
    from made_dng import dng

    small = BytesIO()
    image.reduce(2).save(small, "JPEG", quality=90)
    return bytes(dng(np.asarray(image), small.getvalue() if preview else None))
