"""What every executor promises an ingest; `faceindex.ingest.workers.executor.Executor` says it in words.

A new executor is put into EXECUTORS, and into ISOLATING when a photo that crashes, hangs or swells costs itself only.
That on Ray needs a session, and has a fixture.
"""

from __future__ import annotations

import contextlib
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from contents import Contents, contents
from pooled import photos
from thread_executor import Threads

import faceindex
from faceindex.cluster.session import RaySession
from faceindex.errors import MachineError
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import recipe
from faceindex.ingest.workers.encoding_pool import EncodingPool
from faceindex.ingest.workers.executor import Analysed, Executor, Fault, Task
from faceindex.ingest.workers.in_line import InLine
from faceindex.ingest.workers.pool import ProcessPool
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.finding.find import find_files

RAY = "actors on Ray"
EXECUTORS: dict[str, Callable[[], Executor]] = {
    "processes": lambda: ProcessPool(2),
    "decoders and an encoder": lambda: EncodingPool(2),
    "threads": lambda: Threads(2),
    "in line": InLine,
}
SLOW_SECONDS = 3.0
"""That `hostile_analyser` takes for a slow photo."""

ISOLATING = ("processes", "decoders and an encoder", RAY)
MOST_HELD = 2 * 2 + 1
"""Tasks that any of them takes beyond those that are answered: two of each worker, and one."""


