"""`export` and `import` as their users run them."""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
import pytest

import faceindex
from faceindex.errors import UsageError

Command = Callable[..., subprocess.CompletedProcess[str]]


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """`done` ended with `code`, nothing on stdout, and one line on stderr that has all `words`."""
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert [word for word in words if word not in line] == [], line


class _Evil:
    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.made}",)


def encodings(count: int) -> npt.NDArray[np.float64]:
    random = np.random.default_rng(0)
    vectors: npt.NDArray[np.float64] = random.normal(size=(count, 128))
    vectors *= random.normal(1.43, 0.08, size=(count, 1)) / np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def test_a_malicious_pickle_is_one_line_and_nothing_is_run(command: Command, tmp_path: Path) -> None:
    evil = {"encodings": list(encodings(3)), "names": [_Evil(tmp_path / "made")] * 3}
    (tmp_path / "e.pickle").write_bytes(pickle.dumps(evil))
    refused(command("import", tmp_path / "e.pickle", "-L", tmp_path / "x.faces"), 2, "e.pickle is refused", "nothing")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e.pickle"]


def test_imported_encodings_can_be_searched(command: Command, tmp_path: Path) -> None:
    value = {"encodings": list(encodings(200)), "names": ["Ann", "Ben"] * 100}
    (tmp_path / "e.pickle").write_bytes(pickle.dumps(value))
    where = ("-L", tmp_path / "x.faces")
    done = command("import", tmp_path / "e.pickle", *where, "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (report["faces"], report["named"], report["recipe"]) == (200, 200, "dlib-raw")
    said = command("import", tmp_path / "e.pickle", *where)
    assert (said.returncode, "recipe dlib-raw" in said.stdout) == (0, True)
    people = json.loads(command("people", "list", "--json", *where).stdout)
    assert [(person["person"], person["faces"]) for person in people] == [("Ann", 100), ("Ben", 100)]
    answer = json.loads(command("search", "--face", 1, "-k", 1, "--json", *where).stdout)
    assert answer["image"] == f"{tmp_path}/e.pickle/row 0"


def test_another_programs_vectors_have_no_threshold_and_the_json_is_valid(command: Command, tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.random.default_rng(0).normal(size=(9, 512)))
    where = ("-L", tmp_path / "x.faces")
    assert command("import", tmp_path / "v.npy", "--recipe", "arcface", *where).returncode == 0

    def strict(text: str) -> Any:
        return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))

    answer = strict(command("search", "--face", 1, "-k", 2, "--json", *where).stdout)
    assert answer["faces"][0]["threshold"] is None
    assert [match["confidence"] for match in answer["faces"][0]["matches"]] == [None, None]
    (line, *_) = command("search-many", tmp_path / "v.npy", "-k", 1, *where).stdout.splitlines()
    assert (strict(line)["threshold"], strict(line)["matches"][0]["face"]) == (None, 1)
    assert "%" not in command("search", "--face", 1, *where).stdout
    assert command("export", tmp_path / "x.jsonl", "--vectors", *where).returncode == 0
    assert strict((tmp_path / "x.jsonl").read_text().splitlines()[0])["photo_width"] is None
    refused(command("search", tmp_path / "v.npy", *where), 2, "came from another program")
    refused(command("cluster", *where), 2, "--threshold")
    assert command("status", "--json", *where).returncode == 0


def test_a_note_tells_of_vectors_of_another_length(command: Command, many_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "x.faces"
    assert command("ingest", many_photos, "-q", "--recipe", "sface", "-L", library).returncode == 0
    np.save(tmp_path / "v.npy", 3 * np.eye(3, 128))
    done = command("search-many", tmp_path / "v.npy", "-L", library)
    (note,) = done.stderr.splitlines()
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 3)
    assert note.startswith(f"note: {tmp_path}/v.npy: 3 of 3 vectors")


