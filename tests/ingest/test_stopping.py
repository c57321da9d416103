"""Ctrl-C and SIGTERM stop an ingest at once, whatever its workers do; clocks that go backwards change nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

import faceindex
from faceindex.faces.recipe import recipe
from faceindex.store.photos import writing

_STOPPED = """
import os, signal, sys, threading
from pathlib import Path
from hostile_analyser import HostileAnalyser
from faceindex.faces.recipe import recipe
from faceindex.store.photos import writing
from faceindex.cli.stopping import on_signals
from faceindex.ingest.run import ingest
from faceindex.running.meter import Meter
from faceindex.store.folder import LibraryFolder

HostileAnalyser.min_face, HostileAnalyser.recipe = None, recipe()
number, photos, library = int(sys.argv[1]), sys.argv[2], LibraryFolder(Path(sys.argv[3]))
timers = []
def progress(step):  # signalled when one is answered, the worker hangs, and no more can be given to it
    if step.done and not timers:
        timers.append(threading.Timer(1, os.kill, (os.getpid(), number)))
        timers[0].start()
meter = Meter(progress)
with on_signals(meter.stop.set):
    report = ingest(library, [photos], analyser=HostileAnalyser(), workers=1, meter=meter)
print(report.interrupted, report.failed, library.catalog.counts()["photos"] == report.new > 0)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_while_every_worker_hangs_and_stores_what_was_answered(tmp_path: Path, number: int) -> None:
    (tmp_path / "photos").mkdir()
    for place, name in enumerate(("a", "b-hang", "c-hang", "d-hang", "e-hang", "f-hang")):
        Image.new("RGB", (8 + place, 8)).save(tmp_path / "photos" / f"{name}.png")
    done = subprocess.run(
        [sys.executable, "-c", _STOPPED, str(int(number)), str(tmp_path / "photos"), str(tmp_path / "x.faces")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
    )
    assert done.stdout.split() == ["True", "0", "True"], done.stderr  # none failed: it did not wait for a time limit


def test_sigterm_to_the_command_stores_what_was_analysed_and_says_how_to_go_on(
    many_photos: Path, tmp_path: Path
) -> None:
    for copy in range(4):  # enough that it cannot end before it is stopped
        for path in many_photos.glob("*.jpg"):
            (tmp_path / "photos").mkdir(exist_ok=True)
            (tmp_path / "photos" / f"{copy}-{path.name}").write_bytes(path.read_bytes() + bytes([copy]))
    library = tmp_path / "x.faces"
    command = [sys.executable, "-m", "faceindex", "ingest", str(tmp_path / "photos"), "-L", str(library)]
    ingest = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (library / "vectors").exists():  # from here on it is an ingest
        time.sleep(0.01)
        assert ingest.poll() is None
    time.sleep(1)
    ingest.terminate()
    out, errors = ingest.communicate()
    assert ingest.returncode == 130
    assert errors.startswith("stopped; what was analysed is stored. Run the same command again to go on.")
    with faceindex.Library(library, create=False) as opened:
        new = int(out.splitlines()[1].split()[1])
        assert opened.status().photos == new


def test_clock_that_goes_backwards_changes_nothing(
    many_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("00.jpg", "01.jpg", "02.jpg"):
        shutil.copy(many_photos / name, photos)
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib-raw")) as library:
        assert library.ingest([photos]).new == 3
        before = [face.face for face in library.faces]

        monkeypatch.setattr(time, "time", lambda: 1.0)
        monkeypatch.setattr(writing, "now", lambda: "1970-01-01T00:00:01+00:00")
        shutil.copy(many_photos / "03.jpg", photos / "new.jpg")
        shutil.copy(many_photos / "04.jpg", photos / "01.jpg")  # edited
        for name, seconds in (("new.jpg", 5), ("01.jpg", 0), ("02.jpg", -1_000_000_000)):  # 02: touched only
            os.utime(photos / name, (seconds, seconds))
        report = library.ingest([photos])
        assert (report.new, report.unchanged, report.failed, report.total_faces) == (2, 2, 0, 4)
        assert set(before[:1] + before[2:]) < {face.face for face in library.faces}
        assert library.ingest([photos]).unchanged == 4
        assert not library.care.check(deep=True).damage
