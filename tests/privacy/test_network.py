"""Nothing leaves the machine, and nothing is left outside of the library, our cache and what was asked for.

Programs run for a minute under strace, all at the same time: onnxruntime's telemetry opens its first socket some ten
seconds after the import. A program that it talks in shows that the same eyes would see it. Whoever adds a command that
imports something new adds it to COMMANDS.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
import traced
from PIL import Image

from faceindex.running import telemetry
from faceindex.types import Pixels

SECONDS = 62.0
"""How long onnxruntime is in each process at least."""

WORKER = "from faceindex.ingest.workers.start import main; main()"

COMMANDS = """
ingest photos
search photos/1.jpg --sheet out/search.html
search-many photos
cluster
people name face:1 Ann
identify photos/1.jpg
identify photos/2.jpg --method svm --sheet out/who.html
photos show photos/1.jpg --sheet out/photo.html
verify photos/1.jpg photos/2.jpg
albums list --log out/log
completion bash
albums sheet out/albums.html
albums export out/albums --xmp
photos sidecars photos --to out/sidecars
export out/faces.jsonl --vectors
index build --kind flat
models list
models verify
evaluate all-pairs people --plots out/plots
evaluate albums people
check --deep
backup out/backup
people forget Ann
people forget --lift photos
compact
status
""".strip().splitlines()
"""`verify` answers no with exit code 1; every other command has to end well."""

if find_spec("openvino"):
    COMMANDS += ["ingest people --engine openvino", "search photos/1.jpg --engine openvino"]

EVERY_COMMAND = (
    "import sys, time\nuntil = time.monotonic() + float(sys.argv.pop(1))"
    + traced.RUN_COMMANDS
    + """
import importlib.util
assert "onnxruntime" in sys.modules and "matplotlib" in sys.modules
assert not importlib.util.find_spec("openvino") or "openvino" in sys.modules
import numba  # which only large libraries need
time.sleep(max(0, until - time.monotonic()))
"""
)

OWN_PROGRAM = """
import {first}
import faceindex
import time, sys
seconds, path, *photos = sys.argv[1:]
def hold(progress):  # the worker lives as long as its ingest
    if progress.faces and not held:
        held.append(time.sleep(float(seconds)))
held = []
with faceindex.Library(path) as library:
    library.ingest(photos, workers=1, progress=hold)
    assert held
    library.cluster()
    library.people.name("Ann", face=1)
    assert library.search(photos[0])[0].matches and library.identify(photos[0])
"""

ON_RAY = """
import faceindex
import sys, time
from faceindex.cluster.session import RaySession
from faceindex.cluster.executor import RayExecutor
seconds, path, *photos = sys.argv[1:]
def hold(progress):  # Ray lives as long as its session
    if progress.faces and not held:
        held.append(time.sleep(float(seconds)))
held = []
with RaySession("ray", cpus=1, object_store=100 << 20) as session, faceindex.Library(path) as library:
    assert library.ingest(photos, executor=RayExecutor(session), progress=hold).new == 2
    assert held
"""

OWN_ADDRESSES = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A program that has ended well: what it did, and what it wrote to stderr."""

    trace: traced.Trace
    errors: str


