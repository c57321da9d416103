"""`faceindex evaluate calibrate` and the searches that follow from it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from made_library import MadeLibrary
from named_people import named_people, store_named

import faceindex

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_a_library_of_named_people_is_calibrated_saved_and_forgotten(
    command: Command, made: MadeLibrary, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    store_named(made.folder, *named_people(220, 3))
    path, picture = made.folder.path, tmp_path / "reliability.png"
    done = command("evaluate", "calibrate", "-L", path, "--save", "--plot", picture, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert (answer["recipe"], answer["people"], answer["faces"], answer["saved"]) == ("dlib", 220, 660, True)
    assert set(answer["calibration"]) == {"same_shape", "same_rate", "different_shape", "different_rate"}
    assert [each["half"] for each in answer["held_out"]] == ["a", "b"]
    assert {"pairs", "found", "found_default", "fpir", "calibration", "half"} == set(answer["held_out"][0])
    thresholds = [answer["thresholds"][size] for size in ("1000", "10000", "100000", "1000000")]
    assert thresholds == sorted(thresholds, reverse=True)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert json.loads(command("status", "-L", path, "--json").stdout)["calibration"] == "own"
    forgotten = command("evaluate", "calibrate", "-L", path, "--forget", "--json")
    assert json.loads(forgotten.stdout) == {"calibration": "default"}


def test_the_table_tells_how_true_it_is(command: Command, made: MadeLibrary) -> None:
    store_named(made.folder, *named_people(220, 3))
    done = command("evaluate", "calibrate", "-L", made.folder.path)
    assert done.returncode == 0
    for words in (
        "220 people, 660 faces",
        "tried on half a",
        "calibration error",
        "expected false",
        "thresholds at 0.01",
    ):
        assert words in done.stdout


def test_too_few_people_are_refused_in_one_line(
    command: Command, small_library: faceindex.Library, labelled_photos: Path, kept: Path
) -> None:
    for arguments in (("-L", small_library.path), (labelled_photos, "--keep", kept)):
        done = command("evaluate", "calibrate", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        (line,) = done.stderr.splitlines()
        assert "takes 200 people with two faces or more" in line


def test_search_takes_a_threshold_or_expected_false_identifications(
    command: Command, small_library: faceindex.Library, many_photos: Path
) -> None:
    arguments = ("search", many_photos / "03.jpg", "-L", small_library.path, "--json")
    (default,) = json.loads(command(*arguments).stdout)["faces"]
    (strict,) = json.loads(command(*arguments, "--fpir", 1e-9).stdout)["faces"]
    expected = small_library.calibration.threshold(0.01, 20)
    assert default["threshold"] == pytest.approx(expected)
    assert strict["threshold"] == pytest.approx(small_library.calibration.threshold(1e-9, 20))
    assert strict["threshold"] < default["threshold"]
    assert all(match["distance"] <= strict["threshold"] for match in strict["matches"])
    for wrong, words in ((("--fpir", 0.1, "--threshold", 0.5), "not both"), (("--fpir", 0), "above 0")):
        done = command(*arguments, *wrong)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr
