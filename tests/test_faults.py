"""What does its worst to a library finds nothing wrong with it, and would find it if something were."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import power_loss
import pytest
import torture
import traced

import faceindex

Sized = Callable[[int], int]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The root and the trace of a writer."""
    work = tmp_path_factory.mktemp("recorded")
    traced.skip_unless_traced()
    (work / "disk").mkdir()
    power_loss.record(work / "disk", work / "trace")
    return work / "disk", work / "trace"


def kill(photos: list[Path], kills: int, seed: int) -> None:
    """Kill ingests of these folders so often."""
    command = [sys.executable, str(Path(__file__).with_name("torture.py")), *map(str, photos)]
    options = ["--kills", str(kills), "--seed", str(seed)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{kills} kills" in done.stdout
    assert "nothing lost, nothing twice" in done.stdout


def test_kills_at_random_instants_cost_nothing(many_photos: Path) -> None:
    kill([many_photos], 2, 2)


@pytest.mark.long
def test_three_hundred_kills_at_random_instants_cost_nothing(shared_data: Path, sized: Sized, seed: int) -> None:
    people = sorted((shared_data / "lfw-dev" / "images").iterdir())
    kill(people[: sized(len(people))], sized(300), seed)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("DELETE FROM photos WHERE id = 3", "LOST photo"),
        ("DELETE FROM faces WHERE id = 3", "CHANGED photo"),
        ("UPDATE faces SET x = x + 1 WHERE id = 3", "CHANGED photo"),
        ("UPDATE segments SET checksum = x'00'", "has another checksum"),
        ("DELETE FROM segments", "cannot be read"),
        (
            """INSERT INTO faces (photo, segment, x, y, width, height, score, landmarks)
            SELECT photo, segment, x, y, width, height, score, landmarks FROM faces WHERE id = 3""",
            "without a vector",
        ),
    ],
)
def test_torture_would_notice(small_library: faceindex.Library, tmp_path: Path, damage: str, words: str) -> None:
    library = tmp_path / "x.faces"
    shutil.copytree(small_library.path, library)
    whole, problems = torture.read(library)
    assert problems == []
    assert torture.lost(dict(whole.photos), whole) == torture.differences(whole, whole) == []
    catalog = sqlite3.connect(library / "catalog.sqlite")
    catalog.execute("PRAGMA foreign_keys = ON")
    with catalog:
        catalog.execute(damage)
    catalog.close()
    found, problems = torture.read(library)
    problems += torture.lost(dict(whole.photos), found)
    assert words in "\n".join(problems)


def test_power_failing_at_any_call_costs_nothing(recorded: tuple[Path, Path]) -> None:
    assert power_loss.outages(*recorded, 25, random.Random(1)) == []


@pytest.mark.long
def test_power_failing_at_every_call_costs_nothing(recorded: tuple[Path, Path], sized: Sized, seed: int) -> None:
    assert power_loss.outages(*recorded, -(-100 // sized(100)), random.Random(seed)) == []


@pytest.mark.parametrize("forgotten", ["fsync", "fdatasync"])
def test_power_loss_would_notice_that_an_fsync_is_missing(
    recorded: tuple[Path, Path], tmp_path: Path, forgotten: str
) -> None:
    root, trace = recorded
    lines = [line for line in trace.read_text().splitlines() if not line.startswith(f"{forgotten}(")]
    said = "".join(f"\\x{byte:02x}" for byte in b"acknowledged")
    after_three_commits = [number for number, line in enumerate(lines) if said in line][3]
    (tmp_path / "trace").write_text("\n".join(lines[: after_three_commits + 1]))
    assert "LOST" in "\n".join(power_loss.outages(root, tmp_path / "trace", 1000, random.Random(1)))