@dataclass(frozen=True, slots=True)
class Folders:
    """Where programs may write: `work` holds the library and what is asked for. The rest of `root` is forbidden."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def temporary(self) -> Path:
        return self.root / "temporary"

    @property
    def cache(self) -> Path:
        return self.home / ".cache" / "faceindex"

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def talker(self) -> Path:
        return self.root / "talker"

    @property
    def of_ray(self) -> Path:
        return self.root / "ray"

    def environment(self) -> dict[str, str]:
        """That of a user who chose nothing."""
        ours = {"HOME": str(self.home), "TMPDIR": str(self.temporary), "FACEINDEX_LIBRARY": "library.faces"}
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | ours

    def of_talker(self) -> dict[str, str]:
        """The same for a program that leaves files of its own in its home and its temporary folder."""
        own = {"HOME": str(self.talker), "TMPDIR": str(self.talker), "FACEINDEX_CACHE": str(self.cache)}
        return self.environment() | own


@pytest.fixture(scope="module")
def folders(astronaut: Pixels, tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """With photos and two people with two photos each."""
    made = Folders(tmp_path_factory.mktemp("traced"))
    for folder in (made.home, made.cache.parent, made.temporary, made.work, made.talker, made.of_ray):
        folder.mkdir()
    face = Image.fromarray(astronaut).crop((100, 0, 360, 260))
    for number, place in enumerate(("photos", "photos", "people/one", "people/one", "people/two", "people/two"), 1):
        (made.work / place).mkdir(parents=True, exist_ok=True)
        face.resize((260 - number, 260)).save(made.work / place / f"{number}.jpg", quality=90)
    return made


@pytest.fixture(scope="module")
def seen(folders: Folders) -> dict[str, Seen]:
    """What the programs did, by their names."""
    traced.skip_unless_traced()
    programs = {
        "commands": [EVERY_COMMAND, str(SECONDS), *(line.replace("out/", f"{folders.work}/out/") for line in COMMANDS)],
        "faceindex first": [OWN_PROGRAM.format(first="os"), str(SECONDS), "own.faces", "photos/1.jpg", "photos/2.jpg"],
        "onnxruntime first": [OWN_PROGRAM.format(first="onnxruntime"), str(SECONDS), "late.faces", "photos/1.jpg"],
    }
    if find_spec("ray"):
        programs["on Ray"] = [ON_RAY, str(SECONDS), "ray.faces", "photos/1.jpg", "photos/2.jpg"]
    homes = {"onnxruntime first": folders.of_talker(), "on Ray": folders.environment() | {"HOME": str(folders.of_ray)}}
    running: dict[str, subprocess.Popen[str]] = {}
    try:
        for name, program in programs.items():
            running[name] = traced.start(
                [sys.executable, "-c", *program],
                folders.root / f"{name}.trace",
                homes.get(name, folders.environment()),
                offline=name != "on Ray",
                cwd=folders.work,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        errors = {name: process.communicate(timeout=600)[1] for name, process in running.items()}
    finally:
        for process in running.values():
            process.kill()
    for name, process in running.items():
        assert process.returncode == 0, f"{name}: {errors[name]}"
    return {name: Seen(traced.read(folders.root / f"{name}.trace"), errors[name]) for name in programs}


def test_no_command_and_no_worker_opens_a_connection(seen: dict[str, Seen]) -> None:
    assert seen["commands"].trace.of(WORKER).calls
    assert seen["commands"].trace.talk() == []


def test_a_users_own_program_opens_no_connection(seen: dict[str, Seen]) -> None:
    program = seen["faceindex first"]
    assert program.trace.of(WORKER).calls
    assert program.trace.talk() == []
    assert telemetry.ENVIRONMENT not in program.errors


def test_workers_are_silent_where_onnxruntime_came_first_and_one_warning_says_what_to_do(seen: dict[str, Seen]) -> None:
    program = seen["onnxruntime first"]
    workers = program.trace.of(WORKER)
    assert workers.calls
    assert workers.talk() == []
    assert program.errors.count("Warning") == program.errors.count(telemetry.ENVIRONMENT) == 1


@pytest.mark.skipif(find_spec("ray") is None, reason="the extra `cluster` is not installed")
def test_on_ray_everything_talks_on_the_loopback_interface_only(seen: dict[str, Seen], folders: Folders) -> None:
    """Ray's daemons, its workers and ours: they listen there, and connect to nothing else, not even to a name server
    or to a cloud's metadata."""
    trace = seen["on Ray"].trace
    assert trace.of(WORKER).calls
    place = re.compile(r'sin_addr=inet_addr\("([^"]+)"|inet_pton\(AF_INET6, "([^"]+)", &sin6_addr')
    addresses = {four or six for call in trace.talk() for four, six in place.findall(call)}
    assert "127.0.0.1" in addresses
    assert addresses <= OWN_ADDRESSES
    assert {path.name for path in folders.of_ray.iterdir()} <= {".cache", ".local"}  # our graphs, and Ray's token


def test_a_program_that_talks_is_seen(seen: dict[str, Seen], folders: Folders) -> None:
    """The program that imports onnxruntime first: without the variable, it reports and writes an identifier."""
    library = Path(sysconfig.get_path("platlib"), "onnxruntime", "capi")
    if not any(telemetry.ENVIRONMENT.encode() in file.read_bytes() for file in library.glob("*.so*")):
        pytest.skip("the installed onnxruntime has no telemetry")
    trace = seen["onnxruntime first"].trace
    talker = trace.without(trace.of(WORKER))
    assert any("AF_INET" in call for call in talker.talk())
    assert any(place.endswith("/deviceid") for place in new_files(talker, folders))


def test_nothing_is_left_outside_of_library_cache_and_output(seen: dict[str, Seen], folders: Folders) -> None:
    workers = seen["onnxruntime first"].trace.of(WORKER)
    for trace in (seen["commands"].trace, seen["faceindex first"].trace, workers):
        assert new_files(trace, folders) == []
    assert list(folders.temporary.iterdir()) == []
    assert [*folders.home.iterdir(), *folders.cache.parent.iterdir()] == [folders.cache.parent, folders.cache]
    assert {path.name for path in folders.work.iterdir()} == {
        "photos",
        "people",
        "out",
        "library.faces",
        "own.faces",
        "late.faces",
        *(["ray.faces"] if "on Ray" in seen else []),
    }


def new_files(trace: traced.Trace, folders: Folders) -> list[str]:
    """What was made where nothing may be.

    The interpreter keeps the code of modules beside them, as it always does; its semaphores have a name for an instant.
    """
    allowed = [folders.work, folders.cache, folders.temporary, Path(os.devnull), Path("/proc")]
    code = re.compile(r"/__pycache__(/[^/]+\.pyc(\.\d+)?)?$")
    made = [place for place in trace.made(outside=allowed) if not code.search(place)]
    return [place for place in made if not place.startswith("/dev/shm/sem.") or Path(place).exists()]
