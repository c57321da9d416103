"""A history of figures: a file with a line of JSON for each run of a benchmark."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.report import Figure, Report

PACKAGES = ("dlib-bin", "faiss-cpu", "h5py", "numba", "numpy", "onnxruntime", "pillow", "scikit-learn")

Record = dict[str, Any]


def record(name: str, options: Mapping[str, object], figures: Mapping[str, Figure]) -> Record:
    """The line of a run."""
    return {
        "benchmark": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "versions": versions(),
        "options": as_text(options),
        "figures": {key: figure.as_json() for key, figure in figures.items()},
    }


def as_text(options: Mapping[str, object]) -> dict[str, str]:
    """Options as they are written on the command line."""
    several = {key: value if isinstance(value, list | tuple) else (value,) for key, value in options.items()}
    return {key: " ".join(map(str, values)) for key, values in sorted(several.items())}


def commit() -> str:
    """The commit of the checkout whose faceindex is imported, with a plus sign if files differ. Empty without git."""
    found = find_spec("faceindex")
    folder = Path(found.origin).parents[1] if found and found.origin else Path()

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain") else "")


def machine() -> dict[str, object]:
    """System, cores and memory; no names."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"system": platform.platform(), "cores": os.cpu_count(), "memory_gb": round(pages / 1e9, 1)}


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that compute."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def append(file: Path, line: Record) -> None:
    """Add a run to its history."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as opened:
        opened.write(json.dumps(line) + "\n")


def last(file: Path, name: str, options: Mapping[str, object]) -> Record | None:
    """The newest run of a benchmark with the same options."""
    if not file.exists():
        return None
    wanted = as_text(options)
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]
    return next((one for one in reversed(lines) if (one["benchmark"], one["options"]) == (name, wanted)), None)


def show_change(report: Report, before: Record | None) -> None:
    """Show each figure beside its former value, with their ratio."""
    if before is None:
        report.say("\nno former run of the same name and options to compare with")
        return
    there = f"{before['commit'] or 'a checkout without git'} of {before['date']}"
    differs = [part for part, now in (("machine", machine()), ("versions", versions())) if before[part] != now]
    report.say(f"\nbeside {there}" + (f" (other {' and '.join(differs)})" if differs else ""))
    for name, figure in report.figures.items():
        was = before["figures"].get(name)
        if was is not None:
            former = Figure((was["median"],), was["unit"])
            times = f"{figure.median / former.median:.3f} times" if former.median else "was none"
            report.say(f"{name}: was {former}, is {Figure((figure.median,), figure.unit)}, {times}")
