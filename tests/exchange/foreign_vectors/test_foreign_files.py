"""Files of vectors in the forms that people keep them."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from faceindex.errors import UsageError
from faceindex.exchange.foreign_vectors.foreign import ForeignVectors
from faceindex.exchange.foreign_vectors.foreign_files import foreign_vectors
from faceindex.types import Box

VECTORS = np.random.default_rng(0).normal(size=(3, 128))
NAMES = ["Ann", "Zoë", None]
PHOTOS = ["a.jpg", "b.jpg", "a.jpg"]


def pickled(folder: Path, value: Any) -> Path:
    (folder / "e.pickle").write_bytes(pickle.dumps(value))
    return folder / "e.pickle"


def saved(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "e.npz", **arrays)
    return folder / "e.npz"


def read(path: Path) -> ForeignVectors:
    with foreign_vectors(path, path.parent) as found:
        found.vectors = np.array(found.vectors)
        return found


FORMS: dict[str, Any] = {
    "PyImageSearch": {"encodings": list(VECTORS), "names": ["Ann", "Zoë", "unknown"]},
    "lists of numbers": {"encodings": VECTORS.tolist(), "names": ["Ann", " Zoë\n", ""]},
    "an array in a dictionary": {"embeddings": VECTORS, "labels": np.array(["Ann", "Zoë", "Unknown"])},
    "dictionaries": [{"encoding": v, "name": n} for v, n in zip(VECTORS, NAMES, strict=True)],
    "by name": {"Ann": [VECTORS[0]], "Zoë": VECTORS[1], "Unknown": VECTORS[2:]},
    "two lists": (list(VECTORS), ["Ann", "Zoë", "unknown"]),
    "two lists the other way round": [["Ann", "Zoë", "unknown"], list(VECTORS)],
    "pairs": [("Ann", VECTORS[0]), (VECTORS[1], "Zoë"), ("unknown", VECTORS[2])],
    "columns of objects": {"encodings": np.array([*VECTORS, None], dtype=object)[:3], "names": np.array(NAMES, object)},
    "face_recognition's lists": [{"face_encodings": [v], "names": [n]} for v, n in zip(VECTORS, NAMES, strict=True)],
}


@pytest.mark.parametrize("form", FORMS)
def test_vectors_with_names(form: str, tmp_path: Path) -> None:
    found = read(pickled(tmp_path, FORMS[form]))
    np.testing.assert_allclose(found.vectors, VECTORS, rtol=1e-6)
    assert (list(found.rows), list(found.people), found.bad) == ([0, 1, 2], NAMES, [])


@pytest.mark.parametrize("form", FORMS)
def test_the_same_as_an_array_of_one_object(form: str, tmp_path: Path) -> None:
    np.save(tmp_path / "e.npy", np.array(FORMS[form], dtype=object) if isinstance(FORMS[form], dict) else _boxed(form))
    found = read(tmp_path / "e.npy")
    np.testing.assert_allclose(found.vectors, VECTORS, rtol=1e-6)
    assert list(found.people) == NAMES


def _boxed(form: str) -> Any:
    box = np.empty((), dtype=object)
    box[()] = FORMS[form]
    return box


@pytest.mark.parametrize(
    "value",
    [
        [
            {"imagePath": p, "loc": (20, 90, 80, 30), "encoding": v, "name": n}
            for p, v, n in zip(PHOTOS, VECTORS, NAMES, strict=True)
        ],
        {"encodings": list(VECTORS), "paths": PHOTOS, "names": NAMES, "face_locations": [(20, 90, 80, 30)] * 3},
        {"embeddings": VECTORS, "filenames": PHOTOS, "people": NAMES, "bboxes": [[30, 20, 90, 80]] * 3},
        {"vector": VECTORS, "photo": PHOTOS, "person": NAMES, "box": np.array([[30, 20, 60, 60]] * 3)},
    ],
    ids=["PyImageSearch's clustering", "face_recognition", "corners", "ours"],
)
def test_vectors_with_photos_and_boxes(value: Any, tmp_path: Path) -> None:
    found = read(pickled(tmp_path, value))
    assert (list(found.photos), list(found.people)) == (PHOTOS, NAMES)
    assert list(found.boxes) == [Box(30, 20, 60, 60)] * 3


def test_photos_that_are_keys(tmp_path: Path) -> None:
    found = read(pickled(tmp_path, {"x/a.jpg": [VECTORS[0], VECTORS[1]], "b.PNG": {"Ann": VECTORS[2]}}))
    assert list(found.photos) == ["x/a.jpg", "x/a.jpg", "b.PNG"]
    assert list(found.people) == [None, None, "Ann"]


def test_only_vectors(tmp_path: Path) -> None:
    for value in (VECTORS, list(VECTORS), VECTORS.tolist(), [VECTORS[:1], VECTORS[1:]]):
        assert len(read(pickled(tmp_path, value)).rows) == 3
    np.save(tmp_path / "v.npy", VECTORS)
    assert read(tmp_path / "v.npy").vectors.shape == (3, 128)
    np.save(tmp_path / "one.npy", VECTORS[0])
    assert read(tmp_path / "one.npy").vectors.shape == (1, 128)
    assert read(saved(tmp_path, anything=VECTORS, ids=np.arange(3))).vectors.shape == (3, 128)


def test_several_pickles_in_one_file(tmp_path: Path) -> None:
    parts = [{"encoding": v, "name": n} for v, n in zip(VECTORS, NAMES, strict=True)]
    (tmp_path / "e.pkl").write_bytes(b"".join(map(pickle.dumps, parts)))
    assert list(read(tmp_path / "e.pkl").people) == NAMES


def test_an_npz_and_an_hdf5_file_with_columns(tmp_path: Path) -> None:
    columns = {"embeddings": VECTORS, "names": np.array(["Ann", "Zoë", ""]), "paths": np.array(PHOTOS)}
    np.savez_compressed(tmp_path / "e.npz", **columns)  # type: ignore[arg-type]
    with h5py.File(tmp_path / "e.h5", "w") as file:
        for name, values in columns.items():
            file[name] = values if values.dtype.kind == "f" else [text.encode() for text in values.tolist()]
    for path in (tmp_path / "e.npz", tmp_path / "e.h5"):
        found = read(path)
        assert (list(found.people), list(found.photos)) == (NAMES, PHOTOS)
        np.testing.assert_array_equal(found.vectors, VECTORS)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_array_of_an_npz_is_unpacked_to_the_disk(tmp_path: Path, order: Any, compressed: bool) -> None:
    large = np.asarray(np.random.default_rng(0).normal(size=(5000, 128)), order=order)
    (np.savez_compressed if compressed else np.savez)(tmp_path / "e.npz", vectors=large)
    with foreign_vectors(tmp_path / "e.npz", tmp_path) as found:
        assert isinstance(found.vectors, np.memmap)
        np.testing.assert_array_equal(found.vectors[4000:4003], large[4000:4003])


def test_bad_rows_are_reported_and_the_others_are_read(tmp_path: Path) -> None:
    odd = VECTORS.copy()
    odd[1, 5] = np.nan
    rows = [*odd, VECTORS[0][:64], None, "text", np.array(["a", "b"]), [], VECTORS[2]]
    found = read(pickled(tmp_path, {"encodings": rows, "names": [*["Ann"] * 8, "a\0b"]}))
    assert list(found.rows) == [0, 2]
    assert dict(found.bad) == {
        1: "its vector contains NaN or infinity",
        3: "its vector has length 64; most rows have length 128",
        4: "has no vector",
        5: "has no vector",
        6: "has no vector",
        7: "has no vector",
        8: "a person's name is one line of text, without the character U+0000",
    }


def _cycle() -> list[Any]:
    value: list[Any] = []
    value += [value, value]
    return value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"encodings": list(VECTORS), "names": ["Ann"]}, "but not as many names"),
        ([], "holds no vector"),
        (_cycle(), "too deep"),
        ({"encodings": [[[[[[[[VECTORS[0]]]]]]]]]}, None),
    ],
)
def test_a_senseless_file_is_one_error(value: Any, why: str | None, tmp_path: Path) -> None:
    if why is None:
        assert read(pickled(tmp_path, value)).bad == [(0, "has no vector")]
        return
    with pytest.raises(UsageError, match=why):
        read(pickled(tmp_path, value))


@pytest.mark.parametrize("name", ["e.pkl", "e.npy", "e.npz", "e.h5"])
@pytest.mark.parametrize("data", [b"", b"no such file", b"\x80\x04\x95", os.urandom(1000)])
def test_a_file_of_another_kind_is_one_error(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=name):
        read(tmp_path / name)


class _Evil:
    def __reduce__(self) -> Any:
        return os.system, ("echo run",)


def test_a_malicious_pickle_is_refused_wherever_it_is(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    evil = {"encodings": list(VECTORS), "names": [_Evil()] * 3}
    pickled(tmp_path, evil)
    np.save(tmp_path / "e.npy", np.array(evil, dtype=object))
    saved(tmp_path, encodings=VECTORS, names=np.array([_Evil()] * 3, dtype=object))
    for name in ("e.pickle", "e.npy", "e.npz"):
        with pytest.raises(UsageError) as caught:
            read(tmp_path / name)
        assert "is refused: it would run posix.system" in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1
    assert "run" not in capfd.readouterr().out


def test_a_photo_whose_name_no_file_can_have_is_a_bad_row(tmp_path: Path) -> None:
    rows = [{"encoding": v, "path": p} for v, p in zip(VECTORS, ["a\0.jpg", "\ud800.jpg", "c.jpg"], strict=True)]
    found = read(pickled(tmp_path, rows))
    assert (list(found.photos), [row for row, _ in found.bad]) == (["c.jpg"], [0, 1])
    buffer = io.BytesIO()
    np.savez(buffer, vectors=VECTORS, photo=np.array(["a", "\ud800", "c"]))
    (tmp_path / "e.npz").write_bytes(buffer.getvalue())
    found = read(tmp_path / "e.npz")
    assert (list(found.photos), [row for row, _ in found.bad]) == (["a", None, "c"], [1])
