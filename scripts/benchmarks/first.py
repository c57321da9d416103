"""How much longer the first `ingest` and `cluster` after an installation take than the second ones.

Every round copies the package, compiled by Python alone as pip leaves it, and starts with an empty home folder, so that
networks are converted and loops compiled anew. Times are of whole commands. `cluster` gets a library of drawn faces.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from harness.measure import DATA, ROOT, STATS, Cost, cost
from harness.report import Report
from make_library import make_library

KINDS: dict[str, list[str]] = {
    "ingest": [],
    "ingest --recipe sface": ["--recipe", "sface"],
    "ingest --detector hog": ["--recipe", "dlib", "--detector", "hog"],
}


def run(report: Report, *, rounds: int = 3, photos: int = 5, faces: int = 100) -> None:
    album = sorted(path for path in (DATA / "album").rglob("*.*") if path.suffix in (".jpg", ".png"))
    chosen = [str(path) for path in album[:: max(1, len(album) // photos)][:photos]]
    library = report.folder / "drawn.faces"
    make_library(library, faces, stats=STATS)
    for title, recipe in KINDS.items():
        compare(report, title, ["ingest", *chosen, *recipe], rounds, None)
    compare(report, f"cluster of {faces} faces", ["cluster"], rounds, library)


def compare(report: Report, title: str, command: list[str], rounds: int, library: Path | None) -> None:
    """Times of first and second runs. library: copied for each run, where the command needs one."""
    found: dict[str, list[Cost]] = {"first": [], "second": []}
    whole = [sys.executable, "-P", "-m", "faceindex", *command, "-L", str(report.folder / "run.faces")]
    for _ in range(rounds):
        environment = fresh_environment(report.folder / "fresh")
        for costs in found.values():
            shutil.rmtree(report.folder / "run.faces", ignore_errors=True)
            if library:
                shutil.copytree(library, report.folder / "run.faces")
            spent, _ = cost(lambda: subprocess.run(whole, env=environment, check=True, capture_output=True))  # noqa: B023
            costs.append(spent)
    for which, costs in found.items():
        report.add_costs(f"{title}, {which}", costs)
    report.add_ratio(f"{title}, first by second", found["first"], found["second"])


def fresh_environment(folder: Path) -> dict[str, str]:
    """The variables of a process that sees a package and a home folder in which nothing was ever run."""
    shutil.rmtree(folder, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    for part in ("faceindex", "models"):
        shutil.copytree(ROOT / part, folder / "package" / part, ignore=ignored)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder / "package" / "faceindex")], check=True)
    (folder / "home").mkdir()
    others = ("FACEINDEX", "XDG", "NUMBA", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return kept | {"HOME": str(folder / "home"), "PYTHONPATH": str(folder / "package")}
