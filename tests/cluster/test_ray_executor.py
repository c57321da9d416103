"""An ingest on Ray stores what a local one does, whatever ends in the middle. Ray really runs: two raylets, one core
each."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import psutil
import pytest
from contents import Contents, contents
from pooled import photos
from ray_nodes import actor_processes, another_raylet, kill_raylet

import faceindex
from faceindex.cluster.executor import RayExecutor
from faceindex.cluster.session import RaySession
from faceindex.errors import Note
from faceindex.faces.analyse import Analyser
from faceindex.ingest.photo_reader import PhotoReader
from faceindex.ingest.workers.executor import Analysed, Fault, Task

pytest.importorskip("ray", reason="the extra `cluster` is not installed")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RaySession, Any]]:
    """Ray on two raylets; a test may end the second one, and starts another then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT / "tests" / "ingest"))  # of `hostile_analyser`
        with RaySession("ray", cpus=1, object_store=100 << 20) as session, another_raylet(session) as second:
            yield session, second


@pytest.fixture
def executor(cluster: tuple[RaySession, Any]) -> Iterator[RayExecutor]:
    with closing(RayExecutor(cluster[0])) as made:
        yield made


def ingested(
    folder: Path, path: Path, executor: RayExecutor, meanwhile: Callable[[], None] | None = None
) -> tuple[faceindex.IngestReport, Contents]:
    """An ingest on Ray; `meanwhile` is called when the first photo is stored or about to be."""
    left = [meanwhile] if meanwhile else []

    def look(progress: faceindex.Progress) -> None:
        if left and progress.faces:
            left.pop()()

    with faceindex.Library(path, recipe="sface") as library:
        report = library.ingest([folder], executor=executor, progress=look)
    assert not left
    return report, contents(path)


def answered(executor: RayExecutor, tasks: list[Task]) -> dict[str, Analysed]:
    answers: list[Analysed] = []
    most = 0
    for task in tasks:
        while not executor.room:
            answers += executor.answers(timeout=0.2)
        executor.submit(task)
        most = max(most, executor._unanswered)
        answers += executor.answers(timeout=0)
    while len(answers) < len(tasks):
        answers += executor.answers(timeout=0.2)
    assert not list(executor.answers(timeout=0))
    assert len({answer.file.path for answer in answers}) == len(tasks)
    assert most <= 2 * 10  # memory stays bounded: so many for an actor of one worker
    return {Path(answer.file.path).stem: answer for answer in answers}


