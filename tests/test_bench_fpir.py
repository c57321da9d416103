"""The benchmark of false identifications, in galleries small enough for a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_what_is_measured_is_near_what_was_asked_for(shared_data: Path) -> None:
    sizes = ("--sizes", "2000", "20000", "--probes", "2000", "--development", "3000", "--repeat", "1")
    command = [
        sys.executable,
        str(ROOT / "scripts" / "bench_fpir.py"),
        *sizes,
        "--fpir",
        "0.2",
        "--json",
    ]
    stats = ("--stats", str(shared_data / "embedding_stats.npz"))
    rows = json.loads(subprocess.run([*command, *stats], capture_output=True, text=True, check=True).stdout)["drawn"]
    assert [row["faces"] for row in rows] == [2_000, 20_000]
    assert rows[1]["threshold"] < rows[0]["threshold"] < 0.6
    for row in rows:
        assert row["ratio"] == row["measured"] / 0.2
        assert 1 / 3 < row["ratio"] < 3  # drawn from fixed seeds
        assert 0 < row["queries"] <= row["measured"]
