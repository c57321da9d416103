"""JSON lines and CSV name faces, which are found by box and vector in photos that are analysed if need be."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import faceindex
from faceindex.errors import UsageError
from faceindex.types import Box


@pytest.fixture
def photos(many_photos: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in (3, 4, 5):
        shutil.copy(many_photos / f"{number:02d}.jpg", folder)
    shutil.copy(many_photos / "06.jpg", folder / os.fsdecode(b"caf\xe9.jpg"))
    shutil.copy(many_photos / "07.jpg", folder / "=1+1.jpg")
    return folder


@pytest.fixture
def named(photos: Path, tmp_path: Path) -> Iterator[faceindex.Library]:
    with faceindex.Library(tmp_path / "named.faces") as library:
        library.ingest([photos], workers=1)
        for face in library.faces:
            library.people.name(
                "+Eileen" if "=" in face.photo else f"Eileen {Path(face.photo).name[:2]}", face=face.face
            )
        yield library


def people(library: faceindex.Library) -> dict[str, str | None]:
    return {face.photo: face.person for face in library.faces}


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("vectors", [False, True])
def test_an_export_names_the_faces_of_a_new_library(
    named: faceindex.Library, tmp_path: Path, form: str, vectors: bool
) -> None:
    out = tmp_path / f"x.{form}"
    assert named.export(out, form=form, vectors=vectors) == 5
    out.read_bytes().decode("utf-8")
    with faceindex.Library(tmp_path / "new.faces") as new:
        report = new.import_([out], workers=1)
        assert (report.rows, report.analysed, report.faces, report.named, report.bad) == (5, 5, 5, 5, ())
        assert people(new) == people(named)
        acts = list(new.history)
        again = new.import_([out])
        assert (again.known, again.faces, again.named, again.decided) == (5, 0, 0, 0)
        assert list(new.history) == acts


def test_an_import_is_one_step_that_is_undone_as_a_whole(
    named: faceindex.Library, photos: Path, tmp_path: Path
) -> None:
    rows = [{"photo": face.photo, "box": face.box.as_list(), "person": face.person} for face in named.faces]
    with faceindex.Library(tmp_path / "new.faces") as new:
        new.ingest([photos], workers=1)
        new.people.name("Not her", face=1)
        nobody = people(new)
        files = [lines(tmp_path, *rows[:3]).rename(tmp_path / "first.jsonl"), lines(tmp_path, *rows[3:])]
        new.import_(files)
        everybody = people(new)
        assert sum(person is not None for person in everybody.values()) == 5
        assert [act.imported for act in new.history] == [None, 2, 2, 2, 2]
        new.history.undo()
        assert people(new) == nobody
        assert [act.undone for act in new.history if act.kind == "name"] == [False, True, True, True, True]
        new.history.undo(list(new.history)[-1].act)
        assert people(new) == everybody
        new.history.undo(3)
        assert people(new) == nobody


def lines(folder: Path, *rows: Any) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_boxes_of_other_programs_find_the_faces(named: faceindex.Library, tmp_path: Path) -> None:
    face = next(iter(named.faces))
    box = face.box
    larger = [box.x - 20, box.y - 40, box.width + 40, box.height + 60]
    corners = {"left": box.x, "top": box.y, "right": box.x + box.width, "bottom": box.y + box.height}
    css = [box.y, box.x + box.width, box.y + box.height, box.x]
    rows = [
        {"photo": face.photo, "box": larger, "person": "A"},
        {"path": face.photo, "person": "A", **corners},
        {"filename": Path(face.photo).name, "loc": css, "name": "A"},
        {"image": f"./{Path(face.photo).name}", "label": "A"},  # its only face
    ]
    with faceindex.Library(tmp_path / "ingested.faces") as new:
        new.ingest([face.photo], workers=1)
    for number, row in enumerate(rows):
        shutil.copytree(tmp_path / "ingested.faces", tmp_path / f"{number}.faces")
        with faceindex.Library(tmp_path / f"{number}.faces") as new:
            new.import_([lines(Path(face.photo).parent, row)])
            assert people(new)[face.photo] == "A"


def test_a_vector_has_priority_over_a_box(named: faceindex.Library, tmp_path: Path) -> None:
    (face, vector), *_ = named.faces.with_vectors()
    assert vector is not None
    row = {"photo": face.photo, "box": [0, 0, 5, 5], "vector": vector.tolist(), "person": "A"}
    other = {"photo": face.photo, "box": face.box.as_list(), "vector": (-vector).tolist(), "person": "B"}
    named.history.undo(1)
    report = named.import_([lines(tmp_path, row, other)])
    assert (report.known, report.named, report.decided) == (1, 0, 1)  # a name that was taken back does not come again
    assert [wrong.path for wrong in report.without_face] == [f"{tmp_path}/rows.jsonl, line 2"]


def test_decisions_of_the_library_stay(named: faceindex.Library, tmp_path: Path) -> None:
    face = next(iter(named.faces))
    report = named.import_([lines(tmp_path, {"photo": face.photo, "box": face.box.as_list(), "person": "Other"})])
    assert (report.named, report.decided) == (0, 1)
    assert people(named)[face.photo] == face.person


def test_rows_without_a_face_are_listed_and_the_others_are_imported(
    photos: Path, many_photos: Path, tmp_path: Path
) -> None:
    shutil.copy(many_photos / "nothing-0.png", photos)
    shutil.copy(many_photos / "cut-off.jpg", photos)
    path = lines(
        photos,
        {"photo": "03.jpg", "person": "Eileen"},
        "",
        "no json",
        "[1]",
        {"person": "Nobody"},
        {"photo": "04.jpg", "box": [1, 2], "person": "X"},
        {"photo": "04.jpg", "box": [0, 0, 9, 9], "person": "X"},
        {"photo": "nothing-0.png", "box": [0, 0, 9, 9], "person": "X"},
        {"photo": "cut-off.jpg", "box": [0, 0, 9, 9], "person": "X"},
        {"photo": "away.jpg", "box": [0, 0, 9, 9], "person": "X"},
        {"photo": "05.jpg", "vector": ["a"], "person": "X"},
        {"photo": "05.jpg", "person": "a\u0007b"},
        {"photo": "a\ud800.jpg", "person": "X"},
        '{"photo": ' * 3000,
        {"photo": "05.jpg", "person": "unknown"},
    )
    with faceindex.Library(tmp_path / "new.faces") as new:
        report = new.import_([path], workers=1)
        assert (report.named, report.known, report.rows, report.analysed) == (1, 2, 14, 5 - 1)
        assert [int(wrong.path.rpartition(" ")[2]) for wrong in report.bad] == [3, 4, 5, 6, 11, 12, 13, 14]
        assert {int(w.path.rpartition(" ")[2]): w.error for w in report.without_face} == {
            7: f"{photos}/04.jpg has no face at this place",
            8: f"no face was found in {photos}/nothing-0.png",
            9: f"{photos}/cut-off.jpg is not in the library and cannot be read",
            10: f"{photos}/away.jpg is not in the library and cannot be read",
        }
        assert [Path(wrong.path).name for wrong in report.failures] == ["cut-off.jpg"]


def test_csv_of_spreadsheets_is_read(named: faceindex.Library, photos: Path, tmp_path: Path) -> None:
    face = next(face for face in named.faces if face.photo.endswith("03.jpg"))
    box = face.box
    (photos / "x.csv").write_text(
        f"\ufeffPath,Name,x,y,width,height\r\n03.jpg,Ann,{box.x},{box.y}.0,{box.width},{box.height}\r\n04.jpg,Ben\r\n"
        '05.jpg,"Multi\nline",,,,\r\n'
    )
    with faceindex.Library(tmp_path / "new.faces") as new:
        report = new.import_([photos / "x.csv"], workers=1)
        assert (report.named, len(report.bad)) == (2, 1)
        assert {Path(photo).name: name for photo, name in people(new).items()} == {
            **{"03.jpg": "Ann", "05.jpg": "Multi line"}
        }
    (photos / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="no column called photo"):
        named.import_([photos / "x.csv"])


def test_rows_with_vectors_are_imported_into_a_library_of_another_program(photos: Path, tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)
    np.save(tmp_path / "v.npy", vectors[:1])
    rows = [
        {"photo": "03.jpg", "box": [10, 10, 50, 50], "person": "Ann", "embedding": vectors[1].tolist()},
        {"photo": "03.jpg", "box": [90, 10, 50, 50], "person": "Ben", "embedding": vectors[2].tolist()},
        {"photo": "away.jpg", "embedding": vectors[3].tolist()},
        {"photo": "04.jpg", "person": "Eve"},
    ]
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.import_([tmp_path / "v.npy"], recipe="mine")
        report = library.import_([lines(photos, *rows)])
        assert (report.photos, report.faces, report.named, len(report.bad)) == (2, 3, 2, 1)
        found = library._opened.folder.catalog.faces_at(str(photos / "03.jpg"))
        assert [(face.box, face.person) for face in found] == [
            (Box(10, 10, 50, 50), "Ann"),
            (Box(90, 10, 50, 50), "Ben"),
        ]
        assert library.import_([lines(photos, *rows)]).faces == 0