def test_an_ingest_stores_the_same_and_photos_are_read_where_they_are_analysed(
    executor: RayExecutor, many_photos: Path, usual: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_here: list[str] = []
    monkeypatch.setattr(PhotoReader, "identify", lambda self, path, named=False: read_here.append(path))
    report, stored = ingested(many_photos, tmp_path / "x.faces", executor)
    assert (report.new, report.failed, report.out_of_reach, report.workers) == (22, 1, 0, 2)
    assert stored == usual
    assert read_here == []
    psutil.wait_procs(actor_processes(), timeout=20)
    assert actor_processes() == []


def test_photos_that_nodes_cannot_open_travel_as_bytes_with_the_dates_of_their_sidecars(
    executor: RayExecutor,
    cluster: tuple[RaySession, Any],
    many_photos: Path,
    usual: Contents,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """/proc/self/cwd is another folder in each process."""
    folder = shutil.copytree(many_photos, tmp_path / "photos")
    packet = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:photoshop='
    packet += '"http://ns.adobe.com/photoshop/1.0/" photoshop:DateCreated="2001-02-03T04:05:06"/></rdf:RDF>'
    (folder / "00.jpg.xmp").write_text(packet)
    monkeypatch.chdir(folder)
    report, stored = ingested(Path("/proc/self/cwd"), tmp_path / "x.faces", executor)
    assert (report.new, report.failed, report.out_of_reach) == (22, 1, 0)
    here = [(path.replace("/proc/self/cwd", str(many_photos)), *rest) for path, *rest in stored]
    assert sorted(here) == usual
    with faceindex.Library(tmp_path / "x.faces") as library:
        taken = {Path(photo.path).name: photo.taken for photo in library.photos.list(limit=None) if photo.taken}
    assert {name: str(date)[:10] for name, date in taken.items()} == {"00.jpg": "2001-02-03"}
    (node, *_) = cluster[0].folder.glob("r/session_2*/faceindex-node-*")
    assert not list(node.parent.glob("faceindex-node-*/*/*.jpg"))


def test_a_photo_that_ends_its_worker_costs_only_itself(
    executor: RayExecutor, tmp_path: Path, hostile: Analyser
) -> None:
    names = ("a", "b-crash", "c", "d-memory", "e-killed", "f-bug", "g-gone", "h", "i-abort", "j-doomed")
    answers = answered(executor, [Task(file, hostile) for file in photos(tmp_path, *names)])
    assert {name: (answer.error, answer.fault) for name, answer in answers.items() if answer.photo is None} == {
        "b-crash": ("its decoder crashed (SIGSEGV)", Fault.PHOTO),
        "d-memory": ("needed more than 4096 MB of memory", Fault.PHOTO),
        "f-bug": ("ValueError: line one line two", Fault.PHOTO),
        "g-gone": ("gone", Fault.PLACE),
        "i-abort": ("its decoder crashed (SIGABRT)", Fault.PHOTO),
        "j-doomed": ("its worker was ended 3 times: workers were ended by SIGKILL", Fault.MACHINE),
    }


def test_a_photo_that_ends_every_actor_is_given_up_and_costs_only_itself(
    executor: RayExecutor, tmp_path: Path, hostile: Analyser
) -> None:
    names = ("a", "b", "c-parent", "d", "e", "f")
    answers = answered(executor, [Task(file, hostile) for file in photos(tmp_path, *names)])
    assert {name: (answer.error, answer.fault) for name, answer in answers.items() if answer.photo is None} == {
        "c-parent": ("its worker on Ray was lost 3 times, the last time with no other photo", Fault.MACHINE)
    }


def test_what_workers_have_to_say_is_passed_on_once_for_each_node(
    executor: RayExecutor, tmp_path: Path, hostile: Analyser
) -> None:
    noting = cast(Analyser, importlib.import_module("hostile_analyser").NotingAnalyser())
    with pytest.warns(Note, match="^node 127.0.0.1: the device here is slow$") as caught:
        answers = answered(
            executor, [Task(file, noting) for file in photos(tmp_path, *"abcdefgh", "i-crash", "j-crash")]
        )
    assert {name for name, answer in answers.items() if answer.photo is None} == {"i-crash", "j-crash"}
    assert 1 <= len(caught) <= 2


def test_closed_in_the_middle_it_ends_its_processes_and_begins_anew(
    executor: RayExecutor, tmp_path: Path, hostile: Analyser
) -> None:
    hanging, later = photos(tmp_path, "a-hang", "b")
    executor.submit(Task(hanging, hostile))
    while not (working := [child for actor in actor_processes() for child in actor.children()]):
        assert list(executor.answers(timeout=0.2)) == []
    began = time.monotonic()
    executor.close()
    assert time.monotonic() - began < 3
    psutil.wait_procs(working, timeout=10)
    assert not any(process.is_running() for process in working)
    assert answered(executor, [Task(later, hostile)])["b"].photo


def test_an_actor_that_is_killed_loses_nothing(
    executor: RayExecutor, many_photos: Path, usual: Contents, tmp_path: Path
) -> None:
    def kill() -> None:
        os.kill(actor_processes()[0].pid, signal.SIGKILL)

    report, stored = ingested(many_photos, tmp_path / "x.faces", executor, kill)
    assert (report.new, report.failed, report.out_of_reach) == (22, 1, 0)
    assert stored == usual


def test_a_full_object_store_costs_nothing(
    executor: RayExecutor, cluster: tuple[RaySession, Any], many_photos: Path, usual: Contents, tmp_path: Path
) -> None:
    ray = cluster[0].module
    held = [ray.put(os.urandom(20 << 20)) for _ in range(8)]  # 160 MB where there is room for 100
    report, stored = ingested(many_photos, tmp_path / "x.faces", executor)
    assert (report.new, report.failed, report.out_of_reach) == (22, 1, 0)
    assert stored == usual
    assert len(ray.get(held[0])) == 20 << 20


def test_a_raylet_that_is_killed_loses_nothing(
    executor: RayExecutor,
    cluster: tuple[RaySession, Any],
    many_photos: Path,
    usual: Contents,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The last test with the second raylet."""
    report, stored = ingested(many_photos, tmp_path / "x.faces", executor, lambda: kill_raylet(cluster[1]))
    assert (report.new, report.failed, report.out_of_reach) == (22, 1, 0)
    assert stored == usual
    while sum(node["Alive"] for node in cluster[0].module.nodes()) > 1:
        time.sleep(0.1)
    assert capfd.readouterr() == ("", "")  # Ray would say on stdout that a raylet ended


def test_a_node_with_another_version_is_left_out(
    cluster: tuple[RaySession, Any], many_photos: Path, usual: Contents, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import faceindex; faceindex.__version__ = '0.0.1'\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        with another_raylet(cluster[0]), closing(RayExecutor(cluster[0])) as executor:
            wrong = f"is left out: it has faceindex 0.0.1, and this is {faceindex.__version__}"
            with pytest.warns(Note, match=wrong):
                report, stored = ingested(many_photos, tmp_path / "x.faces", executor)
    assert (report.new, report.failed, report.workers) == (22, 1, 1)
    assert stored == usual
