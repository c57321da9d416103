"""Jobs: long work in a thread of its own, that can be watched, waited for and cancelled from any other."""

from __future__ import annotations

import inspect
import json
import queue
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contents import Contents, contents
from drawn_faces import drawn_faces
from thread_executor import Threads

import faceindex
from faceindex.clustering import neighbours
from faceindex.errors import JobCancelled, LibraryLocked, UsageError
from faceindex.ingest import pipeline
from faceindex.ingest.workers.in_line import InLine
from faceindex.photos.finding.entries import FoundFile
from faceindex.running import meter
from faceindex.store.writer import Batch, Writer
from faceindex.types import AnalysedPhoto, Box, Face, Progress, Vectors

MOMENTS = 20

Start = Callable[[faceindex.Library, Path, Callable[[Progress], None] | None], faceindex.Job[Any]]

READING: dict[str, Start] = {
    "jsonl": lambda library, out, tell: library.start_export(out / "out.jsonl", vectors=True, progress=tell),
    "csv": lambda library, out, tell: library.start_export(out / "out.csv", form="csv", progress=tell),
    "hdf5": lambda library, out, tell: library.start_export(out / "out.h5", form="hdf5", progress=tell),
    "npz": lambda library, out, tell: library.start_export(out / "out.npz", form="npz", progress=tell),
    "faiss": lambda library, out, tell: library.start_export(
        out / "out.faiss", form="faiss", kind="ivf", progress=tell
    ),
    "backup": lambda library, out, tell: library.care.start_backup(out / "copy.faces", progress=tell),
}
WRITING: dict[str, Start] = {
    "linkage": lambda library, out, tell: library.start_cluster(rebuild=True, progress=tell),
    "whispers": lambda library, out, tell: library.start_cluster(method="whispers", rebuild=True, progress=tell),
    "new faces": lambda library, out, tell: library.start_cluster(progress=tell),
    "ivf": lambda library, out, tell: library.index.start_build("ivf", recall=0.8, progress=tell),
    "flat": lambda library, out, tell: library.index.start_build("flat", progress=tell),
}
STARTS = READING | WRITING


