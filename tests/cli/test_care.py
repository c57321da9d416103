"""`check`, `backup` and `repair` on the command line: exit codes, tables, JSON."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import faceindex

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def library(small_library: faceindex.Library, tmp_path: Path) -> Path:
    """A copy of `small_library` that may be damaged."""
    copy = tmp_path / "copy.faces"
    shutil.copytree(small_library.path, copy)
    return copy


def test_check_of_a_whole_library(command: Command, library: Path) -> None:
    done = command("check", "-L", library)
    assert (done.returncode, done.stderr) == (0, "")
    assert "whole" in done.stdout
    assert "damaged" not in done.stdout
    answer = json.loads(command("check", "--deep", "--json", "-L", library).stdout)
    assert list(answer) == ["library", "whole", "deep", "parts", "seconds"]
    assert (answer["library"], answer["whole"], answer["deep"]) == (str(library), True, True)
    assert [set(part) for part in answer["parts"]] == [{"part", "found", "damage", "notes", "whole"}] * 7
    assert all(part["whole"] for part in answer["parts"])


def test_check_names_each_damaged_file_and_the_way_out(command: Command, library: Path) -> None:
    segment, *_ = sorted((library / "vectors").iterdir())
    segment.unlink()
    done = command("check", "-L", library)
    assert (done.returncode, done.stderr) == (1, "")
    (line,) = [line for line in done.stdout.splitlines() if str(segment) in line]
    assert "missing" in line
    assert "faceindex repair" in line
    done = command("check", "-L", library, "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["whole"] is False
    (damage,) = [damage for part in answer["parts"] for damage in part["damage"]]
    assert damage == {"file": str(segment), "problem": "missing", "remedy": "faceindex repair"}


def test_catalog_that_cannot_be_opened_is_told_in_one_line(command: Command, library: Path) -> None:
    (library / "catalog.sqlite").write_bytes(b"no database" * 1000)
    done = command("check", "-L", library)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert str(library / "catalog.sqlite") in line
    assert "backup" in line


def test_check_of_no_library(command: Command, tmp_path: Path) -> None:
    done = command("check", "-L", tmp_path / "none")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no library at" in done.stderr