@pytest.fixture(scope="module")
def ray_session() -> Iterator[RaySession]:
    pytest.importorskip("ray", reason="the extra `cluster` is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))  # of `hostile_analyser`
        with RaySession("ray", cpus=2) as session:
            yield session


def made(request: pytest.FixtureRequest) -> Executor:
    if request.param != RAY:
        return EXECUTORS[request.param]()
    from faceindex.cluster.executor import RayExecutor  # it needs Ray

    return RayExecutor(request.getfixturevalue("ray_session"))


@pytest.fixture(params=[*EXECUTORS, RAY])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with closing(made(request)) as one:
        yield one


@pytest.fixture(params=ISOLATING)
def isolating(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with closing(made(request)) as one:
        yield one


def answered(executor: Executor, tasks: list[Task]) -> list[Analysed]:
    """As an ingest does it: submit while there is room, and until there is none left to wait for."""
    answers: list[Analysed] = []
    for task in tasks:
        while not executor.room:
            answers += executor.answers(timeout=0.2)
        executor.submit(task)
        answers += executor.answers(timeout=0)
    while len(answers) < len(tasks):
        answers += executor.answers(timeout=0.2)
    return answers


def names(answers: list[Analysed]) -> list[str]:
    return sorted(Path(answer.file.path).stem for answer in answers)


def test_every_photo_is_answered_once(executor: Executor, tmp_path: Path, hostile: Analyser) -> None:
    tasks = [Task(file, hostile) for file in photos(tmp_path, *(f"{number:02d}" for number in range(25)), "b-bug")]
    answers = answered(executor, tasks)
    assert names(answers) == sorted(Path(task.file.path).stem for task in tasks)
    assert {(answer.error, answer.fault) for answer in answers if answer.photo is None} == {
        ("ValueError: line one line two", Fault.PHOTO)
    }
    assert not list(executor.answers(timeout=0))


def test_tasks_and_answers_are_plain_data(executor: Executor, tmp_path: Path, hostile: Analyser) -> None:
    (file,) = photos(tmp_path, "a")
    task = pickle.loads(pickle.dumps(Task(file, hostile)))
    assert task == Task(file, hostile)
    (answer,) = answered(executor, [task])
    assert pickle.loads(pickle.dumps(answer)).photo == answer.photo is not None
    assert len(pickle.dumps(Task(file, Analyser(recipe())))) < 1000


def test_no_more_is_taken_than_there_is_room_for(executor: Executor, tmp_path: Path, hostile: Analyser) -> None:
    left, taken = photos(tmp_path, *(f"{number:02d}" for number in range(20))), 0
    assert executor.room
    while executor.room:
        executor.submit(Task(left.pop(), hostile))
        taken += 1
    assert taken <= MOST_HELD
    while not executor.room:  # what is answered makes room
        taken -= len(list(executor.answers(timeout=0.2)))
    while taken:
        taken -= len(list(executor.answers(timeout=0.2)))


def test_closed_in_the_middle_it_ends_at_once_and_begins_anew(
    executor: Executor, tmp_path: Path, hostile: Analyser
) -> None:
    slow, later = photos(tmp_path, "a-slow", "b")
    processes = {child.pid for child in psutil.Process().children()}
    executor.submit(Task(slow, hostile))
    began = time.monotonic()
    executor.close()
    assert time.monotonic() - began < SLOW_SECONDS
    assert not list(executor.answers(timeout=0))
    assert {child.pid for child in psutil.Process().children()} <= processes
    assert names(answered(executor, [Task(later, hostile)])) == ["b"]  # and no answer of what was before


def test_what_is_no_fault_of_a_photo_is_never_called_so(executor: Executor, tmp_path: Path, hostile: Analyser) -> None:
    files = photos(tmp_path, "a", "b-gone", "c-full", "d")
    answers = {Path(answer.file.path).stem: answer for answer in answered(executor, [Task(f, hostile) for f in files])}
    assert [bool(answers[name].photo) for name in ("a", "b-gone", "c-full", "d")] == [True, False, False, True]
    assert (answers["b-gone"].fault, answers["c-full"].fault) == (Fault.PLACE, Fault.MACHINE)


def test_a_machine_that_lacks_something_for_every_photo_ends_it(
    executor: Executor, tmp_path: Path, hostile: Analyser
) -> None:
    if isinstance(executor, Threads):
        pytest.skip("it leaves this to the ingest, which calls each of the photos out of reach")
    tasks = [Task(file, hostile) for file in photos(tmp_path, *(f"{number:02d}-full" for number in range(25)))]
    with pytest.raises(MachineError, match=r"no photo can be analysed here now: OSError: .*No space left on device"):
        answered(executor, tasks)


def test_all_give_the_same_bytes(shared_data: Path, executor: Executor, reference: dict[str, bytes]) -> None:
    found = vectors(executor, shared_data / "album")
    assert len(found) > 10
    assert found == reference


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> dict[str, bytes]:
    with closing(ProcessPool(1)) as pool:
        return vectors(pool, shared_data / "album")


def vectors(executor: Executor, folder: Path) -> dict[str, bytes]:
    """The vectors of each photo, and all else that is stored of its faces."""
    analyser = Analyser(recipe("sface"))
    tasks = [Task(file, analyser) for file in find_files([folder]) if isinstance(file, FoundFile)][:12]
    return {
        answer.file.path: b"".join(
            repr((face.box, face.score, face.quality)).encode() + face.landmarks.tobytes() + face.vector.tobytes()
            for face in answer.photo.faces
        )
        for answer in answered(executor, tasks)
        if answer.photo
    }


def test_an_ingest_stores_the_same_by_each(
    executor: Executor, many_photos: Path, usual: Contents, tmp_path: Path
) -> None:
    with faceindex.Library(tmp_path / "x.faces", recipe="sface") as library:
        report = library.ingest([many_photos], executor=executor)
        assert (report.new, report.failed, report.workers) == (22, 1, executor.workers)
    assert contents(tmp_path / "x.faces") == usual
    assert executor.room


def test_without_workers_no_process_analyses(many_photos: Path, tmp_path: Path) -> None:
    with faceindex.Library(tmp_path / "x.faces", recipe="sface") as library:
        before = psutil.Process().children()
        seen: list[str] = []

        def look(progress: faceindex.Progress) -> None:
            for child in set(psutil.Process().children()) - set(before):
                seen.append(" ".join(child.cmdline()))

        report = library.ingest([many_photos], workers=0, progress=look)
        assert (report.new, report.workers) == (22, 0)
        assert not any("ingest.start" in line for line in seen)
        with pytest.raises(faceindex.UsageError, match="the number of workers cannot be -1"):
            library.ingest([many_photos], workers=-1)
        pairs = [(str(many_photos / "00.jpg"), str(many_photos / "01.jpg"))]
        assert [row.same for row in library.verify_pairs(pairs, workers=0)] == [True]


def test_an_executor_that_cannot_go_on_is_a_circumstance(many_photos: Path, tmp_path: Path) -> None:
    class Breaking(InLine):
        answered = 0

        def answers(self, timeout: float) -> Iterator[Analysed]:
            for answer in super().answers(timeout):
                self.answered += 1
                yield answer
                if self.answered == 5:
                    raise MachineError("the cluster is gone")

    with faceindex.Library(tmp_path / "x.faces", recipe="sface") as library:
        with pytest.raises(MachineError, match="the cluster is gone; what was analysed is stored"):
            library.ingest([many_photos], executor=Breaking())
        assert library.status().photos >= 4
        assert library.status().failed == 0
        assert library.ingest([many_photos], workers=1).failed == 1


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("crash", "its decoder crashed (SIGSEGV)"),
        ("abort", "its decoder crashed (SIGABRT)"),
        ("memory", "needed more than 4096 MB of memory"),
    ],
)
def test_a_photo_that_ends_its_worker_costs_itself_only(
    name: str, error: str, isolating: Executor, tmp_path: Path, hostile: Analyser
) -> None:
    tasks = [Task(file, hostile) for file in photos(tmp_path, "a", f"b-{name}", "c", "d-killed", "e")]
    answers = answered(isolating, tasks)
    assert {Path(answer.file.path).stem: (answer.error, answer.fault) for answer in answers if not answer.photo} == {
        f"b-{name}": (error, Fault.PHOTO)
    }


def test_a_photo_that_hangs_is_ended_with_its_executor(isolating: Executor, tmp_path: Path, hostile: Analyser) -> None:
    (file,) = photos(tmp_path, "a-hang")
    isolating.submit(Task(file, hostile))
    while not (working := analysing()):
        assert not list(isolating.answers(timeout=0.2))
    isolating.close()
    _, alive = psutil.wait_procs(working, timeout=10)  # on Ray they end with their actor
    assert not alive


def analysing() -> list[psutil.Process]:
    """The processes that analyse photos, also those of actors."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if any("workers.start" in part for part in child.cmdline()):
                found.append(child)
    return found
