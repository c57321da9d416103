"""A command that names an address opens connections there, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import traced
from kept_objects import running
from object_server import BUCKET

COMMANDS = f"""
ingest s3://{BUCKET}/photos --recipe sface --workers 1 --prune
search s3://{BUCKET}/photos/1.jpg --sheet s3://{BUCKET}/out/search.html
verify s3://{BUCKET}/photos/1.jpg s3://{BUCKET}/photos/2.jpg
export s3://{BUCKET}/out/faces.csv --format csv
backup s3://{BUCKET}/backup
restore s3://{BUCKET}/backup copy.faces
""".strip().splitlines()


def test_connections_go_to_the_named_server_only_and_its_secret_nowhere(tmp_path: Path, many_photos: Path) -> None:
    traced.skip_unless_traced()
    home = tmp_path / "home"
    home.mkdir()
    objects = {f"photos/{number}.jpg": (many_photos / f"{number:02d}.jpg").read_bytes() for number in (1, 2)}
    with running(tmp_path / "server", objects) as server:
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(home)} | server.environment
        process = traced.start(
            [sys.executable, "-c", traced.RUN_COMMANDS, *COMMANDS],
            tmp_path / "trace",
            environment | {"FACEINDEX_LIBRARY": "x.faces"},
            offline=False,
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        said = "".join(process.communicate(timeout=300))
    assert process.returncode == 0, said
    assert traced.read(tmp_path / "trace").connections() == {("127.0.0.1", server.port)}
    assert (home / "copy.faces" / "catalog.sqlite").exists()
