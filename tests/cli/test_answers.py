"""What the commands print: the design's JSON shapes, tables on stdout, everything else on stderr."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect

import faceindex
from faceindex.faces.recipe import DEFAULT_RECIPE, recipe

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_ingest_json(command: Command, many_photos: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("00.jpg", "nothing-0.png", "cut-off.jpg"):
        (photos / name).write_bytes((many_photos / name).read_bytes())
    done = command("ingest", "--json", "-L", tmp_path / "x.faces", photos)
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    counts = {"seen": 3, "new": 2, "unchanged": 0, "moved": 0, "duplicate": 0, "failed": 1}
    counts |= {"out_of_reach": 0, "ignored": 0, "forgotten": 0}
    assert answer["photos"] == counts
    assert answer["faces"] == {"new": 1, "total": 1}
    assert [Path(failure["path"]).name for failure in answer["failed"]] == ["cut-off.jpg"]
    assert "truncated" in answer["failed"][0]["error"]
    assert answer["recipe"] == DEFAULT_RECIPE
    assert answer["seconds"] > 0
    assert answer["photos_per_second"] > 0


def test_ingest_table_lists_each_failed_photo_and_why(
    command: Command, small_library: faceindex.Library, many_photos: Path
) -> None:
    done = command("ingest", "-L", small_library.path, many_photos)
    assert done.returncode == 0
    assert [line for line in done.stdout.splitlines() if "cut-off.jpg" in line and "truncated" in line]


def test_search_json(command: Command, small_library: faceindex.Library, many_photos: Path) -> None:
    image = many_photos / "03.jpg"
    done = command("search", image, "--json", "-L", small_library.path, "-k", 3, "--threshold", 0.6)
    answer = json.loads(done.stdout)
    assert answer["image"] == str(image)
    (face,) = answer["faces"]
    assert len(face["box"]) == 4
    assert face["score"] > 0
    keys = {"face", "photo", "box", "distance", "confidence", "person"}
    assert [set(match) for match in face["matches"]] == [keys] * 3
    assert face["threshold"] == 0.6
    first = face["matches"][0]
    assert (first["photo"], first["box"], first["person"]) == (str(image), face["box"], None)
    assert first["distance"] < 1e-5
    assert first["confidence"] > 0.999


def test_search_gives_all_faces_within_a_threshold(
    command: Command, small_library: faceindex.Library, many_photos: Path
) -> None:
    search = ("search", many_photos / "03.jpg", "--json", "-L", small_library.path, "--threshold", 1)
    ten, every = (json.loads(command(*search, *more).stdout)["faces"][0]["matches"] for more in ((), ("--all",)))
    assert len(ten) == 10
    assert every[:10] == ten
    assert {match["face"] for match in every} == {face.face for face in small_library.faces}


def test_search_writes_a_page(
    command: Command, small_library: faceindex.Library, many_photos: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    done = command("search", many_photos / "03.jpg", "-L", small_library.path, "--sheet", page)
    assert done.returncode == 0
    assert page.read_text().count("data:image/jpeg") > 3


def test_verify_json_and_exit_code(command: Command, many_photos: Path, tmp_path: Path) -> None:
    two = (many_photos / "03.jpg", many_photos / "09.jpg")
    same = command("verify", *two, "--json", "-L", tmp_path / "x")
    answer = json.loads(same.stdout)
    assert same.returncode == 0
    assert answer["same"] is True
    assert answer["threshold"] == recipe().match_threshold
    assert 0.9 < answer["confidence"] <= 1
    assert [len(box) for box in answer["faces"]] == [4, 4]
    strict = command("verify", *two, "--threshold", 0.0, "-L", tmp_path / "x")
    assert strict.returncode == 1
    assert "different people" in strict.stdout


def test_cluster_albums_and_sheet(command: Command, many_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "x.faces"
    for name in ("00.jpg", "01.jpg"):
        (tmp_path / name).write_bytes((many_photos / name).read_bytes())
    command("ingest", tmp_path, "-L", library)
    answer = json.loads(command("cluster", "--json", "-L", library).stdout)
    assert answer.pop("seconds") > 0
    change = answer.pop("change")
    assert change == {"kept": 0, "new": 1, "gone": 0, "joined": 2, "moved": 0, "people": []}
    counts = {"albums": 1, "clustered": 2, "singletons": 0, "extended": False}
    assert answer == {
        "method": "linkage",
        "threshold": recipe().cluster_threshold,
        **counts,
        "low_quality": 0,
        "merges": [],
        "dry_run": False,
        "extended": False,
    }
    (album,) = json.loads(command("albums", "list", "--json", "-L", library).stdout)
    assert (album["album"], album["faces"], album["photos"], album["person"]) == (1, 2, 2, None)
    shown = json.loads(command("albums", "show", 1, "--json", "-L", library).stdout)
    assert {Path(face["photo"]).name for face in shown["faces"]} == {"00.jpg", "01.jpg"}
    assert "00.jpg" in command("albums", "show", 1, "-L", library).stdout
    done = command("albums", "sheet", tmp_path / "sheet.html", "-L", library)
    assert done.stdout.strip() == str(tmp_path / "sheet.html")


def test_export_as_json_lines(command: Command, small_library: faceindex.Library) -> None:
    lines = command("export", "-", "-L", small_library.path, "--vectors").stdout.splitlines()
    assert len(lines) == 20
    face = json.loads(lines[0])
    known = {"face", "photo", "box", "landmarks", "score", "album", "person", "quality", "vector"}
    assert set(face) == known | {"photo_width", "photo_height"}
    assert len(face["vector"]) == 128
    assert face["album"] == 1


def test_export_as_csv_to_a_file(command: Command, small_library: faceindex.Library, tmp_path: Path) -> None:
    done = command("export", tmp_path / "faces.csv", "--format", "csv", "-L", small_library.path)
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "faces.csv").stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(io.StringIO((tmp_path / "faces.csv").read_text())))
    assert len(rows) == 20
    assert {"face", "photo", "x", "y", "width", "height", "score", "album", "person"} <= set(rows[0])


def test_export_into_a_closed_pipe_is_quiet(small_library: faceindex.Library) -> None:
    done = subprocess.run(
        f"{sys.executable} -m faceindex export - --vectors -L '{small_library.path}' | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith('{"face"')
    assert done.stderr == ""


def test_status_and_failed(command: Command, small_library: faceindex.Library) -> None:
    status = json.loads(command("status", "--json", "-L", small_library.path).stdout)
    keys = ["library", "recipe", "photos", "failed", "faces", "people", "albums", "segments", "index", "bytes"]
    assert list(status)[: len(keys)] == keys
    assert status["calibration"] == "default"
    assert (status["photos"], status["failed"], status["faces"]) == (22, 1, 20)
    (failure,) = json.loads(command("photos", "failed", "--json", "-L", small_library.path).stdout)
    assert failure["path"].endswith("cut-off.jpg")
    assert "truncated" in failure["error"]


def test_library_may_come_from_the_environment(command: Command, small_library: faceindex.Library) -> None:
    done = command("status", "--json", env={"FACEINDEX_LIBRARY": str(small_library.path), "PATH": ""})
    assert json.loads(done.stdout)["library"] == str(small_library.path)


def test_models_are_listed_and_verified(command: Command, tmp_path: Path) -> None:
    listed = json.loads(command("models", "list", "--json").stdout)
    assert {"name", "licence", "sha256", "source", "path"} <= set(listed[0])
    assert command("models", "verify").returncode == 0
    (tmp_path / "mmod_human_face_detector.dat").write_bytes(b"altered")
    altered = command("models", "verify", "--json", env={"FACEINDEX_MODELS": str(tmp_path), "PATH": ""})
    assert altered.returncode == 1
    assert [row["model"] for row in json.loads(altered.stdout) if not row["ok"]] == ["mmod_human_face_detector"]


def test_engines_are_compared_on_photos(command: Command, many_photos: Path) -> None:
    done = command("models", "verify", "--compare", many_photos / "00.jpg", "--json")
    assert done.returncode == 0, done.stderr
    engines = json.loads(done.stdout)["engines"]
    assert engines["same"] is True
    assert (engines["faces"], engines["cnn_faces"], engines["cnn_missing"], engines["cnn_extra"]) == (1, 1, 0, 0)
    assert engines["largest_difference"] <= 1e-5


def test_profile_tells_where_the_time_went(command: Command, many_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "x.faces"
    done = command("ingest", many_photos / "00.jpg", "-L", library, "--profile", "--json", "--engine", "dlib")
    stages = json.loads(done.stdout)["stages"]
    assert set(stages) == {"find", "decode", "detect", "align", "encode", "write", "compact"}
    assert all(seconds > 0 for seconds in stages.values())
    table = command("ingest", many_photos / "01.jpg", "-L", library, "--profile").stdout
    assert "ms per new photo" in table


def test_cnn_detector_is_chosen_by_a_flag_and_remembered(command: Command, many_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "x.faces"
    command("ingest", many_photos / "00.jpg", "-L", library, "--recipe", "dlib", "--detector", "cnn")
    again = command("ingest", many_photos / "01.jpg", "-L", library, "--json")
    assert json.loads(again.stdout)["recipe"] == "dlib detector=cnn"
    other = command("ingest", many_photos, "-L", library, "--recipe", "dlib")
    assert other.returncode == 3
    assert "dlib detector=cnn, not dlib" in other.stderr


def test_progress_is_shown_on_a_terminal_and_only_there(many_photos: Path, tmp_path: Path) -> None:
    arguments = ["-m", "faceindex", "ingest", "-L", str(tmp_path / "x.faces"), str(many_photos / "00.jpg")]
    terminal = pexpect.spawn(sys.executable, arguments, encoding="utf-8", timeout=120, dimensions=(24, 160))
    terminal.expect("photos/s")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
