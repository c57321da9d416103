"""`train head` from the command line: a recipe that works, figures, and one line for wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from named_people import store_named

from faceindex.faces.recipe import recipe
from faceindex.models.cards import ENVIRONMENT
from faceindex.store.folder import LibraryFolder

PEOPLE, FACES = 120, 3


def drawn_library(path: Path, people: int = PEOPLE) -> Path:
    """People with three faces each; a few directions only tell which photo a face is of."""
    random = np.random.default_rng(0)
    spread = np.where(np.arange(128) < 16, 0.14, 0.03)
    centres = random.normal(size=(people, 128)) * 0.05
    who = np.repeat(np.arange(people), FACES)
    vectors = (centres[who] + random.normal(size=(len(who), 128)) * spread).astype(np.float32)
    folder = LibraryFolder(path, wanted=recipe("dlib"))
    store_named(folder, vectors, who, [f"Somebody {number}" for number in range(people)])
    folder.close()
    return path


def test_a_head_is_learnt_from_named_people_and_put_on_the_library(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "models"))
    library, plot = drawn_library(tmp_path / "old.faces"), tmp_path / "curves.png"
    done = command("train", "head", "--from", library, "--name", "ours", "--plot", plot, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["recipe"], answer["base"], answer["kept"], answer["refused"]) == ("ours", "dlib", True, None)
    assert answer["points"][0]["far"] in (1e-3, 1e-2)
    assert answer["points"][0]["low"] > 0
    assert answer["learnt"]["people"] == PEOPLE
    assert plot.read_bytes().startswith(b"\x89PNG")
    files = sorted(path.relative_to(tmp_path / "models") for path in (tmp_path / "models").rglob("*.*"))
    assert files == [Path("recipes/ours.npy"), Path("recipes/ours.toml")]
    assert "Somebody" not in (tmp_path / "models" / "recipes" / "ours.toml").read_text()

    again = command("train", "head", "--from", library, "--name", "ours")
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "there is already a recipe ours" in again.stderr

    new = command("reencode", "--head", "ours", tmp_path / "new.faces", "-L", library)
    assert new.returncode == 0, new.stderr
    assert "recipe ours" in new.stdout
    used = command("models", "remove", "ours", "-L", tmp_path / "new.faces")
    assert (used.returncode, "was made with ours" in used.stderr) == (2, True)
    removed = command("models", "remove", "ours", "-L", library)
    assert (removed.returncode, removed.stdout.count("ours.npy")) == (0, 1)
    both = command("reencode", "--head", "ours", "--recipe", "sface", tmp_path / "x.faces", "-L", library)
    assert (both.returncode, "leave out --recipe" in both.stderr) == (2, True)


def test_wrong_input_is_one_line(tmp_path: Path, command: Command) -> None:
    library = drawn_library(tmp_path / "few.faces", 30)
    for arguments, reason in (
        (("--from", library), "only 30 people with two faces or more"),
        ((), "say what to learn from"),
        (("--from", library, "--loss", "magic"), "no loss is called magic"),
        (("--from", library, "--recipe", "sface"), "holds vectors of recipe dlib, not sface"),
        (("--from", library, "--name", "../up"), "small letters, digits"),
    ):
        done = command("train", "head", *arguments)
        assert done.returncode in (2, 3)
        assert reason in done.stderr
        assert done.stderr.count("\n") == 1
