"""Disks that do not answer: files on them are given up after a while, and everything else is done."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image

from faceindex.errors import MachineError, UnreadablePhoto, UsageError
from faceindex.exchange.xmp.named_regions import read_names
from faceindex.faces.analyse import Analyser
from faceindex.ingest import photo_reader
from faceindex.ingest.missing_dates import read_dates
from faceindex.ingest.photo_reader import PhotoReader
from faceindex.ingest.prefetch import Prefetched
from faceindex.ingest.repair import repair
from faceindex.ingest.run import ingest
from faceindex.ingest.vanished import Vanished
from faceindex.ingest.workers import watch
from faceindex.photos.finding.find import find_files
from faceindex.photos.read import identify
from faceindex.running.stop import Stop
from faceindex.store.folder import LibraryFolder

_SILENT_READER = """
import sys, time
from faceindex.photos import read
from faceindex.ingest import photo_reader
real = read.identify
photo_reader.identify = lambda path, named: time.sleep(60) if "silent" in path else real(path, named=named)
photo_reader.main()
"""
_READER_WITHOUT_DESCRIPTORS = """
import resource
from faceindex.ingest import photo_reader
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
photo_reader.main()
"""
_INGEST = """
import json, sys
import faceindex
from faceindex.errors import MachineError
from faceindex.faces.recipe import recipe
from faceindex.exchange.xmp.named_regions import read_names
from faceindex.faces.analyse import Analyser
from faceindex.ingest.workers import watch
from faceindex.ingest.run import ingest
from faceindex.store.folder import LibraryFolder
from pathlib import Path

watch.LOOK_SECONDS = 0.2
library = LibraryFolder(Path(sys.argv[1]))
try:
    report = ingest(library, sys.argv[2:], analyser=Analyser(library.recipe), workers=1, idle_limit=2)
    print(json.dumps([report.new, report.failed, report.out_of_reach]))
except MachineError as error:
    print(json.dumps([library.catalog.counts()["photos"], str(error)]))
