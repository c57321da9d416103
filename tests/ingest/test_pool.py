"""A photo that kills or hangs its worker costs that photo only."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from faceindex.errors import FaceindexError
from faceindex.faces.analyse import Analyser
from faceindex.ingest import pool
from faceindex.ingest.pool import WorkerPool
from faceindex.ingest.worker import Analysed
from faceindex.photos.find import FoundFile, find_files


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Analyser:
    """An analyser that workers can import, too."""
    folder = str(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", folder)
    monkeypatch.syspath_prepend(folder)
    module = importlib.import_module("hostile_analyser")
    return cast(Analyser, module.HostileAnalyser())


def photos(folder: Path, *names: str) -> list[FoundFile]:
    for name in names:
        Image.new("RGB", (8, 8)).save(folder / f"{name}.png")
    return [file for file in find_files([folder]) if isinstance(file, FoundFile)]


def run(analyser: Analyser, files: list[FoundFile], *, workers: int = 2, time_limit: float = 60) -> dict[str, Analysed]:
    answers: dict[str, Analysed] = {}
    left = list(files)
    with WorkerPool(analyser, workers, time_limit=time_limit) as working:
        while left or working.waiting:
            while left and working.room:
                working.submit(left.pop(0))
            for answer in working.answers(timeout=1):
                name = Path(answer.file.path).stem
                assert name not in answers
                answers[name] = answer
    return answers


def test_every_file_is_answered_once(tmp_path: Path, hostile: Analyser) -> None:
    answers = run(hostile, photos(tmp_path, *(f"fine{n}" for n in range(30))))
    assert len(answers) == 30
    assert all(answer.photo is not None for answer in answers.values())


def test_crash_costs_the_photo_that_caused_it_and_no_other(tmp_path: Path, hostile: Analyser) -> None:
    answers = run(hostile, photos(tmp_path, "a", "b-crash", "c", "d", "e-crash", "f-crash", "g"))
    assert {name for name, answer in answers.items() if answer.photo is None} == {"b-crash", "e-crash", "f-crash"}
    assert answers["b-crash"].error == "its decoder crashed (SIGSEGV)"


def test_worker_killed_from_outside_costs_no_photo(tmp_path: Path, hostile: Analyser) -> None:
    answers = run(hostile, photos(tmp_path, "a", "b-killed", "c", "d-killed"), workers=1)
    assert {name for name, answer in answers.items() if answer.photo} == {"a", "b-killed", "c", "d-killed"}


def test_worker_killed_while_it_starts_is_started_again(
    tmp_path: Path, hostile: Analyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pool._start
    started: list[subprocess.Popen[bytes]] = []

    def start(connection: Connection) -> subprocess.Popen[bytes]:
        started.append(real(connection))
        if len(started) == 1:
            started[0].kill()
        return started[-1]

    monkeypatch.setattr(pool, "_start", start)
    answers = run(hostile, photos(tmp_path, "a", "b"), workers=1)
    assert len(started) == 2
    assert all(answer.photo for answer in answers.values())


def test_worker_that_dies_within_its_answer_costs_no_photo(
    tmp_path: Path, hostile: Analyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Connection.recv
    cut: list[Analysed] = []

    def receive(self: Connection) -> object:
        answer = real(self)
        if isinstance(answer, Analysed) and not cut:
            cut.append(answer)
            raise OSError("got end of file during message")  # what a half message is to multiprocessing
        return answer

    monkeypatch.setattr(Connection, "recv", receive)
    answers = run(hostile, photos(tmp_path, "a", "b"), workers=1)
    assert cut
    assert all(answer.photo for answer in answers.values())


def test_hang_is_given_up_and_the_run_goes_on(tmp_path: Path, hostile: Analyser) -> None:
    answers = run(hostile, photos(tmp_path, "a", "b-hang", "c", "d", "e"), workers=1, time_limit=2)
    assert answers["b-hang"].error == "not finished after 2 seconds"
    assert {name for name, answer in answers.items() if answer.photo} == {"a", "c", "d", "e"}


def test_errors_become_one_line(tmp_path: Path, hostile: Analyser) -> None:
    answers = run(hostile, photos(tmp_path, "a-memory", "b-bug", "c"))
    assert answers["a-memory"].error == "not enough memory to analyse it"
    assert answers["b-bug"].error == "ValueError: line one line two"
    assert answers["c"].photo is not None


def test_file_that_changes_after_it_was_seen_is_not_stored_under_its_old_content(
    tmp_path: Path, hostile: Analyser
) -> None:
    (file,) = photos(tmp_path, "a")
    Image.new("RGB", (9, 9)).save(file.path)
    os.utime(file.path, ns=(0, 0))
    assert run(hostile, [file])["a"].error == "changed while it was read; ingest again"


def test_workers_that_cannot_start_are_an_error_not_a_loop(
    tmp_path: Path, hostile: Analyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(FaceindexError, match="do not start"):
        run(hostile, photos(tmp_path, "a"))


def test_nothing_is_left_running_when_the_pool_is_closed(tmp_path: Path, hostile: Analyser) -> None:
    files = photos(tmp_path, "a-hang", "b-hang")
    with WorkerPool(hostile, 2) as working:
        for file in files:
            working.submit(file)
        processes = [worker._process for worker in working._workers]
    assert all(process.returncode is not None for process in processes)
