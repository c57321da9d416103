"""Whole commands with two workers: the ingest of a folder, a second scan of it, and many names of one photo.

--files is the number of names: hard links to a small photo without a face. Models were converted and loops compiled
before. `scripts/bench scan --photos FOLDER --compare ../older` compares with another version.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.measure import Cost, cost
from harness.report import Report
from PIL import Image


def run(
    report: Report, *, photos: Sequence[Path] = (), rounds: int = 1, files: int = 20_000, recipe: str = "dlib"
) -> None:
    library = report.folder / "measured.faces"
    warm = linked(report.folder / "warm", 1)
    folders = [folder.resolve() for folder in photos]
    if files:
        folders.append(linked(report.folder / f"{files} names of a photo", files))
    ingest(warm, library, recipe)
    for folder in folders:
        found: dict[str, list[Cost]] = {"ingest": [], "scanned again": []}
        for _ in range(rounds):
            shutil.rmtree(library)
            for costs in found.values():
                costs.append(cost(lambda: ingest(folder, library, recipe))[0])  # noqa: B023
        for kind, costs in found.items():
            report.add_costs(f"{folder.name}, {kind}", costs)


def linked(folder: Path, count: int) -> Path:
    """A folder with `count` names of a small photo without a face."""
    folder.mkdir()
    first = folder / "000000.png"
    Image.linear_gradient("L").save(first)
    for number in range(1, count):
        (folder / f"{number:06d}.png").hardlink_to(first)
    return folder


def ingest(photos: Path, library: Path, recipe: str) -> None:
    command = [sys.executable, "-P", "-m", "faceindex", "ingest", str(photos), "-L", str(library), "--recipe", recipe]
    subprocess.run([*command, "--workers", "2", "--json"], stdout=subprocess.DEVNULL, check=True)
