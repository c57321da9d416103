"""Exit codes of commands about many things: 0 when some were done, 2 when all failed, 3 for circumstances."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import faceindex

Command = Callable[..., subprocess.CompletedProcess[str]]


def without_root_powers() -> None:
    """Drop CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: file modes then hold for root, too."""
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


def ended(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """`done` ended with `code`; its last word is one line that has all `words`, or there is none."""
    assert done.returncode == code, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    if words:
        line = done.stderr.splitlines()[-1]
        assert line.startswith("faceindex: ")
        assert all(word in line for word in words), line


@pytest.fixture
def photos(many_photos: Path, tmp_path: Path) -> Path:
    """Two photos of one face, of which b.jpg may not be read, and one that is none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, name in enumerate(("a.jpg", "b.jpg")):
        shutil.copy(many_photos / f"{number:02d}.jpg", folder / name)
    (folder / "none.jpg").write_text("no photo")
    (folder / "b.jpg").chmod(0)
    return folder


@pytest.fixture
def library(small_library: faceindex.Library, tmp_path: Path) -> Path:
    """A copy of the library of `many_photos`, in which all faces are Ada's."""
    shutil.copytree(small_library.path, tmp_path / "x.faces")
    with faceindex.Library(tmp_path / "x.faces") as opened:
        opened.people.name("Ada", album=next(iter(opened.albums)).album)
    return tmp_path / "x.faces"


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder that may not be written to."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    yield folder
    folder.chmod(0o700)


def test_search_many(command: Command, library: Path, photos: Path) -> None:
    def search(source: Path) -> subprocess.CompletedProcess[str]:
        return command("search-many", source, "-L", library, preexec_fn=without_root_powers)

    ended(search(photos), 0)
    ended(search(photos / "none.jpg"), 2, "no face to search with")
    ended(search(photos / "b.jpg"), 3, "cannot be reached")
    (photos / "a.jpg").unlink()
    ended(search(photos), 2, "no face to search with")


def test_verify_pairs(command: Command, library: Path, photos: Path, tmp_path: Path) -> None:
    def verify(*others: str) -> subprocess.CompletedProcess[str]:
        rows = ["a,b", *(f"{photos / 'a.jpg'},{photos / other}" for other in others)]
        (tmp_path / "pairs.csv").write_text("\n".join(rows))
        pairs = ("verify", "--pairs", tmp_path / "pairs.csv", "-L", library)
        return command(*pairs, preexec_fn=without_root_powers)

    ended(verify("a.jpg", "b.jpg"), 0)
    ended(verify("none.jpg", "missing.jpg"), 2, "no pair")
    ended(verify("none.jpg", "b.jpg"), 2, "no pair")
    ended(verify("b.jpg"), 3, "no pair", "cannot be reached")


def test_sidecars(command: Command, library: Path, many_photos: Path, tmp_path: Path, closed: Path) -> None:
    def sidecars(to: Path) -> subprocess.CompletedProcess[str]:
        return command(
            "photos", "sidecars", many_photos, "--to", to, "-L", library, "--json", preexec_fn=without_root_powers
        )

    ended(sidecars(tmp_path / "sidecars"), 0)
    broken = next((tmp_path / "sidecars").glob("*.xmp"))
    broken.write_text("<broken")
    done = sidecars(tmp_path / "sidecars")
    ended(done, 0)
    assert len(json.loads(done.stdout)["failed"]) == 1
    for sidecar in (tmp_path / "sidecars").glob("*.xmp"):
        sidecar.write_text("<broken")
    ended(sidecars(tmp_path / "sidecars"), 2, "no sidecar could be written")
    ended(sidecars(closed), 3, "no sidecar could be written", "cannot be reached")


def test_albums_export(command: Command, library: Path, tmp_path: Path) -> None:
    def export(name: str, *options: str) -> subprocess.CompletedProcess[str]:
        return command("albums", "export", tmp_path / name, "-L", library, *options)

    ended(export("albums"), 0)
    with closing(sqlite3.connect(library / "catalog.sqlite")) as catalog, catalog:
        catalog.execute("UPDATE paths SET path = CAST('/nowhere' || CAST(path AS TEXT) AS BLOB)")
    ended(export("albums"), 0)  # what was exported of them stays
    ended(export("others"), 3, "no photo could be exported", "cannot be reached")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").touch()
    ended(export("mine"), 2)


def test_a_full_disk_ends_an_export_with_3(command: Command, library: Path, tmp_path: Path) -> None:
    ended(command("export", "/dev/full", "-L", library), 3)


@contextmanager
def usual_signals() -> Iterator[None]:
    """Ctrl-C reaches programs that are started meanwhile, although who runs the tests may be in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals(library: Path, many_photos: Path, number: signal.Signals, code: int) -> None:
    arguments = [sys.executable, "-m", "faceindex", "search-many", str(many_photos), "-L", str(library), "-j", "1"]
    with usual_signals():
        running = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    running.stdout.readline()  # it is at work
    os.kill(running.pid, number)
    time.sleep(0.2)
    _, said = running.communicate(timeout=60)
    assert "Traceback" not in said
    assert running.returncode == code


SIGNALLED = """
import os, signal, sys, time
import faceindex
from faceindex.cli import app

def began(*arguments, **options):
    os.kill(os.getpid(), number)
    time.sleep(60)

faceindex.Library.__init__ = began
number = int(sys.argv[1])
for line in sys.argv[2:]:
    if not (child := os.fork()):
        sys.argv = ["faceindex", *line.split()]
        app.main()
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), line)
"""
"""Each command is signalled when it begins with its work: when it opens the library."""

COMMANDS = """
ingest .
search a.jpg
search-many .
identify a.jpg
cluster
albums list
albums export out
albums sheet out.html
people name 1 Ann
people review
photos list
photos failed
photos sidecars . --to out
forget --all
compact
check
backup out
repair
index build
status
export out.jsonl
""".strip().splitlines()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_every_command_has_the_same_codes_for_signals(
    tmp_path: Path, many_photos: Path, number: signal.Signals, code: int
) -> None:
    shutil.copy(many_photos / "00.jpg", tmp_path / "a.jpg")
    program = [sys.executable, "-c", SIGNALLED, str(int(number)), *COMMANDS]
    with usual_signals():
        done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
    assert [line.split(" ", 1) for line in done.stdout.splitlines()] == [[str(code), line] for line in COMMANDS]
    assert set(done.stderr.split("\n")) == {"", "faceindex: stopped"}


def test_a_program_that_uses_the_command_line_twice_keeps_its_stderr() -> None:
    program = """
import sys
from faceindex.cli import main
for _ in range(2):
    sys.argv = ["faceindex", "nonsense"]
    try:
        main()
    except SystemExit as ended:
        print("own", ended.code, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [line[:9] for line in done.stderr.splitlines()] == ["faceindex", "own 2"] * 2
