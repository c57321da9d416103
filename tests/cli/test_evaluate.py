"""`faceindex evaluate` on a few real photos: figures, shapes of the JSON, pictures, and wrong uses in one line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from faceindex.faces.recipe import DEFAULT_RECIPE, recipe

Command = Callable[..., subprocess.CompletedProcess[str]]


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert (done.returncode, done.stderr) == (0, "")
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("faceindex: ")
    for word in words:
        assert word in line


def test_all_pairs_json(command: Command, labelled_photos: Path, kept: Path) -> None:
    figures = answer(command("evaluate", "all-pairs", labelled_photos, "--keep", kept, "--json"))
    assert (figures["recipe"], figures["half"], figures["people"]) == (DEFAULT_RECIPE, None, 5)
    assert (figures["photos"], figures["faces"], figures["copies"]) == (14, 12, 1)
    assert [Path(path).name for path in figures["without_face"]] == ["Nobody_0001.png"]
    assert [Path(failure["path"]).name for failure in figures["failed"]] == ["Nobody_0002.jpg"]
    assert figures["pairs"] == {"same": 12, "different": 54}
    assert [point["far"] for point in figures["points"]] == [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6]
    assert not any(point["enough"] for point in figures["points"])
    first = figures["points"][0]
    assert set(first) == {"far", "threshold", "tar", "tar_of_photos", "false_accepts", "enough"}
    assert first["tar"] == 1.0
    assert first["tar_of_photos"] == pytest.approx(12 / 13)
    assert first["false_accepts"] == 5
    assert 1.0 < first["threshold"] < 1.5
    assert figures["auc"] > 0.99
    assert figures["plots"] == []
    rejection = figures["rejection"]
    assert (rejection["by"], rejection["far"]) == ("quality", 1e-4)
    assert set(rejection) == {"by", "far", "threshold", "points", "count_ratio", "rate_ratio"}
    assert [point["rejected"] for point in rejection["points"]] == [0, 0.2]
    assert [set(point) for point in rejection["points"]] == [{"rejected", "pairs", "false_non_matches", "rate"}] * 2
    assert rejection["points"][0]["pairs"] == 12 > rejection["points"][1]["pairs"]


def test_all_pairs_table_marks_rates_with_too_few_pairs(command: Command, labelled_photos: Path, kept: Path) -> None:
    done = command("evaluate", "all-pairs", labelled_photos, "--keep", kept)
    assert done.returncode == 0
    assert "Nobody_0002.jpg" in done.stdout
    assert [line for line in done.stdout.splitlines() if "1e-06" in line and "too few to trust" in line]
    for beginning in ("rejected by quality", "0% ", "20% ", "ratio "):
        assert [line for line in done.stdout.splitlines() if line.startswith(beginning)]


def test_lfw_json(command: Command, labelled_photos: Path, kept: Path) -> None:
    pairs = labelled_photos / "pairs.txt"
    figures = answer(command("evaluate", "lfw", labelled_photos, "--pairs", pairs, "--keep", kept, "--json"))
    result = figures["pairs"]
    assert (result["pairs"], result["pairs_without_face"], result["photos_without_face"]) == (6, 2, 2)
    assert result["accuracy"] == pytest.approx(5 / 6)  # the pair of Nobody's photos cannot be known again
    assert result["threshold"] == recipe().match_threshold
    assert result["best_accuracy"] == pytest.approx(5 / 6)
    assert (result["folds"], result["cross_validation"]) == ("people", None)


def test_lfw_table(command: Command, labelled_photos: Path, kept: Path) -> None:
    done = command("evaluate", "lfw", labelled_photos, "--pairs", labelled_photos / "pairs.txt", "--keep", kept)
    assert done.returncode == 0
    assert "0.8333" in done.stdout
    assert "an upper bound" in done.stdout


def test_albums_json_and_table(command: Command, labelled_photos: Path, kept: Path) -> None:
    arguments = ("evaluate", "albums", labelled_photos, "--keep", kept)
    figures = answer(command(*arguments, "--json"))
    assert (figures["method"], figures["threshold"]) == ("linkage", recipe().cluster_threshold)
    assert set(figures["bcubed"]) == set(figures["pairwise"]) == {"precision", "recall", "f"}
    assert figures["bcubed"]["precision"] == figures["pairwise"]["precision"] == figures["purity"] == 1.0
    assert 1 <= figures["albums_per_person"] <= 3
    assert figures["clicks"] == figures["moves"] + figures["merges"]
    shown = command(*arguments).stdout
    assert f"purity {figures['purity']:.4f}" in shown
    assert f"clicks to perfect albums: {figures['clicks']} " in shown


def test_a_half_has_only_its_people(command: Command, labelled_photos: Path, kept: Path) -> None:
    halves = [
        answer(command("evaluate", "albums", labelled_photos, "--keep", kept, "--half", half, "--json"))
        for half in ("a", "b")
    ]
    assert [figures["half"] for figures in halves] == ["a", "b"]
    assert sum(figures["people"] for figures in halves) == 5
    assert sum(figures["photos"] for figures in halves) == 14


def test_compare_json_and_picture(command: Command, labelled_photos: Path, kept: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pairs = ("--pairs", labelled_photos / "pairs.txt")
    recipes = ("dlib-raw", "dlib", "--data", labelled_photos)
    figures = answer(command("evaluate", "compare", *recipes, "--keep", kept, *pairs, "--plots", tmp_path, "--json"))
    assert [row["recipe"] for row in figures["recipes"]] == ["dlib-raw", "dlib"]
    for row in figures["recipes"]:
        assert (row["dimension"], row["photos"], row["faces"]) == (128, 14, 12)
        assert row["pairs"]["pairs"] == 6
        assert [point["far"] for point in row["points"]] == [1e-3, 1e-4, 1e-5]
        assert row["best_albums"]["bcubed"]["f"] >= row["albums"]["bcubed"]["f"]
        assert row["timing"]["ms_per_photo"] > row["timing"]["ms_per_face"] > 0
    assert figures["plots"] == [str(tmp_path / "roc.png")]
    assert (tmp_path / "roc.png").stat().st_size > 10_000


def test_compare_table(command: Command, labelled_photos: Path, kept: Path) -> None:
    done = command("evaluate", "compare", "dlib", "--data", labelled_photos, "--keep", kept)
    assert done.returncode == 0
    for name in ("with a face", "TAR at FAR 0.0001", "EER", "ms per photo, one core", "ms per face, encoding"):
        assert [line for line in done.stdout.splitlines() if line.startswith(name)]


def test_pictures_are_drawn(command: Command, labelled_photos: Path, kept: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pairs = ("--pairs", labelled_photos / "pairs.txt")
    for name, more, expected in (
        ("all-pairs", (), ["distances.png", "reject.png", "roc.png"]),
        ("lfw", pairs, ["distances.png", "roc.png"]),
        ("albums", (), ["albums.png"]),
    ):
        out = tmp_path / name
        done = command("evaluate", name, labelled_photos, *more, "--keep", kept, "--plots", out)
        assert (done.returncode, done.stderr) == (0, "")
        assert sorted(file.name for file in out.iterdir()) == expected
        assert str(out / expected[0]) in done.stdout


def test_without_keep_nothing_is_left(
    command: Command, labelled_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    one = tmp_path / "photos"
    for name in ("Al_Pacino", "Adrien_Brody"):
        (one / name).mkdir(parents=True)
        (one / name / "1.jpg").symlink_to(labelled_photos / name / f"{name}_0001.jpg")
    figures = answer(command("evaluate", "albums", one, "--json", "--workers", 1))
    assert (figures["people"], figures["faces"]) == (2, 2)
    assert not list(tmp_path.glob("faceindex-*"))


def test_malformed_pairs_file_is_refused_before_any_work(command: Command, tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_text("1\nA\t1\t2\nA\t1\t2\n")
    done = command("evaluate", "lfw", tmp_path / "none", "--pairs", tmp_path / "pairs.txt")
    refused(done, "pairs.txt, line 3", "two people")


def test_pair_of_a_photo_that_is_not_there(command: Command, labelled_photos: Path, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_text("1\nAl_Pacino\t1\t9\nAl_Pacino\t1\tAdrien_Brody\t1\n")
    done = command("evaluate", "lfw", labelled_photos, "--pairs", tmp_path / "pairs.txt", "--keep", kept)
    refused(done, "line 2", "Al_Pacino_0009")


def test_wrong_folders_and_names(command: Command, labelled_photos: Path, many_photos: Path, tmp_path: Path) -> None:
    refused(command("evaluate", "all-pairs", tmp_path / "none"), "no such file or folder")
    refused(command("evaluate", "all-pairs", many_photos), "each person needs a folder")
    refused(command("evaluate", "albums", labelled_photos, "--half", "c"), "no half", "a, b")
    refused(command("evaluate", "albums", labelled_photos, "--recipe", "vgg"), "vgg", "dlib-raw")
    refused(command("evaluate", "compare", "dlib", "vgg", "--data", labelled_photos), "vgg", "dlib-raw")
    refused(command("evaluate", "lfw", labelled_photos), "--pairs")


def test_groups_json_and_table(command: Command, labelled_photos: Path, kept: Path, tmp_path: Path) -> None:
    file = tmp_path / "groups.csv"
    rows = ("Abdullah_Gul,statesmen,x", "Adel_Al-Jubeir,statesmen,x", "Al_Pacino,actors,", "Adrien_Brody,actors,")
    file.write_text("\n".join(("person,group,family", *rows)))
    arguments = ("evaluate", "groups", labelled_photos, "--groups", file, "--keep", kept)
    (figures,) = answer(command(*arguments, "--json"))["recipes"]
    assert (figures["faces"], figures["ungrouped"]) == (12, 0)
    assert [(row["group"], row["people"], row["faces"]) for row in figures["groups"]] == [
        ("actors", 2, 6),
        ("statesmen", 2, 6),
    ]
    for row in figures["groups"]:
        assert (row["false_matches"]["pairs"], row["true_matches"]["pairs"]) == (9, 6)
        assert row["true_matches"]["low"] < row["true_matches"]["rate"] <= row["true_matches"]["high"]
    assert [row["relatives"]["pairs"] for row in figures["groups"]] == [0, 9]
    assert [(row["group"], row["other"]) for row in figures["across"]] == [("actors", "statesmen")]
    assert figures["across"][0]["false_matches"]["pairs"] == 36
    assert figures["ms_per_face"] > 1
    shown = command(*arguments).stdout
    for beginning in ("threshold", "actors: false matches", "statesmen: of relatives", "actors with statesmen: false"):
        assert [line for line in shown.splitlines() if line.startswith(beginning)], beginning
    (lenient,) = answer(command(*arguments, "--json", "--threshold", "9"))["recipes"]
    assert [row["false_matches"]["rate"] for row in lenient["groups"]] == [1.0, 1.0]
    assert (lenient["false_match_ratio"], lenient["false_non_match_ratio"]) == (1.0, None)


def test_clusters_of_several_methods_and_thresholds(command: Command, labelled_photos: Path, kept: Path) -> None:
    arguments = ("evaluate", "clusters", labelled_photos, "--keep", kept, "--method", "linkage", "--method", "dbscan")
    own = recipe().cluster_threshold
    (figures,) = answer(command(*arguments, "--threshold", own, "--threshold", "9", "--json"))["recipes"]
    found = figures["clusters"]
    assert [(one["method"], one["threshold"]) for one in found] == [
        ("linkage", own),
        ("linkage", 9),
        ("dbscan", own),
        ("dbscan", 9),
    ]
    assert found[0]["clicks"]["total"] <= found[0]["score"]["moves"] + found[0]["score"]["merges"]
    assert found[0]["mixed"] == 0
    assert found[3]["most_people"] == 4
    assert found[3]["clicks"] == {"merges": 0, "splits": 3, "moves": 0, "picked": 9, "total": 3}
    assert f"linkage, {own:g}" in command(*arguments).stdout


def test_recipes_stand_beside_each_other(command: Command, labelled_photos: Path, kept: Path) -> None:
    arguments = ("evaluate", "clusters", labelled_photos, "--keep", kept, "--recipe", "dlib", "--recipe", "dlib-raw")
    done = command(*arguments)
    assert done.returncode == 0
    assert [line.split()[-4:] for line in done.stdout.splitlines() if "dlib, linkage" in line]
    assert [line for line in done.stdout.splitlines() if line.startswith("ms a face, processor time")]
    refused(command("evaluate", "clusters", labelled_photos, "--keep", kept, "--method", "kmeans"), "kmeans", "linkage")


def test_groups_that_nobody_is_in(command: Command, labelled_photos: Path, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text("person,group\nNo One,x\n")
    refused(
        command("evaluate", "groups", labelled_photos, "--groups", tmp_path / "groups.csv", "--keep", kept),
        "groups.csv",
        "gives no face a group",
    )


def test_robustness_json_and_picture(command: Command, labelled_photos: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "curves.png"
    only = ("--only", "jpeg", "--only", "dark", "--photos", "2", "--recipe", "sface")
    figures = answer(command("evaluate", "robustness", labelled_photos, *only, "--plot", out, "--json"))
    assert (figures["photos"], figures["faces"], figures["plots"]) == (2, 2, [str(out)])
    assert set(figures["units"]) == {"jpeg", "dark"}
    (row,) = figures["recipes"]
    assert [(level["kind"], level["level"]) for level in row["levels"]][:2] == [("jpeg", 50), ("jpeg", 30)]
    assert row["levels"][0]["rate"] == 1.0
    assert out.stat().st_size > 10_000
    refused(command("evaluate", "robustness", labelled_photos, "--only", "rain"), "rain", "tilt")


def test_identify_and_strangers(command: Command, labelled_photos: Path, kept: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    arguments = ("evaluate", "identify", labelled_photos, "--keep", kept, "--enrolled", "1", "--plots", tmp_path)
    (row,) = answer(command(*arguments, "--json"))["recipes"]
    assert [one["method"] for one in row["identification"]] == ["vote", "nearest", "svm"]
    for one in row["identification"]:
        assert (one["enrolled"], one["gallery"], one["probes"], one["strangers"]) == (1, 2, 4, 6)
        assert one["rank_1"] == 1.0
        assert [point["fpir"] for point in one["points"]] == [0.01, 0.1]
    assert (tmp_path / "identify.png").stat().st_size > 10_000
    refused(command("evaluate", "identify", labelled_photos, "--enrolled", "few"), "few", "all-but-one")
    (tmp_path / "groups.csv").write_text("person,group\nAl_Pacino,actors\nAdrien_Brody,actors\n")
    asked = ("evaluate", "strangers", labelled_photos, "--keep", kept, "--groups", tmp_path / "groups.csv")
    (row,) = answer(command(*asked, "--json"))["recipes"]
    assert [group["group"] for group in row["groups"]] == ["all", "actors"]
    assert [point["asked"] for point in row["groups"][0]["points"]] == [0.003, 0.01, 0.03, 0.1]
    assert [group["points"][0]["faces"] for group in row["groups"]] == [11, 5]
    assert row["halves"] == []
    assert "queries with any" in command(*asked).stdout