"""


@pytest.fixture(autouse=True)
def _looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.1)


def nothing() -> None:
    return None


def draw(folder: Path, *names: str) -> list[str]:
    paths = [folder / f"{name}.png" for name in names]
    for number, path in enumerate(paths):
        Image.new("RGB", (8 + number, 8)).save(path)
    return list(map(str, paths))


def test_what_is_read_in_the_process_is_what_is_read_here(tmp_path: Path) -> None:
    (photo,) = draw(tmp_path, "a")
    (tmp_path / "note.txt").write_text("text")
    (tmp_path / "empty.jpg").touch()
    with PhotoReader(Stop(), nothing, idle_limit=60) as reader:
        assert reader.identify(photo) == identify(photo)
        assert reader.identify(str(tmp_path / "note.txt")) is None
        with pytest.raises(UnreadablePhoto, match="the file is empty") as empty:
            reader.identify(str(tmp_path / "empty.jpg"))
        with pytest.raises(UnreadablePhoto, match="No such file") as absent:
            reader.identify(str(tmp_path / "absent.jpg"))
    assert empty.value.__cause__ is None
    assert isinstance(absent.value.__cause__, FileNotFoundError)


def test_a_photo_without_a_byte_is_given_up_and_the_next_one_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_reader, "_MAIN", _SILENT_READER)
    silent, photo = draw(tmp_path, "silent", "photo")
    collected: list[int] = []
    with PhotoReader(Stop(), lambda: collected.append(1), idle_limit=0.5) as reader:
        with pytest.raises(UnreadablePhoto, match=r"did not answer for 0\.5 seconds") as error:
            reader.identify(silent)
        assert isinstance(error.value.__cause__, TimeoutError)
        assert collected
        assert reader.identify(photo) == identify(photo)


def test_nothing_but_silence_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_reader, "_MAIN", _SILENT_READER)
    monkeypatch.setattr(photo_reader, "_SILENT", 2)
    (silent,) = draw(tmp_path, "silent")
    with PhotoReader(Stop(), nothing, idle_limit=0.3) as reader:
        with pytest.raises(UnreadablePhoto):
            reader.identify(silent)
        with pytest.raises(MachineError, match="did not answer"):
            reader.identify(silent)


def test_a_reading_process_that_is_killed_costs_nothing(tmp_path: Path) -> None:
    (photo,) = draw(tmp_path, "a")
    with PhotoReader(Stop(), nothing, idle_limit=60) as reader:
        for _ in range(5):
            assert reader.identify(photo) == identify(photo)
            assert reader._child
            reader._child.process.kill()
            reader._child.process.wait()


def test_what_the_machine_lacks_is_not_listed_photo_by_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_reader, "_MAIN", _READER_WITHOUT_DESCRIPTORS)
    monkeypatch.setattr(photo_reader, "_PAUSE", 0.01)
    (photo,) = draw(tmp_path, "a")
    with (
        PhotoReader(Stop(), nothing, idle_limit=60) as reader,
        pytest.raises(MachineError, match=r"a\.png cannot be read: Too many open files"),
    ):
        reader.identify(photo)


def test_files_found_ahead_are_the_files_in_their_order(tmp_path: Path) -> None:
    draw(tmp_path, *(f"{number:04d}" for number in range(300)))
    assert list(Prefetched(find_files([tmp_path]), Stop(), idle_limit=60)) == list(find_files([tmp_path]))
    with pytest.raises(UsageError, match="no such file"):
        list(Prefetched(find_files([tmp_path / "absent"]), Stop(), idle_limit=60))


def test_a_folder_that_does_not_answer_ends_the_run_after_what_was_found(tmp_path: Path) -> None:
    def found() -> Iterator[int]:
        yield from range(3)
        time.sleep(0.2)
        yield 3
        time.sleep(5)

    taken: list[int] = []
    with pytest.raises(MachineError, match=r"no folder or file could be listed for 0\.4 seconds"):
        taken.extend(Prefetched(found(), Stop(), idle_limit=0.4))
    assert taken == [0, 1, 2, 3]


def test_a_stopped_run_and_one_that_is_left_wait_for_no_folder() -> None:
    began, stopped = time.monotonic(), Stop()
    stopped.set()
    assert list(Prefetched(map(time.sleep, [5]), stopped, idle_limit=60)) == []
    ahead = Prefetched(itertools.count(), Stop(), idle_limit=60)
    for number in ahead:
        if number == 100_000:
            break
    del ahead
    assert time.monotonic() - began < 1


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[tuple[Path, psutil.Process]]:
    """A folder that another process serves, and that process."""
    there, here = tmp_path / "there", tmp_path / "photos" / "mounted"
    there.mkdir()
    here.mkdir(parents=True)
    if not shutil.which("bindfs"):
        pytest.skip("bindfs is not installed")
    server = subprocess.Popen(["bindfs", "-f", str(there), str(here)], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 5
    while not here.is_mount() and time.monotonic() < end and server.poll() is None:
        time.sleep(0.02)
    if not here.is_mount():
        server.kill()
        server.wait()
        pytest.skip("bindfs cannot mount here")
    yield here, psutil.Process(server.pid)
    server.kill()
    server.wait()
    subprocess.run(["fusermount", "-uz", str(here)], check=False)


def test_a_mount_whose_server_hangs_holds_no_ingest(
    many_photos: Path, tmp_path: Path, mounted: tuple[Path, psutil.Process]
) -> None:
    here, server = mounted
    shutil.copy(many_photos / "00.jpg", here.parent)
    shutil.copy(many_photos / "01.jpg", here)
    command = [sys.executable, "-c", _INGEST, str(tmp_path / "x.faces"), str(here.parent)]
    server.send_signal(signal.SIGSTOP)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    server.send_signal(signal.SIGCONT)
    photos, reason = json.loads(done.stdout)
    assert photos == 1  # the one beside the mount
    assert "no folder or file could be listed" in reason
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    assert sum(json.loads(done.stdout)) + photos == 2
    assert os.listdir(here)  # noqa: PTH208


@pytest.fixture
def silent_photo(many_photos: Path, tmp_path: Path, mounted: tuple[Path, psutil.Process]) -> Iterator[LibraryFolder]:
    """A library of a photo on a mount whose server hangs."""
    here, server = mounted
    shutil.copy(many_photos / "01.jpg", here)
    library = LibraryFolder(tmp_path / "x.faces")
    ingest(library, [here], analyser=Analyser(library.recipe), workers=1)
    server.send_signal(signal.SIGSTOP)
    time.sleep(1.1)  # the kernel knows for a second what the server told it
    yield library
    server.send_signal(signal.SIGCONT)
    library.close()


def test_pruning_on_a_disk_that_hangs_removes_nothing_and_ends(silent_photo: LibraryFolder) -> None:
    with silent_photo.writer() as writer, PhotoReader(Stop(), nothing, idle_limit=0.5) as reader:
        vanished = Vanished(writer, reader, writer.catalog.roots(), Stop())
        with pytest.raises(MachineError, match="nothing was removed from the library"):
            vanished.prune(skipped=())
    assert silent_photo.catalog.counts()["photos"] == 1


def test_dates_on_a_disk_that_hangs_are_left_for_another_time(silent_photo: LibraryFolder) -> None:
    with silent_photo.writer() as writer, PhotoReader(Stop(), nothing, idle_limit=0.5) as reader:
        writer.catalog.connection.execute("INSERT INTO unread_dates SELECT id FROM photos")
        assert read_dates(writer, reader, Stop()) == 0
        assert len(list(writer.catalog.unread_dates())) == 1


def test_a_repair_counts_photos_on_a_disk_that_hangs_as_away(silent_photo: LibraryFolder) -> None:
    (segment,) = (silent_photo.path / "vectors").iterdir()
    segment.write_bytes(b"")
    done = repair(silent_photo, [], analyser=Analyser(silent_photo.recipe), workers=1, idle_limit=0.5)
    assert (done.saved, done.analysed, done.failed) == (0, 0, [])
    assert silent_photo.catalog.counts()["faces"] == 1


def test_a_photo_that_moved_from_a_disk_that_hangs_is_one_more_copy(
    silent_photo: LibraryFolder, many_photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "moved").mkdir()
    shutil.copy(many_photos / "01.jpg", tmp_path / "moved")
    analyser = Analyser(silent_photo.recipe)
    report = ingest(silent_photo, [tmp_path / "moved"], analyser=analyser, workers=1, idle_limit=0.5)
    assert (report.duplicate, report.moved, report.new) == (1, 0, 0)


def test_names_in_photos_on_a_disk_that_hangs_are_left_as_they_are(silent_photo: LibraryFolder) -> None:
    (root,) = silent_photo.catalog.roots()
    read = read_names(silent_photo, [root], idle_limit=0.5)
    assert [(Path(warned.path).name, warned.error) for warned in read.warnings] == [
        ("01.jpg", "did not answer for 0.5 seconds")
    ]