def test_wrong_files_end_as_they_should(command: Command, small_library: faceindex.Library, tmp_path: Path) -> None:
    where = ("-L", tmp_path / "x.faces")
    refused(command("import", tmp_path / "none.npy", *where), 2, "none.npy", "No such file")
    (tmp_path / "x.txt").write_text("x")
    refused(command("import", tmp_path / "x.txt", *where), 2, "x.txt", ".jsonl")
    (tmp_path / "x.jsonl").write_text("x\n")
    done = command("import", tmp_path / "x.jsonl", *where)
    assert (done.returncode, "nothing could be imported" in done.stderr) == (2, True)
    np.save(tmp_path / "512.npy", np.random.default_rng(0).normal(size=(9, 512)))
    refused(
        command("import", tmp_path / "512.npy", "-L", small_library.path),
        3,
        f"recipe {small_library.recipe.name}, not vectors-512",
    )
    done = command("import", tmp_path / "none.npy", tmp_path / "x.txt", *where)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    refused(command("export", "-", "--format", "hdf5", "-L", small_library.path), 2, "not to stdout")
    for out, options, why in (
        (tmp_path, {"form": "npz"}, "this output needs a regular file"),
        ("/dev/null", {"form": "faiss"}, "this output needs a regular file"),
        ("x", {"kind": "flat"}, "--format faiss"),
        (tmp_path / "x", {"form": "faiss", "kind": "hnsw"}, "hnsw"),
    ):
        with pytest.raises(UsageError, match=why):
            small_library.export(out, **options)  # type: ignore[arg-type]
    assert not (tmp_path / "x.faces").exists()


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    for name in ("x.pkl", "x.npy", "x.npz", "x.h5", "x.jsonl", "x.csv"):
        os.mkfifo(tmp_path / name)
        with faceindex.Library(tmp_path / "x.faces") as library, pytest.raises(UsageError, match="regular file"):
            library.import_([tmp_path / name])


@pytest.mark.parametrize("kind", ["flat", "ivf"])
def test_an_index_alone_opens_in_faiss_and_its_ids_are_in_a_table(command: Command, tmp_path: Path, kind: str) -> None:
    np.save(tmp_path / "v.npy", encodings(1000))
    where = ("-L", tmp_path / "x.faces")
    command("import", tmp_path / "v.npy", *where)
    done = command("export", tmp_path / "x.faiss", "--format", "faiss", "--kind", kind, *where)
    assert done.returncode == 0, done.stderr
    index = faiss.read_index(str(tmp_path / "x.faiss"))
    vectors = encodings(1000).astype(np.float32)
    squares, ids = index.search(vectors[:50], 1)
    assert (ids[:, 0] == np.arange(1, 51)).mean() > 0.9
    assert squares[0, 0] == pytest.approx(0, abs=1e-5)
    table = list(csv.DictReader(io.StringIO((tmp_path / "x.faiss.csv").read_text())))
    assert [row["face"] for row in table[:2]] == ["1", "2"]
    assert (table[0]["photo"], len(table)) == (f"{tmp_path}/v.npy/row 0", 1000)


def test_arrays_for_numpy(command: Command, small_library: faceindex.Library, tmp_path: Path) -> None:
    assert command("export", tmp_path / "x.npz", "--format", "npz", "-L", small_library.path).returncode == 0
    ids, vectors = small_library._opened.folder.vectors()
    faces = list(small_library.faces)
    with np.load(tmp_path / "x.npz", allow_pickle=False) as arrays:
        assert arrays["face_id"].tolist() == ids.tolist()
        assert arrays["vector"].tobytes() == vectors.tobytes()
        assert arrays["photo"].tolist() == [face.photo for face in faces]
        assert arrays["landmarks"].tolist() == [face.landmarks.tolist() for face in faces]
        assert (arrays["photo_width"] == 260).all()
    assert (tmp_path / "x.npz").stat().st_mode & 0o777 == 0o600


def test_an_import_that_is_killed_is_run_again(command: Command, tmp_path: Path) -> None:
    value = {"encodings": list(encodings(8_000)), "names": ["Ann", "Ben"] * 4_000}
    (tmp_path / "e.pickle").write_bytes(pickle.dumps(value))
    where = ("-L", tmp_path / "x.faces")
    arguments = [
        sys.executable,
        "-m",
        "faceindex",
        "import",
        str(tmp_path / "e.pickle"),
        "-L",
        str(tmp_path / "x.faces"),
    ]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL) as running:
        vectors = tmp_path / "x.faces" / "vectors"
        while running.poll() is None and not (vectors.is_dir() and len(list(vectors.glob("*.h5"))) > 2):
            time.sleep(0.005)
        running.send_signal(signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL
    stored = json.loads(command("status", "--json", *where).stdout)["faces"]
    assert 0 < stored < 8_000
    assert command("check", "--deep", *where).returncode == 0
    report = json.loads(command("import", tmp_path / "e.pickle", "--json", *where).stdout)
    assert (report["known"], report["faces"], report["named"]) == (stored, 8_000 - stored, 8_000)
    assert command("check", "--deep", *where).returncode == 0
