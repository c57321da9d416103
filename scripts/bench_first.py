"""How much longer the first commands after an installation take than the second ones: `ingest` and `cluster`.

    .venv/bin/python scripts/bench_first.py [--rounds 3] [--photos 5] [--faces 100] [--data ../shared/data]

Every round copies the package, compiled by Python alone as pip leaves it, and starts with an empty home folder, so that
networks are converted and loops compiled anew; the rest of the environment is this one. Times are of whole commands, by
the clock and, in brackets, of the processors. `cluster` is of a library of drawn faces that is made once.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS: dict[str, list[str]] = {
    "ingest": [],
    "ingest --recipe sface": ["--recipe", "sface"],
    "ingest --detector hog": ["--detector", "hog"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--photos", type=int, default=5)
    parser.add_argument("--faces", type=int, default=100)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options = parser.parse_args()
    data = Path(os.environ.get("FACEINDEX_TEST_DATA", options.data))
    album = sorted(path for path in (data / "album").rglob("*.*") if path.suffix in (".jpg", ".png"))
    photos = [str(path) for path in album[:: max(1, len(album) // options.photos)][: options.photos]]
    with tempfile.TemporaryDirectory() as temporary:
        library = Path(temporary) / "drawn.faces"
        maker = [sys.executable, str(ROOT / "scripts" / "make_library.py"), str(library), "--faces", str(options.faces)]
        subprocess.run(maker, check=True, capture_output=True)
        for title, chosen in KINDS.items():
            compare(title, ["ingest", *photos, *chosen], options.rounds, Path(temporary), None)
        compare(f"cluster of {options.faces} faces", ["cluster"], options.rounds, Path(temporary), library)


def compare(title: str, command: list[str], rounds: int, folder: Path, library: Path | None) -> None:
    """Print the times of first and second runs. library: copied for each run, where the command needs one."""
    first: list[tuple[float, float]] = []
    second: list[tuple[float, float]] = []
    for _ in range(rounds):
        environment = fresh_environment(folder / "fresh")
        for times in (first, second):
            shutil.rmtree(folder / "run.faces", ignore_errors=True)
            if library:
                shutil.copytree(library, folder / "run.faces")
            times.append(seconds([*command, "-L", str(folder / "run.faces")], environment))
    ratio = statistics.median(one[0] / other[0] for one, other in zip(first, second, strict=True))
    print(f"{title}: first {told(first)}, second {told(second)}, {ratio:.2f} times", flush=True)


def fresh_environment(folder: Path) -> dict[str, str]:
    """The variables of a process that sees a package and a home folder in which nothing was ever run."""
    shutil.rmtree(folder, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "faceindex", folder / "package" / "faceindex", ignore=ignored)
    shutil.copytree(ROOT / "models", folder / "package" / "models", ignore=ignored)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder / "package" / "faceindex")], check=True)
    (folder / "home").mkdir()
    others = ("FACEINDEX", "XDG", "NUMBA", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return kept | {"HOME": str(folder / "home"), "PYTHONPATH": str(folder / "package")}


def seconds(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Of the clock, and of the processors, for a command that ends well."""
    before, began = processor_seconds(), time.monotonic()
    command = [sys.executable, "-m", "faceindex", *arguments]
    subprocess.run(command, env=environment, cwd=environment["HOME"], check=True, capture_output=True)
    return time.monotonic() - began, processor_seconds() - before


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def told(times: list[tuple[float, float]]) -> str:
    clock, processor = (statistics.median(column) for column in zip(*times, strict=True))
    return f"{clock:.2f} s ({processor:.2f} s)"


if __name__ == "__main__":
    main()
