"""Only regular files are opened; nothing else is waited for."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from faceindex.files.reading import NOT_REGULAR, open_regular, read_regular, require_regular
from faceindex.system.files import NOT_WAITING


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        here = os.getcwd()  # noqa: PTH109  (a socket's path is short)
        os.chdir(path.parent)
        unix.bind(path.name)
        os.chdir(here)


KINDS: dict[str, Callable[[Path], None]] = {
    "fifo": os.mkfifo,
    "socket": make_socket,
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("read", [open_regular, read_regular, require_regular])
def test_anything_else_is_refused_at_once(
    tmp_path: Path, make: Callable[[Path], None], read: Callable[[Path], object]
) -> None:
    make(tmp_path / "x")
    with pytest.raises(OSError, match="x") as raised:
        read(tmp_path / "x")
    assert raised.value.strerror == NOT_REGULAR


def test_folders_and_absent_files_are_told_in_the_usual_words(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")


def test_links_are_followed_and_reading_blocks_as_usual(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"here")
    (tmp_path / "link").symlink_to("x")
    with open_regular(tmp_path / "link") as file:
        assert os.get_blocking(file.fileno())
        assert file.read() == b"here"


@pytest.mark.skipif(not NOT_WAITING, reason="without O_NONBLOCK, as on Windows, files are no FIFOs")
def test_a_fifo_that_takes_the_files_place_just_before_it_is_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_bytes(b"here")
    real = os.open

    def swapped(path: Path, flags: int) -> int:
        path.unlink()
        os.mkfifo(path)
        return real(path, flags)

    monkeypatch.setattr(os, "open", swapped)
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0  # noqa: PTH208
    with pytest.raises(OSError, match=NOT_REGULAR):
        open_regular(tmp_path / "x")
    assert sys.platform != "linux" or len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_what_a_shell_hands_over_is_read_where_that_is_wanted(tmp_path: Path) -> None:
    script = (
        "import sys; from faceindex.files.reading import read_regular\n"
        "sys.stdout.buffer.write(read_regular('/dev/stdin', or_descriptor=True))"
    )
    done = subprocess.run([sys.executable, "-c", script], input=b"a,b\n", capture_output=True, check=True)
    assert done.stdout == b"a,b\n"
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match=NOT_REGULAR):
        read_regular(tmp_path / "fifo", or_descriptor=True)
