"""`check`, `backup` and `repair` on the command line: exit codes, tables, JSON."""

from __future__ import annotations

import ctypes
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from made_library import MadeLibrary

import faceindex
from faceindex.store.lock import WriterLock
from faceindex.types import Box

Command = Callable[..., subprocess.CompletedProcess[str]]


def without_root_powers() -> None:
    """Drop CAP_DAC_OVERRIDE from what the next program may have: file modes then hold for root, too."""
    drop_from_bounding_set, dac_override = 24, 1
    ctypes.CDLL(None).prctl(drop_from_bounding_set, dac_override, 0, 0, 0)


@pytest.fixture
def library(small_library: faceindex.Library, tmp_path: Path) -> Path:
    """A copy of `small_library` that may be damaged."""
    copy = tmp_path / "copy.faces"
    shutil.copytree(small_library.path, copy)
    return copy


def test_check_of_a_whole_library(command: Command, library: Path) -> None:
    done = command("check", "-L", library)
    assert (done.returncode, done.stderr) == (0, "")
    assert "intact" in done.stdout
    assert "damaged" not in done.stdout
    answer = json.loads(command("check", "--deep", "--json", "-L", library).stdout)
    assert list(answer) == ["library", "whole", "deep", "parts", "seconds"]
    assert (answer["library"], answer["whole"], answer["deep"]) == (str(library), True, True)
    assert [set(part) for part in answer["parts"]] == [{"part", "found", "damage", "notes", "whole"}] * 7
    assert all(part["whole"] for part in answer["parts"])


def test_check_names_each_damaged_file_and_the_way_out(command: Command, library: Path) -> None:
    segment, *_ = sorted((library / "vectors").iterdir())
    segment.unlink()
    done = command("check", "-L", library)
    assert (done.returncode, done.stderr) == (1, "")
    (line,) = [line for line in done.stdout.splitlines() if str(segment) in line]
    assert "missing" in line
    assert "faceindex repair" in line
    done = command("check", "-L", library, "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["whole"] is False
    (damage,) = [damage for part in answer["parts"] for damage in part["damage"]]
    assert damage == {"file": str(segment), "problem": "missing", "remedy": "faceindex repair"}


def test_catalog_that_cannot_be_opened_is_told_in_one_line(command: Command, library: Path) -> None:
    (library / "catalog.sqlite").write_bytes(b"no database" * 1000)
    done = command("check", "-L", library)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert str(library / "catalog.sqlite") in line
    assert "backup" in line


def test_check_of_no_library(command: Command, tmp_path: Path) -> None:
    done = command("check", "-L", tmp_path / "none")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no library at" in done.stderr


def test_backup_and_its_json(command: Command, library: Path, tmp_path: Path) -> None:
    done = command("backup", tmp_path / "copy", "-L", library)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{tmp_path / 'copy'}: 22 photos, 20 faces" in done.stdout
    assert command("check", "--deep", "-L", tmp_path / "copy").returncode == 0
    answer = json.loads(command("backup", tmp_path / "second", "--json", "-L", library).stdout)
    assert list(answer) == ["path", "photos", "faces", "segments", "bytes", "seconds"]
    assert (answer["path"], answer["photos"], answer["faces"]) == (str(tmp_path / "second"), 22, 20)


def test_backup_to_an_existing_path_is_refused(command: Command, library: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").touch()
    done = command("backup", tmp_path / "copy", "-L", library)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "copy is there already" in line


@pytest.mark.parametrize("limit", [50_000, 150_000])
def test_backup_to_a_full_disk_leaves_nothing(command: Command, made: MadeLibrary, tmp_path: Path, limit: int) -> None:
    made.store("crowd", [Box(10 * number, 10, 9, 9) for number in range(500)])  # a segment of 270 kB

    def full_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = command("backup", tmp_path / "copy", "-L", made.folder.path, preexec_fn=full_disk)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert f"cannot write the backup {tmp_path / 'copy'}" in line
    assert not list(tmp_path.glob("copy*"))


@pytest.mark.skipif(sys.platform != "linux", reason="drops a Linux capability, so that root is refused as others are")
def test_read_only_library_is_checked_and_backed_up(command: Command, library: Path, tmp_path: Path) -> None:
    for path in [library, *library.rglob("*")]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    checked = command("check", "--deep", "-L", library, preexec_fn=without_root_powers)
    copied = command("backup", tmp_path / "copy", "-L", library, preexec_fn=without_root_powers)
    for path in [library, *library.rglob("*")]:
        path.chmod(0o700)
    assert checked.returncode == 0, checked.stderr
    assert copied.returncode == 0, copied.stderr
    assert command("check", "--deep", "-L", tmp_path / "copy").returncode == 0


def test_repair_and_its_json(command: Command, library: Path) -> None:
    segment, *_ = sorted((library / "vectors").iterdir())
    segment.chmod(0o644)
    shutil.copy(segment, library / "kept")
    (library / "kept").chmod(0o600)
    segment.unlink()
    shutil.move(library / "kept", library / "vectors" / "another name.h5")
    done = command("repair", "-L", library)
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = [line for line in done.stdout.splitlines() if str(segment) in line]
    assert "missing" in line
    assert "repaired" in line
    done = command("repair", "-L", library, "--json")
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    assert list(answer) == [
        *("library", "found", "left", "saved", "analysed", "waiting", "failed", "seconds", "whole"),
    ]
    assert (answer["found"], answer["left"], answer["whole"]) == ([], [], True)


def test_repair_leaves_faces_of_missing_photos(command: Command, made: MadeLibrary) -> None:
    made.store("away", [Box(10, 10, 50, 50)])
    (made.folder.path / "vectors" / "000001.h5").unlink()
    done = command("repair", "-L", made.folder.path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "still without a vector: 1 face" in done.stdout


def test_repair_of_a_library_that_is_being_written(command: Command, library: Path) -> None:
    lock = WriterLock(library / "lock")
    done = command("repair", "-L", library)
    lock.release()
    assert (done.returncode, done.stdout) == (3, "")
    assert "is being written by" in done.stderr


def test_repair_of_a_damaged_catalog_points_to_the_backup(command: Command, library: Path) -> None:
    catalog = library / "catalog.sqlite"
    catalog.write_bytes(catalog.read_bytes()[: 4096 * 5])
    done = command("repair", "-L", library)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert str(catalog) in line
    assert "backup" in line
