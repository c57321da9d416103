"""What the machine does to workers costs no photo anything but time, and is never a photo's fault."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import pytest
from pooled import photos, run

from faceindex.errors import MachineError
from faceindex.faces.analyse import Analyser
from faceindex.ingest.workers import child, pool, watch, worker_process
from faceindex.ingest.workers.executor import Analysed, Fault, Task
from faceindex.ingest.workers.machine_errors import is_circumstance
from faceindex.ingest.workers.pool import ProcessPool
from faceindex.ingest.workers.worker_process import WorkerProcess
from faceindex.photos.finding.entries import FoundFile
from faceindex.system.cgroups import frozen, groups

_ORPHANED = """
import sys
from contextlib import closing
from hostile_analyser import HostileAnalyser
from pooled import photos
from faceindex.ingest.workers.executor import Task
from faceindex.ingest.workers.pool import ProcessPool

with closing(ProcessPool(1)) as pool:
    pool.submit(Task(*photos(sys.argv[1]), HostileAnalyser()))
    while not pool._workers[0].started:
        list(pool.answers(0.1))
    print(pool._workers[0]._process.pid, flush=True)
    while True:
        list(pool.answers(1))
"""

Act = Callable[[int], object]
SHORT: dict[str, Any] = {"time_limit": 30.0, "idle_limit": 0.6}  # seconds


@pytest.fixture(autouse=True)
def _looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.1)


def unfit(reason: str) -> Analyser:
    analyser: Analyser = importlib.import_module("hostile_analyser").UnfitAnalyser(reason)
    return analyser


def interrupted(analyser: Analyser, folder: Path, stop: Act, go_on: Act) -> Analysed:
    """The answer for a photo whose worker is stopped for longer than any limit, while it works."""
    (file,) = photos(folder, "busy")
    with closing(ProcessPool(1, **SHORT)) as working:
        working.submit(Task(file, analyser))
        (worker,) = working._workers
        while not worker.started:
            assert not list(working.answers(0.1))
        stop(worker._process.pid)
        for _ in range(20):
            assert not list(working.answers(0.1))
        assert working._workers == [worker]
        go_on(worker._process.pid)
        while working.waiting:
            for answer in working.answers(1):
                return answer
    raise AssertionError


def test_a_stopped_worker_is_waited_for(tmp_path: Path, hostile: Analyser) -> None:
    def send(number: int) -> Act:
        return lambda process: os.kill(process, number)

    assert interrupted(hostile, tmp_path, send(signal.SIGSTOP), send(signal.SIGCONT)).photo


def test_a_worker_in_a_frozen_group_is_waited_for(tmp_path: Path, hostile: Analyser) -> None:
    group = next((group for group in groups("freezer") if os.access(group, os.W_OK)), None)
    if group is None:
        pytest.skip("no control group may be made here")
    own = group / "faceindex-test-freezer"
    try:
        own.mkdir()
    except OSError:
        pytest.skip("no control group may be made here")
    file, on, off = ("freezer.state", "FROZEN", "THAWED")
    if not (own / file).exists():
        file, on, off = ("cgroup.freeze", "1", "0")

    def freeze(process: int) -> None:
        (own / "cgroup.procs").write_text(str(process))
        (own / file).write_text(on)
        while not frozen(process):
            time.sleep(0.01)

    try:
        assert interrupted(hostile, tmp_path, freeze, lambda _: (own / file).write_text(off)).photo
    finally:
        (own / file).write_text(off)
        while own.exists():
            with suppress(OSError):
                own.rmdir()


def test_a_run_that_slept_itself_blames_nobody(tmp_path: Path, hostile: Analyser) -> None:
    (file,) = photos(tmp_path, "a-hang")
    with closing(ProcessPool(1, **SHORT)) as working:
        working.submit(Task(file, hostile))
        while not working._workers[0].started:
            list(working.answers(0.1))
        time.sleep(1.5)  # as a laptop that was closed
        assert not list(working.answers(0))
        assert working._workers[0].watch.idle < SHORT["idle_limit"]


def test_a_photo_of_which_nothing_can_be_read_is_tried_again_at_the_end_and_out_of_reach(
    tmp_path: Path, hostile: Analyser
) -> None:
    answers = run(hostile, photos(tmp_path, "a", "b-hang", "c", "d"), workers=1, **SHORT)
    assert {name for name, answer in answers.items() if answer.photo} == {"a", "c", "d"}
    assert list(answers)[-1] == "b-hang"
    assert (answers["b-hang"].error, answers["b-hang"].fault) == (
        "did not answer for 0.6 seconds",
        Fault.PLACE,
    )


def test_a_disk_that_stays_silent_is_not_waited_for_by_every_photo(
    tmp_path: Path, hostile: Analyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_SILENT", 1)
    real, given = WorkerProcess.give, list[str]()

    def give(self: WorkerProcess, file: FoundFile) -> None:
        given.append(file.path)
        real(self, file)

    monkeypatch.setattr(WorkerProcess, "give", give)
    answers = run(hostile, photos(tmp_path, "a-hang", "b-hang", "c-hang"), workers=3, **SHORT)
    assert {answer.fault for answer in answers.values()} == {Fault.PLACE}
    assert (len(answers), len(given)) == (3, 4)


def test_a_disk_on_which_nothing_can_be_read_at_all_ends_the_run(
    tmp_path: Path, hostile: Analyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_MOST_FAILURES", 2)
    with pytest.raises(MachineError, match="did not answer"):
        run(hostile, photos(tmp_path, "a-hang", "b-hang", "c-hang"), workers=2, **SHORT)


def test_a_photo_whose_worker_is_killed_each_time_is_not_blamed(tmp_path: Path, hostile: Analyser) -> None:
    answers = run(hostile, photos(tmp_path, "a", "b-doomed", "c", "d"))
    assert {name for name, answer in answers.items() if answer.photo} == {"a", "c", "d"}
    assert answers["b-doomed"].fault is Fault.MACHINE
    assert "SIGKILL" in (answers["b-doomed"].error or "")


def test_workers_that_are_killed_one_after_another_end_the_run(
    tmp_path: Path, hostile: Analyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_MOST_FAILURES", 4)
    with pytest.raises(MachineError, match="SIGKILL"):
        run(hostile, photos(tmp_path, "a-doomed", "b-doomed"))


def test_a_crash_that_does_not_happen_alone_is_not_the_photos(tmp_path: Path, hostile: Analyser) -> None:
    answers = run(hostile, photos(tmp_path, "a", "b-fragile", "c", "d-fragile"), workers=1)
    assert {name for name, answer in answers.items() if answer.photo} == {"a", "b-fragile", "c", "d-fragile"}


def test_a_disk_that_is_full_or_gone_is_not_the_photos_fault(tmp_path: Path, hostile: Analyser) -> None:
    answers = run(hostile, photos(tmp_path, "a", "b-full", "c-gone"))
    assert {name: answer.fault for name, answer in answers.items() if answer.error} == {
        "b-full": Fault.MACHINE,
        "c-gone": Fault.PLACE,
    }


@pytest.mark.usefixtures("hostile")
def test_a_worker_that_cannot_start_says_why_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MachineError, match=r"do not start: ImportError: libX\.so is missing$"):
        run(unfit("libX.so is missing"), photos(tmp_path, "a"))
    with pytest.raises(MachineError, match=r"do not start: MemoryError$"):
        run(unfit("memory"), photos(tmp_path, "a"))
    assert capfd.readouterr() == ("", "")


def test_a_worker_that_breaks_before_python_has_begun_says_why(
    tmp_path: Path, hostile: Analyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    with pytest.raises(MachineError, match=r"do not start: .*encodings"):
        run(hostile, photos(tmp_path, "a"))


@pytest.mark.parametrize("granted", [0, 1])
def test_as_many_workers_as_the_system_gives_do_the_work(
    granted: int, tmp_path: Path, hostile: Analyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, started = worker_process._start, list[int]()

    def start(connection: Connection, memory_limit: int, **how: Any) -> subprocess.Popen[bytes]:
        if len(started) >= granted:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        started.append(1)
        return real(connection, memory_limit, **how)

    monkeypatch.setattr(worker_process, "_start", start)
    names = [f"{number}-fine" for number in range(6)]
    if granted:
        assert all(answer.photo for answer in run(hostile, photos(tmp_path, *names), workers=3).values())
    else:
        with pytest.raises(MachineError, match="do not start: Resource temporarily unavailable"):
            run(hostile, photos(tmp_path, *names), workers=3)


def test_a_process_that_does_not_end_is_not_waited_for_for_ever(
    tmp_path: Path, hostile: Analyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "END_SECONDS", 0.2)
    monkeypatch.setattr(worker_process.WorkerProcess, "kill", lambda worker: None)  # as of one that a dead disk holds
    (file,) = photos(tmp_path, "a-hang")
    with closing(ProcessPool(1)) as working:
        working.submit(Task(file, hostile))
        (worker,) = working._workers
        while not worker.started:
            assert not list(working.answers(0.1))
        process = worker._process
    assert process.returncode is None
    process.kill()
    process.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a worker ends when it has finished its photo")
def test_workers_end_with_their_parent(tmp_path: Path, hostile: Analyser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([os.environ["PYTHONPATH"], *sys.path]))
    photos(tmp_path, "a-spin")
    parent = subprocess.Popen([sys.executable, "-c", _ORPHANED, tmp_path], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    worker = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    worker.wait(timeout=10)


@pytest.mark.parametrize(
    ("reason", "circumstance"),
    [
        ("not finished after 60 seconds", True),
        ("its decoder crashed (SIGKILL)", True),
        ("RuntimeError: cannot cache function 'f': no locator available for file '/usr/lib/x.py'", True),
        ("ImportError: libGL.so.1: cannot open shared object file: No such file or directory", True),
        ("OSError: [Errno 28] No space left on device", True),
        ("Stale file handle", True),
        ("Input/output error", True),
        ("not finished after 60 seconds of processor time", False),
        ("its decoder crashed (SIGSEGV)", False),
        ("needed more than 4096 MB of memory", False),
        ("image file is truncated (3 bytes not processed)", False),
        ("not a photo of a known format", False),
    ],
)
def test_reasons_that_earlier_versions_stored_are_known_by_their_words(reason: str, circumstance: bool) -> None:
    assert is_circumstance(reason) is circumstance