@pytest.fixture(scope="module")
def people(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of sixteen people, with their faces."""
    folder = tmp_path_factory.mktemp("people")
    for photo in sorted((shared_data / "lfw-dev" / "images").glob("*/*_0001.jpg"))[:16]:
        shutil.copy(photo, folder)
    return folder


@pytest.fixture(scope="module")
def whole(people: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Contents, float]:
    """What an ingest that nobody interrupts stores of them, and the seconds it takes."""
    path = tmp_path_factory.mktemp("whole") / "x.faces"
    with faceindex.Library(path, recipe="sface") as library:
        library.ingest([people / next(iter(sorted(people.iterdir()))).name], workers=0)  # loads the networks
        began = time.monotonic()
        library.ingest([people], workers=0)
        return contents(path), time.monotonic() - began


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of drawn faces, of which some came after the last clustering and after the index was built."""
    path = tmp_path_factory.mktemp("drawn") / "drawn.faces"
    vectors = drawn_faces(1200)
    with faceindex.Library(path, recipe="dlib") as library:
        store(library, vectors[:900])
        library.cluster()
        library.index.build("flat", recall=0.8)
        store(library, vectors[900:])
        library._opened.faces_changed(index=False)
    return path


def store(library: faceindex.Library, vectors: Vectors) -> None:
    """A photo of each face."""
    with library._opened.folder.writer() as writer:
        batch, first = Batch(), writer.catalog.counts()["photos"]
        for number, vector in enumerate(vectors, start=first):
            face = Face(Box(9, 9, 50, 50), 1.0, np.zeros((5, 2), np.float32), vector, 0.9)
            file = FoundFile(f"/photos/{number}.jpg", 1, 1, False)
            batch.photos[f"{number}".encode()] = (AnalysedPhoto(100, 100, (face,)), [file])
        writer.commit(batch)


@pytest.fixture
def library(drawn: Path, tmp_path: Path) -> Iterator[faceindex.Library]:
    """A copy of `drawn` to do something to."""
    shutil.copytree(drawn, tmp_path / "x.faces")
    with faceindex.Library(tmp_path / "x.faces") as library:
        yield library


@pytest.fixture
def told_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter, "TELL_SECONDS", -1.0)
    monkeypatch.setattr(neighbours, "COMPLETE", 300)  # more are compared in lists


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_an_ingest_cancelled_at_any_moment_stores_whole_batches_and_is_resumed(
    moment: int, people: Path, whole: tuple[Contents, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, seconds = whole
    batches = recorded_batches(monkeypatch)
    executors: dict[int, faceindex.Executor] = {8: faceindex.ProcessPool(1), 9: Threads(2)}
    path = tmp_path / "x.faces"
    with faceindex.Library(path, recipe="sface") as library:
        job = library.start_ingest([people], executor=executors.get(moment % 10, InLine()))
        time.sleep(random.Random(moment).uniform(0, (3 if moment % 10 == 8 else 1) * seconds))
        job.cancel()
        assert job.wait(timeout=30)
        assert job.state in ("cancelled", "done")
        if job.state == "cancelled":
            with pytest.raises(JobCancelled) as cancelled:
                job.result()
            report = cancelled.value.report
            assert isinstance(report, faceindex.IngestReport)
            assert (report.interrupted, report.new) == (True, sum(batches))
            assert all(size >= pipeline.BATCH_PHOTOS for size in batches[:-1])
        if batches:
            assert not library.care.check(deep=True).damage
            assert ids(library) == list(range(1, sum(batches) + 1))
            assert set(contents(path)) <= set(reference)
        library.ingest([people], workers=0)
        assert ids(library) == list(range(1, len({row[0] for row in reference}) + 1))
    assert contents(path) == reference


def recorded_batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The photos of each batch that is committed from now on; batches are small."""
    real, batches = Writer.commit, list[int]()

    def commit(writer: Writer, batch: Batch) -> int:
        faces = real(writer, batch)
        batches.append(len(batch.photos))
        return faces

    monkeypatch.setattr(pipeline, "BATCH_PHOTOS", 3)
    monkeypatch.setattr(Writer, "commit", commit)
    return batches


def ids(library: faceindex.Library) -> list[int]:
    """Of all photos, in the order in which they were stored."""
    return [number for (number,) in library._opened.catalog.connection.execute("SELECT id FROM photos ORDER BY id")]


def state_of(library: faceindex.Library) -> list[object]:
    """Everything that is stored, in the catalog and beside it, but the tokens of what was touched meanwhile."""
    files = sorted(path for path in library.path.rglob("*") if path.is_file() and not path.name.startswith("catalog"))
    with closing(library._opened.folder.open_catalog()) as catalog:
        stored = [line for line in catalog.connection.iterdump() if not line.startswith('INSERT INTO "versions"')]
        return [*stored, *((path.name, path.read_bytes()) for path in files)]


@pytest.mark.usefixtures("told_every_step")
@pytest.mark.parametrize("name", STARTS)
def test_other_work_that_is_cancelled_leaves_everything_as_it_was(
    name: str, library: faceindex.Library, tmp_path: Path
) -> None:
    before, steps = state_of(library), steps_of(STARTS[name], library.path, tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    for last in sorted({1, steps // 2, steps - 1}):
        job = cancelled_at(last, lambda tell: STARTS[name](library, out, tell))
        with pytest.raises(JobCancelled):
            job.result()
        assert job.state == "cancelled"
        assert list(out.iterdir()) == []
        assert state_of(library) == before


def cancelled_at(step: int, start: Callable[[Callable[[Progress], None]], faceindex.Job[Any]]) -> faceindex.Job[Any]:
    """A job that is cancelled when it tells of its progress for the so manieth time."""
    told: list[Progress] = []
    jobs: queue.SimpleQueue[faceindex.Job[Any]] = queue.SimpleQueue()

    def tell(progress: Progress) -> None:
        told.append(progress)
        if len(told) == step:
            jobs.get().cancel()

    job = start(tell)
    jobs.put(job)
    return job


def steps_of(start: Start, path: Path, folder: Path) -> int:
    """How often the work tells of its progress when it is left alone."""
    told: list[Progress] = []
    shutil.copytree(path, folder / "other.faces")
    (folder / "left alone").mkdir()
    with faceindex.Library(folder / "other.faces") as other:
        start(other, folder / "left alone", told.append).result()
    assert len(told) > 2
    return len(told)


@pytest.mark.usefixtures("told_every_step")
@pytest.mark.parametrize("name", STARTS)
def test_progress_goes_forward_and_ends_with_everything_done(
    name: str, library: faceindex.Library, tmp_path: Path
) -> None:
    told: list[Progress] = []
    job = STARTS[name](library, tmp_path, told.append)
    watched = list(job.watch())
    assert_forward([*told, job.progress])
    assert_forward(watched)
    assert (watched[-1], job.state) == (job.progress, "done")
    assert job.progress.done >= 300
    assert {progress.total for progress in told if progress.stage in ("writing", "comparing", "copying")} != {None}
    assert job.progress.done == max(progress.total or 0 for progress in told)


def test_progress_of_an_ingest_counts_photos_faces_and_failures(
    many_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "TELL_SECONDS", -1.0)
    told: list[Progress] = []
    with faceindex.Library(tmp_path / "x.faces", recipe="sface") as library:
        for _ in range(2):
            job = library.start_ingest([many_photos], workers=0, progress=told.append)
            report = job.result()
            assert_forward([*told, job.progress])
            last = job.progress
            assert (last.done, last.total, last.failed) == (23, 23, 1)
            assert last.faces == report.new_faces
            assert told[-1].total == 23
            told.clear()
    assert (last.seconds_left, last.error, last.ended) == (0.0, None, True)


def assert_forward(told: list[Progress]) -> None:
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert all(progress.total is None or progress.done <= progress.total for progress in told)
    assert all(progress.rate >= 0 and (progress.seconds_left or 0) >= 0 for progress in told)
    assert told[-1].done == told[-1].total
    for progress in told:
        assert Progress(**json.loads(json.dumps(asdict(progress)))) == progress


def test_signal_handlers_of_the_program_stay_as_they_are(
    library: faceindex.Library, many_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: list[object] = []
    monkeypatch.setattr(signal, "signal", lambda *arguments: changed.append(arguments))
    own = [signal.getsignal(number) for number in signal.valid_signals()]
    seen: list[list[object]] = []

    def look(progress: Progress | None = None) -> None:
        seen.append([signal.getsignal(number) for number in signal.valid_signals()])

    def everything(name: str, workers: int, kinds: Collection[str]) -> None:
        out = tmp_path / name
        out.mkdir()
        with faceindex.Library(out / "photos.faces", recipe="sface") as photos:
            photos.ingest([many_photos], workers=workers, progress=look)
            photos.reencode(out / "again.faces", "sface", workers=0, progress=look)
            photos.export(out / "whole.h5", form="hdf5")
        with faceindex.Library(out / "taken.faces", recipe="sface") as taken:
            taken.import_(out / "whole.h5", progress=look)
        for kind in kinds:
            STARTS[kind](library, out, look).result()
        look()

    everything("main", 1, STARTS)
    thread = threading.Thread(target=everything, args=["other", 0, ("jsonl", "backup", "linkage", "flat")])
    thread.start()
    thread.join()
    assert len(seen) > len(STARTS)
    assert all(handlers == own for handlers in seen)
    assert changed == []


_HOST = """
import signal, sys, threading, time, os
import faceindex
came, told = [], []
def interrupt(progress):
    told.append(progress)
    if len(told) == 1:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.5)
signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))

