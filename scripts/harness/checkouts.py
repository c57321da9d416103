"""The same benchmark in this checkout and in another one: an older version, or a branch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.history import Record
from harness.measure import ROOT, ratios
from harness.report import Figure, Report


def compare(report: Report, name: str, arguments: Sequence[str], other: Path, turns: int) -> None:
    """Run a benchmark in both checkouts, in turn, each by its own Python; report our figures, and ratios."""
    found: dict[Path, list[Record]] = {ROOT: [], other: []}
    for turn in range(turns):
        for checkout in list(found)[:: -1 if turn % 2 else 1]:
            report.say(f"\nturn {turn + 1} of {turns}, {checkout}")
            found[checkout].append(run(checkout, name, arguments))
    report.say(f"\n{turns} turns; medians here ({ROOT}) and there ({other})")
    for figure, first in found[ROOT][0]["figures"].items():
        here = [one["figures"][figure]["median"] for one in found[ROOT]]
        report.add(figure, here, first["unit"])
        if all(figure in one["figures"] for one in found[other]):
            there = [one["figures"][figure]["median"] for one in found[other]]
            report.say(f"    there {Figure(tuple(there), first['unit'])}")
            if all(there):
                report.add(f"{figure}: here by there", ratios(here, there), "times")


def run(checkout: Path, name: str, arguments: Sequence[str]) -> Record:
    """Run the checkout's own benchmark with its faceindex, or ours where it has none of that name."""
    own = checkout / "scripts"
    scripts = own if (own / "benchmarks" / f"{name}.py").exists() else ROOT / "scripts"
    python = checkout / ".venv" / "bin" / "python"
    environment = os.environ | {"PYTHONPATH": f"{checkout}{os.pathsep}{scripts}"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # or one that nobody has compiled is compiled each time
    with tempfile.TemporaryDirectory() as temporary:
        history = Path(temporary) / "history.jsonl"
        command = [str(python if python.exists() else sys.executable), "-P", "-m", "benchmarks", name, *arguments]
        subprocess.run([*command, "--history", str(history)], env=environment, check=True)
        record: Record = json.loads(history.read_text(encoding="utf-8"))
    return record
