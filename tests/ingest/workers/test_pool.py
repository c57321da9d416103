"""A photo that kills or hangs its worker costs that photo only."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pooled import photos, run

from faceindex.errors import FaceindexError
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import recipe
from faceindex.ingest.workers import worker_process
from faceindex.ingest.workers.executor import Analysed, Fault, Task
from faceindex.ingest.workers.pool import ProcessPool
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.finding.find import find_files


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
    real = worker_process._start
    started: list[subprocess.Popen[bytes]] = []

    def start(connection: Connection, memory_limit: int, **how: Any) -> subprocess.Popen[bytes]:
        started.append(real(connection, memory_limit, **how))
        if len(started) == 1:
            started[0].kill()
        return started[-1]

    monkeypatch.setattr(worker_process, "_start", start)
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


def test_endless_loop_is_given_up_and_the_run_goes_on(tmp_path: Path, hostile: Analyser) -> None:
    answers = run(hostile, photos(tmp_path, "a", "b-spin", "c", "d", "e"), workers=1, time_limit=1)
    assert (answers["b-spin"].error, answers["b-spin"].fault) == (
        "not finished after 1 seconds of processor time",
        Fault.PHOTO,
    )
    assert {name for name, answer in answers.items() if answer.photo} == {"a", "c", "d", "e"}


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not enforce RLIMIT_DATA")
@pytest.mark.parametrize("workers", [1, 2])
def test_swelling_costs_the_photo_that_caused_it_and_no_other(tmp_path: Path, hostile: Analyser, workers: int) -> None:
    files = photos(tmp_path, "a", "b-swell", "c", "d-swell", "e-swell", "f")
    answers = run(hostile, files, workers=workers, memory_limit=512 << 20)
    assert {name: a.error for name, a in answers.items() if a.photo is None}.keys() == {"b-swell", "d-swell", "e-swell"}
    assert {answers[name].error for name in ("b-swell", "d-swell", "e-swell")} == {"needed more than 512 MB of memory"}


def test_a_worker_that_ran_out_of_memory_is_replaced(tmp_path: Path, hostile: Analyser) -> None:
    first, second = photos(tmp_path, "a-memory", "b")
    with closing(ProcessPool(1)) as pool:
        pool.submit(Task(first, hostile))
        process = pool._workers[0]._process
        pool.submit(Task(second, hostile))
        answers: list[Analysed] = []
        while pool.waiting:
            answers += pool.answers(timeout=1)
        assert pool._workers[0]._process is not process
        assert process.returncode is not None
    assert [(Path(answer.file.path).name, answer.photo is None) for answer in answers] == [
        ("a-memory.png", True),
        ("b.png", False),
    ]


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not enforce RLIMIT_DATA")
def test_photo_that_does_not_fit_into_memory_when_it_is_decoded_says_so(tmp_path: Path) -> None:
    Image.new("RGB", (16000, 16000)).save(tmp_path / "large.png", compress_level=1)
    (file,) = [file for file in find_files([tmp_path]) if isinstance(file, FoundFile)]
    answers = run(Analyser(recipe()), [file], memory_limit=768 << 20)
    assert answers["large"].error == "needed more than 768 MB of memory"


def test_abort_in_a_library_costs_the_photo_that_caused_it(tmp_path: Path, hostile: Analyser) -> None:
    answers = run(hostile, photos(tmp_path, "a", "b-abort", "c"))
    assert answers["b-abort"].error == "its decoder crashed (SIGABRT)"
    assert {name for name, answer in answers.items() if answer.photo} == {"a", "c"}


def test_errors_become_one_line(tmp_path: Path, hostile: Analyser) -> None:
    answers = run(hostile, photos(tmp_path, "a-memory", "b-bug", "c"))
    assert answers["a-memory"].error == "needed more than 4096 MB of memory"
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
    with closing(ProcessPool(2)) as working:
        for file in files:
            working.submit(Task(file, hostile))
        processes = [worker._process for worker in working._workers]
    assert all(process.returncode is not None for process in processes)


def test_photos_that_wait_for_more_faces_are_answered_and_a_crash_is_no_fault_of_theirs(
    tmp_path: Path, hostile: Analyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, started = worker_process._start, list[bool]()

    def start(connection: Connection, memory_limit: int, **how: Any) -> subprocess.Popen[bytes]:
        started.append(True)
        return real(connection, memory_limit, **how)

    monkeypatch.setattr(worker_process, "_start", start)
    answers = run(hostile, photos(tmp_path, "a-face", "b-crash", "c-face", "d-face", "e", "f-face"), workers=1)
    assert {name: answer.error for name, answer in answers.items() if not answer.photo} == {
        "b-crash": "its decoder crashed (SIGSEGV)"
    }
    assert len(started) <= 4  # the first, two in which the culprit is alone, and one for the others
