"""How long short commands take, nearly all of which is their start: status, albums list, people list, searches.

--against names a checkout of another version, whose commands take turns with ours (git worktree add ../older COMMIT);
it runs with our packages. --cold also measures with an empty page cache, where this process may empty it (root on
Linux); that slows the whole machine for a moment. The library has --faces drawn faces of recipe `sface`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from harness.measure import ROOT, Cost, cost, in_turn
from harness.report import Report
from PIL import Image
from skimage import data

DROP_CACHES = Path("/proc/sys/vm/drop_caches")


def run(report: Report, *, rounds: int = 7, faces: int = 3000, against: Path | None = None, cold: int = 0) -> None:
    photo = report.folder / "face.png"
    Image.fromarray(data.astronaut()).save(photo)
    versions = {"ours": ROOT} | ({"theirs": against.resolve()} if against else {})
    libraries = {name: made(root, report.folder / f"{name}.faces", faces) for name, root in versions.items()}
    commands = [["status"], ["albums", "list"], ["people", "list"], ["search", "--face", "5"], ["search", str(photo)]]
    for command in commands:
        works = {name: started(root, command, libraries[name]) for name, root in versions.items()}
        title = " ".join("PHOTO" if part == str(photo) else part for part in command)
        found = in_turn(works, rounds)
        for name, costs in found.items():
            report.add_costs(f"{title}, {name}", costs)
        if against:
            report.add_ratio(f"{title}, theirs by ours", found["theirs"], found["ours"])
        for name, work in works.items() if cold else ():
            report.add_costs(f"{title}, {name}, cold", [cost_when_cold(work) for _ in range(cold)])


def made(root: Path, library: Path, faces: int) -> Path:
    """A library with drawn faces, albums and a name, made by the version in `root`: each reads its own schema."""
    program = (
        f"import faceindex, make_library; from harness.measure import STATS; from pathlib import Path; "
        f"make_library.make_library(Path({str(library)!r}), {faces}, stats=STATS, chosen=faceindex.recipe('sface'))"
    )
    environment = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{ROOT / 'scripts'}"}
    subprocess.run([sys.executable, "-P", "-c", program], env=environment, check=True)
    started(root, ["cluster"], library)()
    started(root, ["people", "name", "1", "Ann"], library)()
    return library


def started(root: Path, command: list[str], library: Path) -> Callable[[], object]:
    """What runs a command of the version in `root`."""
    whole = [sys.executable, "-P", "-m", "faceindex", *command, "-L", str(library)]
    environment = os.environ | {"PYTHONPATH": str(root)}
    return lambda: subprocess.run(whole, env=environment, check=True, capture_output=True)


def cost_when_cold(work: Callable[[], object]) -> Cost:
    """With an empty page cache. Raises: OSError where it cannot be emptied."""
    os.sync()
    DROP_CACHES.write_text("3")
    return cost(work)[0]
