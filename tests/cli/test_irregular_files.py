"""FIFOs in the place of files that are read, links in the place of files that are written."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import faceindex

Command = Callable[..., subprocess.CompletedProcess[str]]
WAIT = 60  # seconds, for a command that would wait for ever


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("x.jpg", ["search", "FIFO"], 2),
        ("x.npy", ["search-many", "FIFO"], 2),
        ("x.h5", ["search-many", "FIFO"], 2),
        ("pairs.csv", ["verify", "--pairs", "FIFO"], 2),
        ("pairs.txt", ["evaluate", "lfw", ".", "--pairs", "FIFO"], 2),
        ("x.onnx", ["models", "add", "FIFO", "--card", "FIFO"], 3),
        ("facenet.pb", ["models", "add", "facenet", "FIFO"], 3),
        ("out.jsonl", ["export", "FIFO"], 2),
        ("out.html", ["albums", "sheet", "FIFO"], 2),
    ],
)
def test_a_fifo_is_refused_in_one_line_and_not_waited_for(
    command: Command, small_library: faceindex.Library, tmp_path: Path, name: str, arguments: Sequence[str], code: int
) -> None:
    os.mkfifo(tmp_path / name)
    library = [] if arguments[0] in ("evaluate", "models") else ["-L", small_library.path]
    given = [str(tmp_path / name) if word == "FIFO" else word for word in arguments]
    done = command(*given, *library, timeout=WAIT, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    (line,) = done.stderr.splitlines()
    assert name in line
    assert "not a regular file" in line or "no program reads from this pipe" in line


def test_fifos_beside_photos_stop_no_ingest(command: Command, many_photos: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(many_photos / "00.jpg", photos)
    for name in ("albums.json", "00.jpg.xmp", "00.xmp", "01.jpg", "notes"):
        os.mkfifo(photos / name)
    done = command("ingest", "--xmp", photos, "-L", tmp_path / "x.faces", timeout=WAIT)
    assert done.returncode == 0
    assert "01.jpg" in done.stdout + done.stderr


@pytest.mark.parametrize("pattern", ["lock", "catalog.sqlite", "vectors/*", "index/*"])
def test_a_fifo_in_a_library_is_refused_and_not_waited_for(
    command: Command, small_library: faceindex.Library, tmp_path: Path, pattern: str
) -> None:
    library = tmp_path / "x.faces"
    shutil.copytree(small_library.path, library)
    for path in list(library.glob(pattern)):
        path.unlink()
        os.mkfifo(path, 0o600)
    for arguments in (["check", "--deep"], ["compact"]):
        done = command(*arguments, "-L", library, timeout=WAIT)
        assert done.returncode in (0, 1, 2, 3)
        assert "Traceback" not in done.stderr


def test_a_planted_lock_is_not_written_through(
    command: Command, small_library: faceindex.Library, tmp_path: Path
) -> None:
    library = tmp_path / "x.faces"
    shutil.copytree(small_library.path, library)
    (tmp_path / "victim").write_bytes(b"precious")
    (library / "lock").unlink()
    (library / "lock").symlink_to(tmp_path / "victim")
    done = command("compact", "-L", library)
    assert done.returncode == 3
    assert (tmp_path / "victim").read_bytes() == b"precious"


def test_a_backup_is_not_made_in_a_planted_folder(
    command: Command, small_library: faceindex.Library, tmp_path: Path
) -> None:
    (tmp_path / "victim").mkdir(0o755)
    (tmp_path / "b.faces.partial").symlink_to(tmp_path / "victim")
    done = command("backup", tmp_path / "b.faces", "-L", small_library.path)
    assert done.returncode == 2
    assert "in the way" in done.stderr
    assert list((tmp_path / "victim").iterdir()) == []
    assert stat.S_IMODE((tmp_path / "victim").stat().st_mode) == 0o755


@pytest.mark.parametrize("arguments", [["export", "OUT", "--vectors"], ["albums", "sheet", "OUT"]])
def test_a_link_that_is_named_as_output_is_replaced_and_the_new_file_private(
    command: Command, small_library: faceindex.Library, tmp_path: Path, arguments: Sequence[str]
) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "out").symlink_to(tmp_path / "victim")
    given = [str(tmp_path / "out") if word == "OUT" else word for word in arguments]
    assert command(*given, "-L", small_library.path).returncode == 0
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert not (tmp_path / "out").is_symlink()
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600


def test_pairs_come_from_and_rows_go_to_a_pipe(command: Command, many_photos: Path) -> None:
    pairs = f"a,b\n{many_photos / '00.jpg'},{many_photos / '01.jpg'}\n"
    done = command("verify", "--pairs", "/dev/stdin", "--out", "/dev/stdout", input=pairs, timeout=WAIT)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2)
