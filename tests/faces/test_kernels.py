"""What is compiled is kept in a private folder; without a compiler dlib detects."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from skimage import data

from faceindex.faces import engine, hog_start
from faceindex.faces.engine import Engine
from faceindex.faces.hog_start import HogStart
from faceindex.faces.kernels import kernel
from faceindex.files.user_cache import private_folder
from faceindex.files.user_folders import CACHE_ENVIRONMENT
from faceindex.files.writing import temporary_name

PROGRAM = f"""
import sys
import numpy as np
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_kernels
assert "numba" not in sys.modules
from numba.core.event import install_recorder
with install_recorder("numba:compile") as recorder:
    assert test_kernels.sum_of_squares(np.arange(4.0)) == 14
print(len(recorder.buffer))
"""
"""Uses kernels, and prints how many events there were while numba compiled one."""


@kernel()
def sum_of_squares(numbers: npt.NDArray[np.float64]) -> float:
    total = 0.0
    for number in numbers:
        total += number * number
    return total


def compilations(cache: Path) -> int:
    """Events of compilation in a process with this cache folder."""
    environment = os.environ | {CACHE_ENVIRONMENT: str(cache)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_without_a_compiler_dlib_finds_the_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (engine, hog_start):
        monkeypatch.setattr(module, "can_compile", lambda: False)
    monkeypatch.setattr("faceindex.faces.hog.hog_detector", None)
    photo = data.astronaut()
    assert Engine().hog_detections(photo, 0.0) == Engine("dlib").hog_detections(photo, 0.0) != []
    start = HogStart()
    many = np.broadcast_to(np.uint8(0), (20_000, 20_000, 3))
    assert start.engine(Engine(), many) == start.engine(Engine(), many) == Engine()


def test_what_was_compiled_is_loaded_by_the_next_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path))
    assert not sum_of_squares.kept
    assert compilations(tmp_path) > 0
    assert sum_of_squares.kept
    assert compilations(tmp_path) == 0
    assert (tmp_path / "kernels").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:100], lambda data: data[:-1] + b"x"])
def test_a_damaged_file_is_compiled_anew(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    compilations(tmp_path)
    for file in (tmp_path / "kernels").iterdir():
        file.write_bytes(damage(file.read_bytes()))
    assert compilations(tmp_path) > 0
    assert compilations(tmp_path) == 0


def test_of_other_versions_only_what_was_used_last_is_kept(tmp_path: Path) -> None:
    compilations(tmp_path)
    folder = tmp_path / "kernels"
    (kept,) = folder.iterdir()
    stem, day = kept.name.split("-")[0], 24 * 3600
    older = [folder / f"{stem}-{number:032x}" for number in range(20)]
    other = folder / "another.kernel-0"
    unfinished = folder / temporary_name()
    for days, file in enumerate([kept, *older, other, unfinished], start=2):
        file.touch()
        os.utime(file, (file.stat().st_mtime - days * day,) * 2)
    assert compilations(tmp_path) == 0  # that is a use, so the file is as good as new
    kept.write_bytes(b"damaged")
    assert compilations(tmp_path) > 0
    assert {file.name for file in folder.iterdir()} == {kept.name, *(file.name for file in older[:7]), other.name}
    assert compilations(tmp_path) == 0


def test_what_is_loaded_counts_as_used(tmp_path: Path) -> None:
    compilations(tmp_path)
    (kept,) = (tmp_path / "kernels").iterdir()
    os.utime(kept, (0, 0))
    assert compilations(tmp_path) == 0
    assert kept.stat().st_mtime > 0


def test_processes_that_prune_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "kernels"
    folder.mkdir()
    for number in range(300):
        (folder / f"x-{number}").touch()
    script = "import sys; from pathlib import Path; from faceindex.files.user_cache import prune\n"
    script += "prune(Path(sys.argv[1]), 'x-', 8)"
    pruning = [subprocess.Popen([sys.executable, "-c", script, str(folder)]) for _ in range(3)]
    assert [process.wait() for process in pruning] == [0, 0, 0]
    assert len(list(folder.iterdir())) == 8


def test_without_a_writable_place_it_is_compiled_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert compilations(tmp_path / "file") > 0
    assert compilations(tmp_path / "file") > 0


def test_a_folder_that_others_may_write_to_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path))
    compilations(tmp_path)
    (tmp_path / "kernels").chmod(0o777)
    assert private_folder("kernels") is None
    assert compilations(tmp_path) > 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path))
    compilations(tmp_path)
    os.chown(tmp_path / "kernels", 65534, 65534)
    assert private_folder("kernels") is None
    assert compilations(tmp_path) > 0


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    (tmp_path / "planted").mkdir(mode=0o700)
    (tmp_path / "cache" / "kernels").symlink_to(tmp_path / "planted")
    assert private_folder("kernels") is None


def test_without_a_home_there_is_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_ENVIRONMENT, "~/cache")  # as platformdirs says where it knows of no home
    assert private_folder("kernels") is None
