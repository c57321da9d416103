"""Faces as lines of text: JSON lines with the promised keys, CSV that parses back, vectors to the last bit."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.exchange.rows.faces import FORMATS, FaceAndVector, face_lines
from faceindex.files.csv_rows import as_written
from faceindex.types import Box, FaceRecord

KEYS = ["face", "photo", "box", "landmarks", "score", "album", "person", "quality", "photo_width", "photo_height"]
LANDMARKS = [(101.25, 60.5), (90.0, 61.75), (70.125, 60.0), (80.5, 60.25), (85.0, 83.5)]


def record(
    face: int = 7,
    photo: str = "/photos/a.jpg",
    album: int | None = 3,
    person: str | None = "Ada",
) -> FaceRecord:
    landmarks = np.array(LANDMARKS, dtype=np.float32)
    return FaceRecord(face, photo, Box(-4, 5, 60, 60), 1.25, landmarks, album, person, 0.87654)


def vector(seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=128).astype(np.float32)


def parsed_csv(faces: list[FaceAndVector]) -> list[dict[str, str]]:
    """The rows that the csv module reads from the file an export would write."""
    text = "".join(line + "\n" for line in face_lines(faces, form="csv"))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def parsed_json(faces: list[FaceAndVector]) -> list[dict[str, object]]:
    return [json.loads(line) for line in face_lines(faces, form="jsonl")]


def test_a_json_line_has_the_promised_keys_and_values() -> None:
    (line,) = parsed_json([(record(), None)])
    assert list(line) == KEYS
    assert line["face"] == 7
    assert line["photo"] == "/photos/a.jpg"
    assert line["box"] == [-4, 5, 60, 60]
    assert line["score"] == 1.25
    assert line["album"] == 3
    assert line["person"] == "Ada"
    assert line["quality"] == 0.8765
    np.testing.assert_allclose(np.array(line["landmarks"], dtype=np.float64), LANDMARKS, atol=0.0051)


def test_the_size_of_the_photo_is_exported_and_null_if_unknown() -> None:
    faces: list[FaceAndVector] = [(replace(record(), photo_size=(640, 480)), None), (record(), None)]
    assert [(line["photo_width"], line["photo_height"]) for line in parsed_json(faces)] == [(640, 480), (None, None)]
    assert [(row["photo_width"], row["photo_height"]) for row in parsed_csv(faces)] == [("640", "480"), ("", "")]


def test_how_a_drawn_face_came_is_exported() -> None:
    faces: list[FaceAndVector] = [(replace(record(), origin="drawn"), vector()), (record(), None)]
    assert [line.get("origin") for line in parsed_json(faces)] == ["drawn", None]
    assert [row["origin"] for row in parsed_csv(faces)] == ["drawn", ""]
    assert list(parsed_csv(faces)[0])[-2:] == ["origin", "vector"]


def test_a_vector_is_the_last_key_of_a_json_line_that_has_one() -> None:
    (line,) = parsed_json([(record(), vector())])
    assert list(line) == [*KEYS, "vector"]


def test_a_face_without_album_or_person_has_null_in_json_and_nothing_in_csv() -> None:
    faces: list[FaceAndVector] = [(record(album=None, person=None), None)]
    (line,), (row,) = parsed_json(faces), parsed_csv(faces)
    assert (line["album"], line["person"]) == (None, None)
    assert (row["album"], row["person"]) == ("", "")


def test_a_face_of_unknown_quality_has_null_in_json_and_nothing_in_csv() -> None:
    faces: list[FaceAndVector] = [(replace(record(), quality=None), vector())]
    assert parsed_json(faces)[0]["quality"] is None
    assert parsed_csv(faces)[0]["quality"] == ""


def test_album_0_is_an_album() -> None:
    faces: list[FaceAndVector] = [(record(album=0), None)]
    assert parsed_json(faces)[0]["album"] == 0
    assert parsed_csv(faces)[0]["album"] == "0"


def test_csv_begins_with_the_names_of_its_columns() -> None:
    lines = list(face_lines([(record(), None), (record(8), None)], form="csv"))
    assert len(lines) == 3
    last = "quality,photo_width,photo_height,origin"
    assert lines[0] == f"face,photo,x,y,width,height,landmarks,score,album,person,{last}"


def test_a_csv_row_says_what_the_json_line_says() -> None:
    (row,) = parsed_csv([(record(), None)])
    assert (row["face"], row["photo"]) == ("7", "/photos/a.jpg")
    assert [row[name] for name in ("x", "y", "width", "height")] == ["-4", "5", "60", "60"]
    assert (float(row["score"]), row["album"], row["person"], row["quality"]) == (1.25, "3", "Ada", "0.8765")
    landmarks = np.array(row["landmarks"].split(), dtype=np.float64).reshape(5, 2)
    np.testing.assert_allclose(landmarks, LANDMARKS, atol=0.0051)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
def test_vectors_come_back_to_the_last_bit(numbers: list[float]) -> None:
    original = np.array(numbers, dtype=np.float32)
    faces: list[FaceAndVector] = [(record(), original)]
    (line,), (row,) = parsed_json(faces), parsed_csv(faces)
    from_json = np.array(line["vector"], dtype=np.float32)
    from_csv = np.array(row["vector"].split(), dtype=np.float32)
    assert from_json.tobytes() == from_csv.tobytes() == original.tobytes()


@pytest.mark.parametrize("form", FORMATS)
def test_a_number_is_written_as_short_as_float32_allows(form: str) -> None:
    (*_, line) = face_lines([(record(), np.array([0.1, -0.25], dtype=np.float32))], form=form)
    assert "0.1" in line
    assert "0.10000000149" not in line


def test_landmarks_far_out_in_a_large_photo_keep_their_place() -> None:
    landmarks = np.array([(19876.25, 13210.75)] * 5, dtype=np.float32)
    faces: list[FaceAndVector] = [(FaceRecord(1, "a.jpg", Box(0, 0, 1, 1), 1.0, landmarks), None)]
    (line,), (row,) = parsed_json(faces), parsed_csv(faces)
    np.testing.assert_allclose(np.array(line["landmarks"], dtype=np.float64), landmarks, atol=0.0051)
    np.testing.assert_allclose(np.array(row["landmarks"].split(), dtype=np.float64), landmarks.ravel(), atol=0.051)


AWKWARD = [
    "a, b.jpg",
    'the "best".jpg',
    "two\nlines.jpg",
    "carriage\rreturn.jpg",
    "ünï-写真.jpg",
    " led.jpg ",
    "a;b\t.jpg",
]


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_names_are_read_back_unchanged(name: str) -> None:
    faces: list[FaceAndVector] = [(record(photo=name, person=name), None), (record(9), None)]
    assert [line["photo"] for line in parsed_json(faces)] == [name, "/photos/a.jpg"]
    rows = parsed_csv(faces)
    assert [row["photo"] for row in rows] == [name, "/photos/a.jpg"]
    assert rows[0]["person"] == name


@pytest.mark.parametrize("name", ["=1+1", "+49.jpg", "-5", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''@x", "'quoted'"])
def test_no_cell_is_a_formula_and_every_name_comes_back(name: str) -> None:
    (row,) = parsed_csv([(record(photo=name, person=name), None)])
    assert not row["photo"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert as_written(row["photo"]) == as_written(row["person"]) == name
    assert row["x"] == "-4"  # a number is none either


@pytest.mark.parametrize("name", AWKWARD)
def test_a_json_line_is_one_line(name: str) -> None:
    (line,) = face_lines([(record(photo=name), vector())], form="jsonl")
    assert len(line.splitlines()) == 1


def test_a_name_that_is_not_utf8_survives_json() -> None:
    name = b"caf\xe9.jpg".decode("utf-8", "surrogateescape")
    (line,) = face_lines([(record(photo=name), None)], form="jsonl")
    assert json.loads(line.encode("utf-8"))["photo"] == name


@pytest.mark.parametrize("form", FORMATS)
def test_faces_are_written_one_by_one(form: str) -> None:
    asked: list[int] = []

    def faces() -> Iterator[FaceAndVector]:
        for face in (5, 3, 9):
            asked.append(face)
            yield record(face), None

    lines = face_lines(faces(), form=form)
    next(lines)
    assert asked == [5]
    assert len(list(lines)) == (3 if form == "csv" else 2)
    assert asked == [5, 3, 9]


def test_faces_keep_their_order() -> None:
    faces: list[FaceAndVector] = [(record(face), None) for face in (5, 3, 9)]
    assert [line["face"] for line in parsed_json(faces)] == [5, 3, 9]
    assert [row["face"] for row in parsed_csv(faces)] == ["5", "3", "9"]


def test_no_faces_make_no_rows() -> None:
    assert parsed_json([]) == []
    assert parsed_csv([]) == []
