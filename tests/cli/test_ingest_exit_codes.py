"""Exit codes of `ingest`: 3 for what the machine did, of which nothing is stored, and 2 when no photo could be read."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Command


@pytest.fixture
def folder(many_photos: Path, tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    shutil.copy(many_photos / "00.jpg", tmp_path / "photos")
    return tmp_path / "photos"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that cannot be read, even by root")
def test_a_photo_that_cannot_be_read_now_is_out_of_reach_and_read_later(folder: Path, command: Command) -> None:
    photo, library = folder / "b.jpg", folder.parent / "x.faces"
    photo.symlink_to("/proc/self/mem")  # whose first bytes give EIO, as a disk that fails does
    done = command("ingest", folder, "-L", library, "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["photos"]["new"], report["photos"]["failed"]) == (3, 1, 0)
    assert report["out_of_reach"] == [{"path": str(photo), "error": "Input/output error"}]
    assert done.stderr.splitlines() == ["faceindex: 1 photo or folder was out of reach; the next ingest tries again"]
    listed = json.loads(command("photos", "failed", "-L", library, "--json").stdout)
    assert [(entry["path"], entry["out_of_reach"]) for entry in listed] == [(str(photo), True)]
    photo.unlink()
    shutil.copy(folder / "00.jpg", photo)
    assert command("ingest", folder, "-L", library).returncode == 0


def test_nothing_that_could_be_read_is_exit_code_2_and_the_report_is_printed(folder: Path, command: Command) -> None:
    (folder / "00.jpg").write_bytes(b"\xff\xd8\xff")
    for _ in range(2):
        done = command("ingest", folder, "-L", folder.parent / "x.faces", "--json")
        assert (done.returncode, json.loads(done.stdout)["photos"]["failed"]) == (2, 1)
        assert done.stderr.splitlines() == ["faceindex: 1 photo was found, and none can be read"]


def test_workers_that_cannot_start_are_one_line_and_no_photos_fault(
    folder: Path, tmp_path: Path, command: Command
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nif '-c' in sys.orig_argv:\n    sys.modules['onnxruntime'] = None\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    library = tmp_path / "x.faces"
    done = command("ingest", folder, "-L", library, env=environment)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("faceindex: worker processes do not start: ModuleNotFoundError: import of onnxruntime")
    done = command("ingest", folder, "-L", library, "--json")
    assert (done.returncode, json.loads(done.stdout)["photos"]["new"]) == (0, 1)


def test_the_report_says_how_many_workers_there_were_and_why(folder: Path, command: Command) -> None:
    def workers(*options: str) -> Any:
        return json.loads(command("ingest", folder, "-L", folder.parent / "x.faces", "--json", *options).stdout)[
            "workers"
        ]

    assert workers("--workers", "3") == {"number": 3, "reason": "as asked for"}
    assert "core" in workers()["reason"]
    assert "worker" in command("ingest", folder, "-L", folder.parent / "x.faces").stdout


def test_a_folder_on_a_disk_that_is_not_connected_is_exit_code_3_with_a_report(folder: Path, command: Command) -> None:
    library = folder.parent / "x.faces"
    assert command("ingest", folder, "-L", library).returncode == 0
    folder.rename(folder.parent / "elsewhere")
    done = command("ingest", folder, "-L", library, "--json")
    missed = [{"path": str(folder), "error": "the folder is missing; is its disk connected?"}]
    assert (done.returncode, json.loads(done.stdout)["out_of_reach"]) == (3, missed)
    assert done.stderr.splitlines() == ["faceindex: 1 photo or folder was out of reach; the next ingest tries again"]
    assert command("ingest", folder.parent / "misspelt", "-L", library).returncode == 2
