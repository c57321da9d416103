"""The commands that ask who is where: identify, search by what is in the library, many at once, photos find."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

import faceindex

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def named(many_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty photos of Eileen, of which ten faces have her name."""
    path = tmp_path_factory.mktemp("libraries") / "named.faces"
    with faceindex.Library(path) as library:
        library.ingest([many_photos], workers=1)
        for face in list(library.faces)[:10]:
            library.people.name("Eileen", face=face.face)
    return path


def test_identify_says_who_and_why(command: Command, named: Path, many_photos: Path) -> None:
    image = many_photos / "07.jpg"
    answer = json.loads(command("identify", image, "--json", "-L", named).stdout)
    assert (answer["image"], answer["method"]) == (str(image), "vote")
    (face,) = answer["faces"]
    assert (face["person"], len(face["box"])) == ("Eileen", 4)
    assert 0.5 < face["confidence"] <= 1
    assert set(face) >= {"score", "margin", "threshold", "candidates"}
    (candidate,) = face["candidates"]
    assert [set(exemplar) for exemplar in candidate["exemplars"]] == [{"face", "photo", "box", "distance"}] * 3
    said = command("identify", image, "--explain", "--method", "svm", "-L", named).stdout
    assert "Eileen, confidence" in said
    assert candidate["exemplars"][0]["photo"] in said
    wrong = command("identify", image, "--method", "guess", "-L", named)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


def test_search_with_faces_of_the_library(command: Command, named: Path, many_photos: Path, tmp_path: Path) -> None:
    found = json.loads(command("search", "--person", "Eileen", "--unnamed", "-k", 99, "--json", "-L", named).stdout)
    matches = found["faces"][0]["matches"]
    assert len(matches) == 10
    assert {match["person"] for match in matches} == {None}
    by_face = json.loads(command("search", "--face", matches[0]["face"], "-k", 99, "--json", "-L", named).stdout)
    assert matches[0]["face"] not in [match["face"] for match in by_face["faces"][0]["matches"]]
    two = [many_photos / "01.jpg", many_photos / "02.jpg"]
    several = json.loads(command("search", *two, "--json", "-k", 1, "-L", named).stdout)
    assert [answer["image"] for answer in several] == [str(image) for image in two]
    (one,) = json.loads(command("search", *two, "--same-person", "--json", "-L", named).stdout)["faces"]
    assert len(one["matches"]) == 10
    box = ",".join(map(str, one["box"]))
    assert json.loads(command("search", two[0], "--box", box, "--json", "-L", named).stdout)["faces"][0]["matches"]
    clustered = shutil.copytree(named, tmp_path / "clustered.faces")
    command("cluster", "-L", clustered)
    grouped = command("search", "--album", 1, "--group-by", "person", "-L", clustered)
    assert "no match within the threshold" in grouped.stdout  # all faces are in the album
    for wrong in (["--box", "1,2,3", two[0]], ["--box", "1,2,0,0", two[0]], ["--from", "soon", two[0]], []):
        done = command("search", *wrong, "-L", named)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_search_sheet_shows_distance_confidence_and_name(
    command: Command, named: Path, many_photos: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    done = command("search", many_photos / "03.jpg", "-k", 20, "-L", named, "--sheet", page)
    assert done.returncode == 0
    text = page.read_text()
    assert text.count("data:image/jpeg") == 21
    assert text.count("Eileen") == 10
    assert "100%" in text
    assert (many_photos / "03.jpg").as_uri() in text


def test_photos_find(command: Command, named: Path, many_photos: Path) -> None:
    with_her = json.loads(command("photos", "find", "--with", "Eileen", "--only", "--json", "-L", named).stdout)
    without = json.loads(command("photos", "find", "--without", "Eileen", "--json", "-L", named).stdout)
    assert len(with_her) == 10
    assert len(with_her) + len(without) == 22
    assert set(with_her[0]) >= {"path", "photo", "width", "height", "faces", "taken"}
    under = command("photos", "find", "--under", many_photos / "03.jpg", "-L", named).stdout
    assert under.count(".jpg") == 1
    assert command("photos", "find", "--from", "2001", "--to", "2100-12", "--json", "-L", named).stdout == "[]\n"
    nobody = command("photos", "find", "--with", "Zoe", "-L", named)
    assert (nobody.returncode, nobody.stderr.count("\n")) == (2, 1)


def test_search_many_photos_line_by_line(command: Command, named: Path, many_photos: Path, tmp_path: Path) -> None:
    done = command("search-many", many_photos, "-k", 2, "-j", 1, "-L", named)
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    faces = [line for line in lines if "matches" in line]
    assert [Path(line["image"]).name for line in faces] == [f"{number:02d}.jpg" for number in range(20)]
    for line in faces:
        first, _ = line["matches"]
        assert (first["photo"], first["box"]) == (line["image"], line["box"])
        assert first["distance"] < 1e-5
    wrong = {Path(line["image"]).name: line["error"] for line in lines if "error" in line}
    assert set(wrong) == {"cut-off.jpg", "nothing-0.png", "nothing-1.png"}
    assert done.stderr.count("\n") == 3
    nothing = command("search-many", many_photos / "nothing-0.png", "-j", 1, "-L", named)
    assert nothing.returncode == 2


def test_search_many_vectors(command: Command, named: Path, tmp_path: Path) -> None:
    with faceindex.Library(named) as library:
        faces = {face.face: vector for face, vector in library.faces.with_vectors() if vector is not None}
        fingerprint = library.recipe.fingerprint
    vectors = np.stack(list(faces.values())).astype(np.float64)
    vectors[3] = np.nan
    np.save(tmp_path / "v.npy", vectors)
    done = command("search-many", tmp_path / "v.npy", "-k", 1, "-L", named)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["row"] for line in lines] == list(range(20))
    assert "error" in lines.pop(3)
    expected = [face for place, face in enumerate(faces) if place != 3]
    assert [line["matches"][0]["face"] for line in lines] == expected
    for name, made in (("own.h5", fingerprint), ("other.h5", "of another recipe")):
        with h5py.File(tmp_path / name, "w") as file:
            file["vector"] = vectors[:2].astype(np.float32)
            file.attrs["recipe"] = made
    assert len(command("search-many", tmp_path / "own.h5", "-L", named).stdout.splitlines()) == 2
    other = command("search-many", tmp_path / "other.h5", "-L", named)
    assert (other.returncode, other.stdout) == (3, "")
    assert "another recipe" in other.stderr


