"""`train encoder` from the command line: a network that new photos go through, and one line for wrong input."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import Command

from faceindex.evaluation.folds import person_fold
from faceindex.models.cards import ENVIRONMENT

PARTS = {"learning": range(8, 20), "validation": range(5, 8), "test": range(5)}
PEOPLE = {"learning": 8, "validation": 4, "test": 10}
SETTINGS = ("--scratch", "--teacher", "sface", "--rate", "1e-3", "--steps", "20", "--people", "6", "--faces", "2")


@pytest.fixture(scope="module")
def people(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """22 people with two photos each, so chosen that there are some for each part."""
    folder = tmp_path_factory.mktemp("people")
    left = dict(PEOPLE)
    for place in sorted((shared_data / "lfw-dev" / "images").iterdir()):
        photos = sorted(place.glob("*.jpg"))[:2]
        fold = person_fold(f"person {place.name}", 20)
        (part,) = (part for part, folds in PARTS.items() if fold in folds)
        if len(photos) == 2 and left[part]:
            left[part] -= 1
            (folder / place.name).mkdir()
            for photo in photos:
                shutil.copy(photo, folder / place.name)
    return folder


def test_a_network_is_learnt_from_photos_and_new_photos_go_through_it(
    people: Path, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", exc_type=ImportError)
    pytest.importorskip("matplotlib")
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "models"))
    run, plot = tmp_path / "run", tmp_path / "learning.png"
    asked = ("train", "encoder", "--run", run, "--from", people, "--recipe", "sface", "--few", "--name", "ours")
    done = command(*asked, *SETTINGS, "--plot", plot, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["recipe"], answer["kept"], answer["refused"], answer["steps"]) == ("ours", True, None, 20)
    assert answer["held_out"] == {"people": 10, "faces": 20}
    assert answer["validation"][-1]["loss"] < answer["validation"][0]["loss"]
    assert (answer["learnt"]["people"], answer["learnt"]["loss"]) == (8, "teacher sface")
    assert plot.read_bytes().startswith(b"\x89PNG")
    files = sorted(path.relative_to(tmp_path / "models") for path in (tmp_path / "models").rglob("*.*"))
    assert files == [Path("ours.onnx"), Path("ours.toml"), Path("recipes/ours.toml")]
    somebody = next(people.iterdir())
    written = b"".join(path.read_bytes() for path in (*run.iterdir(), tmp_path / "models" / "ours.toml"))
    assert somebody.name.encode() not in written
    assert all(path.stat().st_mode & 0o077 == 0 for path in (run, *run.iterdir()))

    library = tmp_path / "x.faces"
    ingested = command("ingest", somebody, "--recipe", "ours", "-L", library, "--json")
    assert ingested.returncode == 0, ingested.stderr
    assert json.loads(ingested.stdout)["faces"]["new"] >= 2
    removed = command("models", "remove", "ours", "-L", tmp_path / "none.faces")
    assert removed.returncode == 0, removed.stderr
    # What a run wrote can be added again, here or on another machine.
    again = command("models", "add", run / "ours.onnx", "--card", run / "ours.toml")
    assert again.returncode == 0, again.stderr
    other = command("train", "encoder", "--run", run, "--recipe", "dlib", *SETTINGS)
    assert (other.returncode, other.stderr.count("\n")) == (2, 1)
    assert "were cut with recipe sface, not dlib" in other.stderr


def test_chips_are_prepared_for_another_machine(people: Path, tmp_path: Path, command: Command) -> None:
    run = tmp_path / "run"
    done = command(
        "train", "encoder", "--run", run, "--from", people, "--recipe", "dlib", "--few", "--prepare", "--jpeg"
    )
    assert (done.returncode, done.stdout) == (0, f"44 faces of 22 people in {run}\n")
    assert sorted(path.name for path in run.iterdir()) == ["chips.h5", "start.npz"]
    assert (run / "chips.h5").stat().st_size < 44 * 2 * 20_000


def test_wrong_input_is_one_line(tmp_path: Path, command: Command) -> None:
    pytest.importorskip("torch", exc_type=ImportError)
    for arguments, reason in (
        (("--run", tmp_path / "x"), "say what to learn from"),
        (("--run", tmp_path / "x", "--loss", "magic"), "no loss is called magic"),
        (("--run", tmp_path / "x", "--from", tmp_path, "--recipe", "sface-dlib"), "not one of dlib's network alone"),
    ):
        done = command("train", "encoder", *arguments)
        assert done.returncode == 2
        assert reason in done.stderr
        assert done.stderr.count("\n") == 1