def main():
    with faceindex.Library(sys.argv[1], recipe="sface") as library:
        job = first = library.start_ingest([sys.argv[2]], workers=1)
        while not job.progress.done:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        print(job.result().new)
        try:
            library.ingest([sys.argv[2]], force=True, progress=interrupt)
        except KeyboardInterrupt:
            print([job.state for job in library._opened._jobs if job is not first])
main()
print(came)
"""


def test_signals_reach_the_program_and_its_handlers_decide(many_photos: Path, tmp_path: Path) -> None:
    """SIGTERM ends no job of a program that handles it; Python's own KeyboardInterrupt cancels what is waited for."""
    command = [sys.executable, "-c", _HOST, str(tmp_path / "x.faces"), str(many_photos)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=usual_interrupt)
    new, interrupted, came = done.stdout.splitlines()
    assert (new, came) == ("22", "[15]"), done.stderr
    assert interrupted == "['cancelled']"


def usual_interrupt() -> None:
    """Whoever runs the tests may do so in the background, where Ctrl-C is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_second_writer_is_refused_in_one_line_or_waits_in_the_queue(
    library: faceindex.Library, many_photos: Path
) -> None:
    with library._opened.folder.writer():
        refused = library.start_ingest([many_photos], workers=0)
        with pytest.raises(LibraryLocked, match=r"is being written by process \d+ on"):
            refused.result()
        assert (refused.state, "\n" in (refused.progress.error or "\n")) == ("failed", False)
        waiting = library.start_ingest([many_photos], workers=0, wait=True)
        unwanted = library.start_ingest([many_photos], workers=0, wait=True)
        assert not waiting.wait(timeout=0.3)
        assert (waiting.state, unwanted.state) == ("queued", "queued")
        unwanted.cancel()
        assert unwanted.wait(timeout=10)
        assert unwanted.state == "cancelled"
    assert waiting.result().new == 22


def test_a_job_is_watched_and_waited_for_by_any_number_of_threads(library: faceindex.Library) -> None:
    go_on, seen = threading.Event(), list[list[str]]()
    job = library.start_cluster(rebuild=True, progress=lambda progress: hold(go_on))
    watchers = [threading.Thread(target=lambda: seen.append([each.state for each in job.watch()])) for _ in range(4)]
    for watcher in watchers:
        watcher.start()
    assert not job.wait(timeout=0.05)
    job.cancel()
    assert job.state == "cancelling"
    time.sleep(0.3)
    go_on.set()
    for watcher in watchers:
        watcher.join()
    assert all(states[0] in ("queued", "cancelling") and states[-1] == "cancelled" for states in seen)
    assert all("cancelling" in states for states in seen)
    assert list(job.watch()) == [job.progress]
    assert repr(job) == "<Job cluster: cancelled>"


def hold(go_on: threading.Event) -> None:
    go_on.wait()


def test_what_goes_wrong_is_raised_by_every_result(library: faceindex.Library, tmp_path: Path) -> None:
    job = library.start_ingest([tmp_path / "absent"], workers=0)
    for _ in range(2):
        with pytest.raises(UsageError, match="absent"):
            job.result()
    assert job.state == "failed"
    assert "absent" in (job.progress.error or "")
    job.cancel()
    assert job.state == "failed"
    with pytest.raises(UsageError, match="no clustering method"):  # before there is a job
        library.start_cluster(method="magic")


def test_what_a_listener_raises_ends_the_job(library: faceindex.Library) -> None:
    def listen(progress: Progress) -> None:
        raise RuntimeError("the page is closed")

    before = state_of(library)
    with pytest.raises(RuntimeError, match="the page is closed"):
        library.cluster(rebuild=True, progress=listen)
    assert state_of(library) == before


def test_closing_a_library_cancels_its_jobs(people: Path, tmp_path: Path) -> None:
    with faceindex.Library(tmp_path / "x.faces", recipe="sface") as library:
        job = library.start_ingest([people], workers=0)
        for progress in job.watch():
            if progress.done:
                break
    assert job.progress.ended


def test_the_blocking_verbs_take_what_those_that_start_a_job_take() -> None:
    for name in ("ingest", "cluster", "reencode", "export", "import_"):
        start = getattr(faceindex.Library, f"start_{name.rstrip('_')}")
        verb = getattr(faceindex.Library, name)
        assert inspect.signature(verb).parameters == inspect.signature(start).parameters
        assert f"Job[{inspect.signature(verb).return_annotation}]" == inspect.signature(start).return_annotation
    for owner, name in ((faceindex.Care, "backup"), (faceindex.Care, "calibrate"), (faceindex.Index, "build")):
        start, verb = getattr(owner, f"start_{name}"), getattr(owner, name)
        assert inspect.signature(verb).parameters == inspect.signature(start).parameters