def test_search_many_applies_its_selection(command: Command, named: Path, many_photos: Path, tmp_path: Path) -> None:
    with faceindex.Library(named) as library:
        vectors = [vector for _, vector in library.faces.with_vectors() if vector is not None]
        np.save(tmp_path / "v.npy", np.stack(vectors[:1]))
    for source in (tmp_path / "v.npy", many_photos / "03.jpg"):
        where = ("search-many", source, "-k", 99, "-j", 1, "-L", named)
        (unnamed,) = map(json.loads, command(*where, "--unnamed").stdout.splitlines())
        assert [match["person"] for match in unnamed["matches"]] == [None] * 10
        (grouped,) = map(json.loads, command(*where, "--group-by", "person").stdout.splitlines())
        assert [match["person"] for match in grouped["matches"]].count("Eileen") == 1
        (under,) = map(json.loads, command(*where, "--under", many_photos / "05.jpg").stdout.splitlines())
        assert [Path(match["photo"]).name for match in under["matches"]] == ["05.jpg"]
        (dated,) = map(json.loads, command(*where, "--from", "2001", "--to", "2100").stdout.splitlines())
        assert dated["matches"] == []
    wrong = command("search-many", many_photos, "--from", "soon", "-L", named)
    assert (wrong.returncode, wrong.stdout, wrong.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 64), np.float32),
        np.zeros(128, np.float32),
        np.zeros((4, 128), np.int64),
        np.array([{"a": 1}], dtype=object),
    ],
    ids=["dimension", "shape", "dtype", "objects"],
)
def test_wrong_vectors_are_one_clear_line(command: Command, named: Path, tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "v.npy", array)
    done = command("search-many", tmp_path / "v.npy", "-L", named)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "v.npy" in done.stderr


def test_verify_many_pairs(command: Command, many_photos: Path, tmp_path: Path) -> None:
    rows = [("00.jpg", "05.jpg"), ("00.jpg", "cut-off.jpg"), ("nothing-0.png", "05.jpg"), ("05.jpg", "missing.jpg")]
    pairs, out = tmp_path / "pairs.csv", tmp_path / "out.csv"
    with pairs.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("a", "note", "b"), *((many_photos / a, "x", many_photos / b) for a, b in rows)])
    done = command("verify", "--pairs", pairs, "--out", out, "-L", tmp_path / "none.faces")
    assert (done.returncode, done.stdout) == (0, "")
    assert "3 of 4 pairs could not be compared" in done.stderr
    with out.open(newline="") as file:
        answers = list(csv.DictReader(file))
    assert list(answers[0]) == ["a", "b", "same", "distance", "threshold", "confidence", "error"]
    single = json.loads(command("verify", many_photos / "00.jpg", many_photos / "05.jpg", "--json").stdout)
    assert answers[0]["same"] == "true"
    assert float(answers[0]["distance"]) == pytest.approx(single["distance"], abs=1e-4)
    assert float(answers[0]["confidence"]) == pytest.approx(single["confidence"], abs=1e-4)
    assert [("no face" in a["error"], "truncated" in a["error"]) for a in answers[1:3]] == [
        (False, True),
        (True, False),
    ]
    assert "missing.jpg: No such file" in answers[3]["error"]
    assert [a["same"] for a in answers[1:]] == [""] * 3


def test_wrong_pairs_are_one_clear_line(command: Command, tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("x,y\n1,2\n")
    (tmp_path / "short.csv").write_text("a,b\nphoto.jpg\n")
    (tmp_path / "empty.csv").write_text("")
    for name in ("names.csv", "short.csv", "empty.csv", "missing.csv"):
        done = command("verify", "--pairs", tmp_path / name, "-L", tmp_path / "none.faces")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert name in done.stderr
    for arguments in (["one.jpg"], ["one.jpg", "two.jpg", "--pairs", tmp_path / "names.csv"]):
        assert command("verify", *arguments).returncode == 2
