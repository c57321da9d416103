"""The commands that change a library: names, removals, forgetting, compaction."""

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
def answer(command: Command, small_library: faceindex.Library, tmp_path: Path) -> Callable[..., Any]:
    """Runs a command on a copy of `small_library` and returns its JSON."""
    shutil.copytree(small_library.path, tmp_path / "x.faces")

    def run(*arguments: object) -> Any:
        done = command(*arguments, "--json", "-L", tmp_path / "x.faces")
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return run


def test_people_are_named_listed_and_forgotten(answer: Callable[..., Any]) -> None:
    assert answer("people", "name", "1", "Eileen Collins") == {"person": "Eileen Collins", "faces": 20}
    assert answer("people", "name", "face:3", "Somebody")["faces"] == 1
    people = answer("people", "list")
    assert [(person["person"], person["faces"]) for person in people] == [("Eileen Collins", 19), ("Somebody", 1)]
    assert answer("albums", "list")[0]["person"] == "Eileen Collins"
    assert answer("status")["people"] == 2
    receipt = answer("people", "forget", "Eileen Collins")
    assert set(receipt) == {
        *("photos", "paths", "faces", "decisions", "segments", "tombstones", "kept_photos", "notes", "dry_run")
    }
    assert (receipt["photos"], receipt["faces"]) == (19, 19)
    (note,) = receipt["notes"]
    assert "albums export" in note
    assert [person["person"] for person in answer("people", "list")] == ["Somebody"]
    answer("people", "undo")
    assert answer("people", "list") == []
    assert answer("people", "forget", "Somebody")["faces"] == 0
    assert "Somebody" not in json.dumps(answer("people", "history"))
    assert answer("status")["faces"] == 1


def test_photos_are_listed_and_removed(answer: Callable[..., Any], many_photos: Path) -> None:
    listed = answer("photos", "list", many_photos)
    assert len(listed) == 22
    assert {"path", "photo", "width", "height", "faces", "warning", "taken", "taken_from"} == set(listed[0])
    assert answer("photos", "remove", many_photos / "00.jpg", many_photos / "01.jpg") == {
        **{"paths": 2, "photos": 2, "faces": 2}
    }
    compacted = answer("compact")
    assert (compacted["compacted"], compacted["segments"]["after"]) == (True, 1)
    assert answer("photos", "remove", "--erase", many_photos / "02.jpg")["photos"] == 1
    assert answer("status")["faces"] == 17


def test_library_is_emptied(answer: Callable[..., Any]) -> None:
    assert answer("forget", "--all")["faces"] == 20
    status = answer("status")
    assert (status["photos"], status["faces"], status["segments"], status["failed"]) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["forget"], "say what to forget"),
        (["people", "forget", "Nobody"], "nobody is called Nobody"),
        (["people", "name", "99", "Ada"], "no album 99"),
        (["people", "name", "face:999", "Ada"], "no face 999"),
        (["people", "name", "somebody", "Ada"], "neither an album's number"),
        (["people", "name", "1", " "], "must not be empty"),
        (["photos", "remove", "/no/such/photo.jpg"], "knows no photo at or under /no/such/photo.jpg"),
    ],
)
def test_wrong_requests_are_one_line_and_change_nothing(
    command: Command, small_library: faceindex.Library, arguments: list[str], reason: str
) -> None:
    done = command(*arguments, "-L", small_library.path)
    assert done.returncode == 2
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert small_library.status().faces == 20


def test_prune_says_what_it_removed_and_what_may_be_on_another_disk(
    command: Command, many_photos: Path, tmp_path: Path
) -> None:
    for name in ("a/00.jpg", "a/01.jpg", "b/nothing-0.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(many_photos / Path(name).name, tmp_path / "photos" / name)
    options = ("--recipe", "dlib-raw", "-L", tmp_path / "x.faces", tmp_path / "photos")
    assert command("ingest", *options).returncode == 0
    (tmp_path / "photos" / "a" / "00.jpg").unlink()
    (tmp_path / "photos" / "b" / "nothing-0.png").unlink()
    done = command("ingest", "--prune", *options)
    assert "removed: 1 photo and 1 face" in done.stdout
    assert "kept: 1 photo" in done.stdout
    again = json.loads(command("ingest", "--prune", "--json", *options).stdout)
    assert again["pruned"] == {"paths": 0, "photos": 0, "faces": 0, "away": 1, "left_out": 0}
