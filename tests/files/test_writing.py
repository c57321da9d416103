"""What is written is private, whole or not at all, and never written through a link."""

from __future__ import annotations

import errno
import os
import re
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faceindex.errors import UsageError
from faceindex.files import writing as private_files
from faceindex.files.writing import (
    NotPrivate,
    creating,
    is_temporary,
    keeps_modes,
    make_folder,
    new_file,
    own_folder,
    put_in_place,
    replacing,
    sync_folder,
    temporary_name,
    text_output,
    write_file,
)
from faceindex.system import files as system


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    former = os.umask(0)
    yield
    os.umask(former)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def text_file(path: Path) -> None:
    with text_output(path, errors="strict") as file:
        file.write("new")


def growing_file(path: Path) -> None:
    with text_output(path, errors="strict", at_once=True) as file:
        file.write("new")


def descriptor(path: Path) -> None:
    with os.fdopen(new_file(path), "wb") as file:
        file.write(b"new")


def created_file(path: Path) -> None:
    with creating(path) as file:
        file.write(b"new")


WAYS: dict[str, Callable[[Path], None]] = {
    "write_file": lambda path: write_file(path, b"new"),
    "text_output": text_file,
    "at once": growing_file,
    "new_file": descriptor,
    "creating": created_file,
}
every_way = pytest.mark.parametrize("write", WAYS.values(), ids=WAYS)


@every_way
def test_a_new_file_is_private_and_alone(tmp_path: Path, write: Callable[[Path], None]) -> None:
    write(tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"new"
    assert mode(tmp_path / "x") == 0o600
    assert os.listdir(tmp_path) == ["x"]  # noqa: PTH208


@every_way
@pytest.mark.parametrize("there", [True, False])
def test_a_planted_link_is_replaced_and_never_followed(
    tmp_path: Path, write: Callable[[Path], None], there: bool
) -> None:
    victim = tmp_path / "victim"
    if there:
        victim.write_bytes(b"precious")
    (tmp_path / "x").symlink_to(victim)
    (tmp_path / "x.tmp").symlink_to(victim)
    write(tmp_path / "x")
    assert not (tmp_path / "x").is_symlink()
    assert (tmp_path / "x").read_bytes() == b"new"
    assert victim.exists() == there
    assert not there or victim.read_bytes() == b"precious"


@every_way
def test_a_hard_link_to_a_victim_is_left_alone(tmp_path: Path, write: Callable[[Path], None]) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "x").hardlink_to(tmp_path / "victim")
    write(tmp_path / "x")
    assert (tmp_path / "victim").read_bytes() == b"precious"


def test_a_file_that_cannot_be_created_or_put_in_place_is_not_left_behind(tmp_path: Path) -> None:
    def fail() -> None:
        with creating(tmp_path / "x") as file:
            file.write(b"new")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "x").mkdir()
    created_file(tmp_path / "x.tmp")
    with pytest.raises(IsADirectoryError):
        put_in_place(tmp_path / "x.tmp", tmp_path / "x")
    assert list(tmp_path.iterdir()) == [tmp_path / "x"]


@pytest.mark.skipif(not system.OPENS_FOLDERS, reason="folders that cannot be opened, as on Windows, are not synced")
def test_what_is_created_is_synced_before_its_name_and_its_name_before_anybody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, list[str]]] = []

    def fsync(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_size, sorted(path.name for path in tmp_path.iterdir())))

    monkeypatch.setattr(os, "fsync", fsync)
    created_file(tmp_path / "x.tmp")
    assert synced == [(3, ["x.tmp"])]
    put_in_place(tmp_path / "x.tmp", tmp_path / "x")
    assert synced[1:] == [(tmp_path.stat().st_size, ["x"])]


def test_no_other_module_makes_files_durable_by_itself() -> None:
    package = Path(private_files.__file__).parents[1]
    others = (module for module in package.rglob("*.py") if module != Path(system.__file__))
    assert [str(module) for module in others if re.search(r"\bf(data)?sync\(", module.read_text())] == []


def test_a_temporary_name_that_is_taken_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    monkeypatch.setattr(private_files, "temporary_name", lambda: "guessed")
    (tmp_path / "guessed").symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        write_file(tmp_path / "x", b"new")
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert (tmp_path / "guessed").is_symlink()


def test_permissions_of_the_users_own_file_stay(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"old")
    (tmp_path / "x").chmod(0o644)
    write_file(tmp_path / "x", b"new")
    assert mode(tmp_path / "x") == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to another user")
@pytest.mark.skipif(not hasattr(vars(system)["os"], "geteuid"), reason="users have no numbers here, as on Windows")
def test_permissions_of_somebody_elses_file_are_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"old")
    (tmp_path / "x").chmod(0o666)
    os.chown(tmp_path / "x", 1, 1)
    write_file(tmp_path / "x", b"new")
    assert mode(tmp_path / "x") == 0o600


def test_permissions_behind_a_link_are_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"old")
    (tmp_path / "victim").chmod(0o666)
    (tmp_path / "x").symlink_to("victim")
    write_file(tmp_path / "x", b"new")
    assert mode(tmp_path / "x") == 0o600


