"""The two scripts that do their worst to a library find nothing wrong with it, and would find it if something were."""

from __future__ import annotations

import importlib
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import traced

import faceindex

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


@pytest.fixture(scope="module")
def torture() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPTS)
        yield importlib.import_module("torture")


@pytest.fixture(scope="module")
def power_loss() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPTS)
        yield importlib.import_module("power_loss")


@pytest.fixture(scope="module")
def recorded(power_loss: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The root and the trace of a writer."""
    work = tmp_path_factory.mktemp("recorded")
    traced.skip_unless_traced()
    (work / "disk").mkdir()
    power_loss.record(work / "disk", work / "trace")
    return work / "disk", work / "trace"


def test_kills_at_random_instants_cost_nothing(many_photos: Path) -> None:
    command = [sys.executable, str(SCRIPTS / "torture.py"), "--photos", str(many_photos), "--kills", "2", "--seed", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 kills" in done.stdout
    assert "nothing lost, nothing twice" in done.stdout


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("DELETE FROM photos WHERE id = 3", "LOST photo"),
        ("DELETE FROM faces WHERE id = 3", "CHANGED photo"),
        ("UPDATE faces SET x = x + 1 WHERE id = 3", "CHANGED photo"),
        ("UPDATE segments SET checksum = x'00'", "not what was written"),
        ("DELETE FROM segments", "cannot be read"),
        (
            """INSERT INTO faces (photo, segment, x, y, width, height, score, landmarks)
            SELECT photo, segment, x, y, width, height, score, landmarks FROM faces WHERE id = 3""",
            "no vector",
        ),
    ],
)
def test_torture_would_notice(
    torture: ModuleType, small_library: faceindex.Library, tmp_path: Path, damage: str, words: str
) -> None:
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


def test_power_failing_at_any_call_costs_nothing(power_loss: ModuleType, recorded: tuple[Path, Path]) -> None:
    assert power_loss.outages(*recorded, 25, random.Random(1)) == []


@pytest.mark.parametrize("forgotten", ["fsync", "fdatasync"])
def test_power_loss_would_notice_that_an_fsync_is_missing(
    power_loss: ModuleType, recorded: tuple[Path, Path], tmp_path: Path, forgotten: str
) -> None:
    root, trace = recorded
    lines = [line for line in trace.read_text().splitlines() if not line.startswith(f"{forgotten}(")]
    said = "".join(f"\\x{byte:02x}" for byte in b"acknowledged")
    after_three_commits = [number for number, line in enumerate(lines) if said in line][3]
    (tmp_path / "trace").write_text("\n".join(lines[: after_three_commits + 1]))
    assert "LOST" in "\n".join(power_loss.outages(root, tmp_path / "trace", 1000, random.Random(1)))
