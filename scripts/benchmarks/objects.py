"""Photos in object storage beside the same photos on a disk: `ingest` of --photos photos with --workers workers.

The server (s3rver, on this machine) answers each request after --latency milliseconds. Requests are counted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from harness.measure import DATA, ROOT, cost
from harness.report import Report

sys.path.insert(0, str(ROOT / "tests"))
from kept_objects import KeptObjects, Trouble
from object_server import BUCKET


def run(report: Report, *, photos: int = 200, latency: float = 20.0, workers: int = 2) -> None:
    files = sorted((DATA / "lfw-dev" / "images").rglob("*.jpg"))[:photos]
    local = report.folder / "photos"
    local.mkdir()
    server = KeptObjects(report.folder / "server")
    os.environ.update(server.environment)
    try:
        server.start()
        for path in files:
            shutil.copy(path, local)
            server.put(f"photos/{path.name}", path.read_bytes())
        for milliseconds in (0.0, latency):
            server.trouble = lambda *_, seconds=milliseconds / 1000: Trouble(seconds=seconds)
            server.forget_requests()
            _ingest(report, f"s3://{BUCKET}/photos", f"server, {milliseconds:g} ms", len(files), workers)
            report.add(f"server, {milliseconds:g} ms: requests for each photo", len(server.asked) / len(files))
        _ingest(report, str(local), "disk", len(files), workers)
    finally:
        server.close()


def _ingest(report: Report, place: str, name: str, photos: int, workers: int) -> None:
    library = report.folder / f"{name.replace(' ', '-')}.faces"
    command: list[str | Path] = [sys.executable, "-P", "-m", "faceindex", "ingest", place, "-L", library, "-q"]
    command += ["--workers", str(workers)]
    spent, _ = cost(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))
    report.add(f"{name}: photos a second, start included", photos / spent.clock)
    report.add(f"{name}: processor time of a photo", 1000 * spent.processor / photos, "ms")
