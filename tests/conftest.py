"""Fixtures: real photos where they are to be had, an astronaut everywhere, and the command line as a process."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import forked_program
import numpy as np
import pytest
from contents import Contents, contents
from hypothesis import settings
from made_library import MadeLibrary
from PIL import Image, ImageEnhance
from skimage import data

import faceindex
from faceindex.evaluation.labelled import evaluation_library, ingest_labelled
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import recipe
from faceindex.types import Pixels

os.environ["PYTHONWARNINGS"] = "error:library.:DeprecationWarning"
"""Our own commands and programs use no name of Library that goes away; pytest's own filter sees to this process."""

ROOT = Path(__file__).resolve().parents[1]
pytest_plugins = ("web_server", "browser_pages")

settings.register_profile("faceindex", deadline=None)  # no test may depend on how busy the machine is
settings.load_profile("faceindex")

Command = Callable[..., subprocess.CompletedProcess[str]]
Sized = Callable[[int], int]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faceindex")
    group.addoption("--long", action="store_true", help="run the tests that take minutes or hours, too")
    group.addoption("--share", type=float, default=1.0, help="of the size of long tests: with 0.02 they are only tried")
    group.addoption("--seed", type=int, default=0, help="of what long tests draw at random")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests are skipped unless they are asked for."""
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="it takes long: scripts/test --long runs it"))


@pytest.fixture
def sized(pytestconfig: pytest.Config) -> Sized:
    """How many of something a long test takes, by how many there are to be at its full size: at least one."""
    share: float = pytestconfig.getoption("--share")
    return lambda full: max(1, round(share * full))


@pytest.fixture
def seed(pytestconfig: pytest.Config) -> int:
    """What long tests draw at random follows from it."""
    given: int = pytestconfig.getoption("--seed")
    return given


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photos and truth that tests may read."""
    folder = Path(os.environ.get("FACEINDEX_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real photos at {folder}; set FACEINDEX_TEST_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def astronaut() -> Pixels:
    """uint8 [512, 512, 3]: Eileen Collins (NASA, public domain), one frontal face."""
    return np.ascontiguousarray(data.astronaut())


@pytest.fixture(scope="session")
def many_photos(astronaut: Pixels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty different small photos of one face, two of nothing, and one that is cut off."""
    folder = tmp_path_factory.mktemp("many")
    face = Image.fromarray(astronaut).crop((100, 0, 360, 260))
    for number in range(20):
        bright = ImageEnhance.Brightness(face).enhance(0.7 + number / 40)
        bright.save(folder / f"{number:02d}.jpg", quality=90)
    for number in range(2):
        Image.fromarray(data.coffee()).resize((200, 140 + number)).save(folder / f"nothing-{number}.png")
    whole = (folder / "00.jpg").read_bytes()
    (folder / "cut-off.jpg").write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.fixture(scope="session")
def usual(many_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """What an ingest of `many_photos` stores when nobody says what is to analyse photos."""
    path = tmp_path_factory.mktemp("usual") / "x.faces"
    with faceindex.Library(path, recipe="sface") as library:
        library.ingest([many_photos])
    return contents(path)


@pytest.fixture(scope="session")
def album_library(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[faceindex.Library]:
    """A library of the folder `album`, clustered; tests only read it."""
    path = tmp_path_factory.mktemp("libraries") / "album.faces"
    with faceindex.Library(path) as library:
        library.ingest([shared_data / "album"])
        library.cluster()
        yield library


@pytest.fixture(scope="session")
def small_library(many_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[faceindex.Library]:
    """A library of `many_photos`, clustered; tests only read it."""
    with faceindex.Library(tmp_path_factory.mktemp("libraries") / "small.faces") as library:
        library.ingest([many_photos])
        library.cluster()
        yield library


@pytest.fixture(scope="session")
def labelled_photos(shared_data: Path, many_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four people with three photos each, and Nobody: a photo without a face, and one that is cut off.

    Al_Pacino also has a copy of his first photo, 0004. Beside the people lie a photo and pairs.txt.
    """
    folder = tmp_path_factory.mktemp("labelled")
    for name in ("Abdullah_Gul", "Adel_Al-Jubeir", "Al_Pacino", "Adrien_Brody"):
        (folder / name).mkdir()
        for number in range(1, 4):
            photo = f"{name}_{number:04d}.jpg"
            shutil.copy(shared_data / "lfw-dev" / "images" / name / photo, folder / name)
    shutil.copy(folder / "Al_Pacino" / "Al_Pacino_0001.jpg", folder / "Al_Pacino" / "Al_Pacino_0004.jpg")
    (folder / "Nobody").mkdir()
    shutil.copy(many_photos / "nothing-0.png", folder / "Nobody" / "Nobody_0001.png")
    shutil.copy(many_photos / "cut-off.jpg", folder / "Nobody" / "Nobody_0002.jpg")
    shutil.copy(many_photos / "00.jpg", folder)
    same = ["Abdullah_Gul\t1\t2", "Al_Pacino\t2\t4", "Nobody\t1\t2"]
    different = ["Abdullah_Gul\t1\tAl_Pacino\t1", "Adrien_Brody\t2\tAdel_Al-Jubeir\t3", "Nobody\t2\tAl_Pacino\t1"]
    (folder / "pairs.txt").write_text("\n".join(["3", *same, *different, ""]))
    return folder


@pytest.fixture(scope="session")
def kept(labelled_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for `--keep` in which `labelled_photos` are ingested with the default recipe."""
    folder = tmp_path_factory.mktemp("kept")
    with evaluation_library(recipe(), folder) as library:
        ingest_labelled(library, labelled_photos)
    return folder


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeLibrary]:
    """An empty library for photos that are made of numbers."""
    library = MadeLibrary(tmp_path / "made.faces")
    yield library
    library.folder.close()


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Analyser:
    """An analyser that does to its worker what the photo's name says; workers can import it, too."""
    folder = str(ROOT / "tests" / "ingest")
    monkeypatch.setenv("PYTHONPATH", folder)
    monkeypatch.syspath_prepend(folder)
    return cast(Analyser, importlib.import_module("hostile_analyser").HostileAnalyser())


@pytest.fixture(scope="session")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path | None]:
    """A program that runs the command line in a fork of a process that has loaded everything; None without forks."""
    if not hasattr(os, "fork"):
        yield None
        return
    folder = tmp_path_factory.mktemp("forked")
    program, socket = folder / "faceindex", folder / "socket"
    program.write_text(forked_program.client(socket, "command"))
    program.chmod(0o755)
    with forked_program.running(socket):
        yield program


@pytest.fixture
def command(forked: Path | None) -> Command:
    """The command line in a process of its own; keyword arguments go to subprocess.run.

    Most of a short command's time is its start, so it is a fork of a process that has loaded everything. fresh: it
    starts as users start it, as it does where options change how it starts.
    """

    def run(*arguments: object, fresh: bool = False, **options: object) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if k != "FACEINDEX_LIBRARY"}
        settings: dict[str, Any] = {"capture_output": True, "text": True, "env": environment, "timeout": 300} | options
        fresh = fresh or forked is None or "preexec_fn" in options or "PYTHONPATH" in settings["env"]
        program = [sys.executable, "-m", "faceindex"] if fresh else [str(forked)]
        done: subprocess.CompletedProcess[str] = subprocess.run([*program, *map(str, arguments)], **settings)
        return done

    return run
