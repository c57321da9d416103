"""`faceindex index`: the choice of an index is made, kept and shown."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import faceindex

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def library(small_library: faceindex.Library, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_library.path, tmp_path / "x.faces"))


def answer(command: Command, *arguments: object) -> Any:
    done = command(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_kind_of_index_is_chosen_kept_and_shown(command: Command, library: Path) -> None:
    shown = answer(command, "index", "show", "-L", library)
    assert (shown["state"], shown["kind"], shown["chosen"], shown["recall"]) == ("current", "flat", "auto", 1.0)
    built = answer(command, "index", "build", "--kind", "ivf", "--recall", "0.9", "--threads", "2", "-L", library)
    assert (built["kind"], built["chosen"], built["wanted"]) == ("ivf", "ivf", 0.9)
    assert built["recall"] >= 0.9
    assert answer(command, "index", "build", "-L", library)["kind"] == "ivf"
    assert answer(command, "index", "build", "--kind", "flat", "-L", library)["recall"] == 1.0
    status = answer(command, "status", "-L", library)
    assert (status["index"], status["index_kind"], status["index_beside"]) == ("current", "flat", 0)


def test_table_has_a_line_for_each_figure(command: Command, library: Path) -> None:
    lines = command("index", "show", "-L", library).stdout.splitlines()
    assert ["kind", "flat"] in [line.split() for line in lines]


@pytest.mark.parametrize(
    "wrong", [("--kind", "tree"), ("--kind", "pruned"), ("--recall", "1.5"), ("--recall", "0"), ("--threads", "0")]
)
def test_missing_albums_faces_and_people_are_refused(command: Command, library: Path, wrong: tuple[str, str]) -> None:
    done = command("index", "build", *wrong, "-L", library)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
