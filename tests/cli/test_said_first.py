"""What a command would change is said before, and what it joined is said afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from made_albums import make_albums
from people_library import drawn_people, store_vectors
from typer.testing import CliRunner

import faceindex
from faceindex.cli.app import app

Run = Callable[..., str]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Three albums of three faces each: Ada's, Bea's and nobody's."""
    store_vectors(tmp_path / "x.faces", drawn_people([0] * 3 + [1] * 3 + [2] * 3))
    make_albums(tmp_path / "x.faces", {1: [1, 2, 3], 2: [4, 5, 6], 3: [7, 8, 9]})
    with faceindex.Library(tmp_path / "x.faces", create=False) as opened:
        opened.people.name("Ada", album=1)
        opened.people.name("Bea", album=2)
    return tmp_path / "x.faces"


@pytest.fixture
def run(library: Path) -> Run:
    def command(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["-L", str(library), *words])
        assert done.exit_code == code, (words, done.output, done.exception)
        return done.output

    return command


def faces(library: Path) -> list[tuple[int, str | None]]:
    with faceindex.Library(library, create=False) as opened:
        return [(face.face, face.person) for face in opened.faces]


def test_a_merge_says_whom_it_joined(run: Run) -> None:
    said = run("people", "merge", "Ada", "Bea", "3")
    assert "3 faces: Bea, album 2 -> Ada, album 1" in said
    assert "3 faces: nobody, album 3 -> Ada, album 1" in said


def test_a_name_says_whose_the_faces_were(run: Run) -> None:
    assert run("people", "name", "2", "Cy") == "3 faces are Cy's\n  3 faces: Bea, album 2 -> Cy, album 2\n"
    assert run("people", "name", "3", "Di") == "3 faces are Di's\n"


def test_photos_are_removed_without_erasing_only_after_a_dry_run_if_wanted(run: Run, library: Path) -> None:
    before = faces(library)
    assert run("photos", "remove", "/photo-00000.jpg", "--dry-run").startswith(
        "would be removed: 1 photo with 1 face (1 path)"
    )
    said = json.loads(run("photos", "remove", "/photo-00000.jpg", "--dry-run", "--json"))
    assert said == {"paths": 1, "photos": 1, "faces": 1, "dry_run": True}
    assert faces(library) == before
    assert run("photos", "remove", "/photo-00000.jpg").startswith("removed 1 photo with 1 face")
    assert len(faces(library)) == len(before) - 1


def test_a_dry_run_lifts_no_tombstone(run: Run, tmp_path: Path, library: Path, many_photos: Path) -> None:
    photo = many_photos / "00.jpg"
    with faceindex.Library(library, create=False) as opened:
        opened.ingest([photo], workers=0)
        opened.photos.forget(photo)
    said = (
        "would be lifted: 1 tombstone; would be analysed again: 0 photos of the library; added by the next ingest: 1\n"
    )
    for _ in range(2):
        assert run("people", "forget", "--lift", str(photo), "--dry-run") == said
    assert run("people", "forget", "--lift", str(photo)).startswith("1 tombstone lifted")
    assert run("people", "forget", "--lift", str(photo), "--dry-run").startswith("would be lifted: 0 tombstones")


def test_an_import_says_whose_names_somebody_had(run: Run, tmp_path: Path, library: Path) -> None:
    rows = [{"photo": f"/photo-{number:05d}.jpg", "person": name} for number, name in ((6, "Ada"), (7, "Cy"))]
    (tmp_path / "names.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    said = run("import", str(tmp_path / "names.jsonl"))
    assert "somebody had these names before, and has more faces now: Ada\n" in said
    assert dict(faces(library))[7] == "Ada"


def test_an_audit_prints_commands_that_answer_it(run: Run, library: Path) -> None:
    run("people", "name", "face:4", "Ada", "--only", "--merge")
    (found,) = json.loads(run("people", "audit", "--json"))["findings"]
    assert (found["kind"], found["person"], found["faces"], found["other"]) == ("misfit", "Ada", [4], "Bea")
    said = run("people", "audit")
    assert "face 4 does not look like Ada's (4), but Bea's" in said
    assert found["yes"] in said
    assert found["no"] in said
    assert "nothing to ask" in run("people", "audit", "--kind", "two-names")
    lines = run("people", "audit", "Ada").splitlines()
    assert lines[1].split()[:2] == ["4", "0%"]
    assert {line.split()[1] for line in lines[2:5]} == {"100%"}
    assert "Bea" in lines[1]
    refused = CliRunner().invoke(app, ["-L", str(library), "people", "audit", "--kind", "wrong"])
    assert "no kind of finding is called wrong" in str(refused.exception)