@pytest.mark.parametrize("name", ["x" * 255, os.fsdecode(b"\xff" * 255)])
def test_the_longest_name_can_be_written(tmp_path: Path, name: str) -> None:
    write_file(tmp_path / name, b"new")
    assert (tmp_path / name).read_bytes() == b"new"


@pytest.mark.parametrize("name", ["x" * 256, "folder", "full"])
def test_an_error_leaves_the_former_file_and_nothing_else(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "full").write_bytes(b"old")
    if name == "full":
        monkeypatch.setattr(os, "fsync", _no_space)
    with pytest.raises(OSError, match=r"name|directory|space"):
        write_file(tmp_path / name, b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "full"]
    assert (tmp_path / "full").read_bytes() == b"old"


def _no_space(_: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_grows_slowly_is_there_at_once_and_stays_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        _write_a_row_and_stop(tmp_path / "x")
    assert (tmp_path / "x").read_text() == "row\n"
    with pytest.raises(ValueError, match="wrong"), replacing(tmp_path / "y", at_once=True):
        raise ValueError("wrong")
    assert not (tmp_path / "y").exists()


def _write_a_row_and_stop(path: Path) -> None:
    with text_output(path, errors="strict", at_once=True) as file:
        file.write("row\n")
        file.flush()
        assert path.read_text() == "row\n"
        raise KeyboardInterrupt


def test_a_folder_is_taken_only_when_it_is_one(tmp_path: Path) -> None:
    own_folder(tmp_path / "new")
    assert mode(tmp_path / "new") == 0o700
    (tmp_path / "old").mkdir(0o755)
    own_folder(tmp_path / "old")
    assert mode(tmp_path / "old") == 0o700
    (tmp_path / "victim").mkdir(0o755)
    (tmp_path / "link").symlink_to("victim")
    with pytest.raises(OSError, match="link"):
        own_folder(tmp_path / "link")
    assert mode(tmp_path / "victim") == 0o755


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_what_is_open_already_is_written_to_and_not_replaced(tmp_path: Path, path: str, kind: str) -> None:
    script = (
        "import sys; from pathlib import Path; from faceindex.files.writing import text_output\n"
        "with text_output(Path(sys.argv[1]), errors='strict') as file: file.write('new')"
    )
    before = os.lstat(path)
    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-c", script, path], stdout=out if kind == "file" else subprocess.PIPE, check=True
        )
    assert (done.stdout or (tmp_path / "out").read_bytes()) == b"new"
    assert os.lstat(path)[:2] == before[:2] or path.startswith("/proc")


@pytest.mark.skipif(
    not system.NOT_WAITING, reason="without O_NONBLOCK, as on Windows, there is no FIFO among files either"
)
def test_devices_and_pipes_are_not_replaced_and_one_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    text_file(Path("/dev/null"))
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(UsageError, match="no program reads from this pipe"):
        text_file(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    text_file(tmp_path / "fifo")
    assert os.read(reader, 9) == b"new"
    os.close(reader)


def test_a_temporary_name_is_known_again_and_each_is_another() -> None:
    names = {temporary_name() for _ in range(100)}
    assert len(names) == 100
    assert all(is_temporary(name) for name in names)
    assert not any(is_temporary(name) for name in ("albums.json.tmp", ".faceindex-notes.tmp", "x.jpg"))


@pytest.mark.skipif(not system.OPENS_FOLDERS, reason="folders that cannot be opened, as on Windows, are not synced")
@pytest.mark.parametrize(("code", "fails"), [(errno.EINVAL, False), (errno.ENOTSUP, False), (errno.EIO, True)])
def test_a_folder_that_cannot_be_synced_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, fails: bool
) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    acts: list[Callable[[], None]] = [lambda: sync_folder(tmp_path), lambda: write_file(tmp_path / "x", b"new")]
    for act in acts:
        if fails:
            with pytest.raises(OSError, match=os.strerror(code)):
                act()
        else:
            act()


@pytest.mark.parametrize("refuses", [True, False])
def test_a_file_system_that_keeps_no_modes_is_written_to_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refuses: bool
) -> None:
    def set_mode(_: Path, __: int, ___: int) -> None:
        if refuses:
            raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(private_files, "FILE_MODE", 0o644)  # what such a file system makes of it
    monkeypatch.setattr(private_files, "_said", set())
    monkeypatch.setattr(system, "set_mode", set_mode)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        write_file(tmp_path / "x", b"new", 0o600)
        write_file(tmp_path / "y", b"new", 0o600)
    assert [warning.category for warning in said] == [NotPrivate]
    assert str(tmp_path) in str(said[0].message)
    assert (tmp_path / "y").read_bytes() == b"new"
    assert keeps_modes(tmp_path) is False
    monkeypatch.undo()
    assert keeps_modes(tmp_path) is True
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x", "y"]


def test_a_new_folder_is_private_and_its_parents_are_made(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    assert mode(tmp_path / "a" / "b") == 0o700
