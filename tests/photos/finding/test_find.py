"""find_files: every regular file under the given paths, each once, in a stable order, none opened."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from faceindex.errors import UsageError
from faceindex.photos.finding.addresses import absolute
from faceindex.photos.finding.entries import FoundFile, UnreadableEntry
from faceindex.photos.finding.find import find_files


def make(root: Path, *names: str) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")


def found(entries: Iterable[FoundFile | UnreadableEntry]) -> list[str]:
    """The paths of the files; fails when an entry could not be looked at."""
    paths = []
    for entry in entries:
        assert isinstance(entry, FoundFile), entry
        paths.append(entry.path)
    return paths


def below(root: Path, paths: Iterable[str]) -> list[str]:
    return [os.path.relpath(path, root) for path in paths]


def test_files_come_depth_first_and_sorted_by_name_whatever_order_they_were_made_in(tmp_path: Path) -> None:
    names = ["a.jpg", "b/1.jpg", "b/c/2.jpg", "b/d.jpg", "b.jpg", "z/0.jpg"]
    expected = ["a.jpg", "b/1.jpg", "b/c/2.jpg", "b/d.jpg", "b.jpg", "z/0.jpg"]
    for number, order in enumerate((names, names[::-1], names[3:] + names[:3])):
        root = tmp_path / str(number)
        make(root, *order)
        assert below(root, found(find_files([root]))) == expected


def test_roots_are_searched_in_the_order_given(tmp_path: Path) -> None:
    make(tmp_path, "one/a.jpg", "two/a.jpg")
    assert below(tmp_path, found(find_files([tmp_path / "two", tmp_path / "one"]))) == ["two/a.jpg", "one/a.jpg"]


def test_a_found_file_tells_absolute_path_size_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").write_bytes(b"12345")
    os.utime(tmp_path / "a.jpg", ns=(7, 1_234_567_890_123_456_789))
    monkeypatch.chdir(tmp_path)
    assert list(find_files(["."])) == [
        FoundFile(str(tmp_path / "a.jpg"), size=5, mtime_ns=1_234_567_890_123_456_789, named=False)
    ]


def test_only_a_file_given_by_the_user_is_named(tmp_path: Path) -> None:
    make(tmp_path, "a.txt", "folder/b.txt")
    entries = list(find_files([tmp_path / "a.txt", tmp_path / "folder"]))
    assert [entry.named for entry in entries if isinstance(entry, FoundFile)] == [True, False]


def test_home_is_expanded_in_given_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    make(tmp_path, "Pictures/a.jpg")
    assert found(find_files(["~/Pictures"])) == [str(tmp_path / "Pictures" / "a.jpg")]


def test_absolute_keeps_symbolic_links_and_removes_dots(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert absolute(tmp_path / "link" / "." / "x" / ".." / "a.jpg") == str(tmp_path / "link" / "a.jpg")


def test_hidden_files_and_folders_below_a_root_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", ".hidden.jpg", ".thumbnails/b.jpg", "sub/.c.jpg", "sub/d.jpg", "sub/.git/e.jpg")
    assert below(tmp_path, found(find_files([tmp_path]))) == ["a.jpg", "sub/d.jpg"]


def test_hidden_files_and_folders_that_are_given_are_searched(tmp_path: Path) -> None:
    make(tmp_path, ".album/a.jpg", ".album/.b.jpg", ".c.jpg")
    given = [tmp_path / ".album", tmp_path / ".c.jpg"]
    assert below(tmp_path, found(find_files(given))) == [".album/a.jpg", ".c.jpg"]


def test_files_and_folders_reached_by_symbolic_links_are_found(tmp_path: Path) -> None:
    make(tmp_path, "elsewhere/a.jpg", "elsewhere/sub/b.jpg", "root/own.jpg")
    (tmp_path / "root" / "file.jpg").symlink_to(tmp_path / "elsewhere" / "a.jpg")
    (tmp_path / "root" / "sub").symlink_to(tmp_path / "elsewhere" / "sub")
    root = tmp_path / "root"
    assert below(root, found(find_files([root]))) == ["file.jpg", "own.jpg", "sub/b.jpg"]


def test_loops_of_symbolic_links_end(tmp_path: Path) -> None:
    make(tmp_path, "a/photo.jpg", "b/photo.jpg")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to(".")
    (tmp_path / "b" / "across").symlink_to(tmp_path / "a")
    assert below(tmp_path, found(find_files([tmp_path]))) == ["a/photo.jpg", "b/photo.jpg"]


def test_a_folder_reached_two_ways_is_listed_once(tmp_path: Path) -> None:
    make(tmp_path, "real/photo.jpg")
    (tmp_path / "alias").symlink_to("real")
    assert below(tmp_path, found(find_files([tmp_path]))) == ["alias/photo.jpg"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([".", "."], ["a.jpg", "sub/b.jpg", "sub/c.jpg"]),
        ([".", "sub"], ["a.jpg", "sub/b.jpg", "sub/c.jpg"]),
        (["sub", "."], ["sub/b.jpg", "sub/c.jpg", "a.jpg"]),
        (["sub/c.jpg", "sub"], ["sub/c.jpg", "sub/b.jpg"]),
        (["sub", "sub/c.jpg"], ["sub/b.jpg", "sub/c.jpg"]),
        (["sub/c.jpg", "sub/../sub/c.jpg"], ["sub/c.jpg"]),
    ],
)
def test_each_file_comes_once_when_the_given_paths_overlap(
    tmp_path: Path, given: list[str], expected: list[str]
) -> None:
    make(tmp_path, "a.jpg", "sub/b.jpg", "sub/c.jpg")
    paths = found(find_files([tmp_path / path for path in given]))
    assert sorted(below(tmp_path, paths)) == sorted(expected)


def test_a_given_file_stays_named_when_its_folder_is_given_too(tmp_path: Path) -> None:
    make(tmp_path, "note.txt", "other.txt")
    for given in ([tmp_path, tmp_path / "note.txt"], [tmp_path / "note.txt", tmp_path]):
        named = {Path(e.path).name: e.named for e in find_files(given) if isinstance(e, FoundFile)}
        assert named["note.txt"], given


def test_a_missing_path_is_a_usage_error_that_names_it_before_anything_is_found(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    entries = find_files([tmp_path, tmp_path / "missing"])
    with pytest.raises(UsageError, match="missing") as error:
        next(entries)
    assert "\n" not in str(error.value)


def test_no_paths_find_nothing() -> None:
    assert list(find_files([])) == []


def test_an_empty_folder_holds_no_files(tmp_path: Path) -> None:
    assert list(find_files([tmp_path])) == []


def test_a_folder_that_may_not_be_read_is_reported_and_its_neighbours_are_found() -> None:
    # Not tmp_path: pytest's folders are closed to the user that root becomes here.
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        make(root, "a.jpg", "closed/b.jpg", "d.jpg")
        (root / "closed").chmod(0o000)
        was_root = os.geteuid() == 0
        if was_root:
            os.seteuid(65534)
        try:
            entries = list(find_files([root]))
        finally:
            if was_root:
                os.seteuid(0)
            (root / "closed").chmod(0o755)
    closed = [entry for entry in entries if isinstance(entry, UnreadableEntry)]
    assert [entry.path for entry in closed] == [str(root / "closed")]
    assert closed[0].reason == "Permission denied"
    assert below(root, found(entry for entry in entries if isinstance(entry, FoundFile))) == ["a.jpg", "d.jpg"]


def test_broken_symbolic_links_are_reported_given_or_found(tmp_path: Path) -> None:
    (tmp_path / "dangling.jpg").symlink_to("nowhere")
    (tmp_path / "itself.jpg").symlink_to("itself.jpg")
    expected = [str(tmp_path / "dangling.jpg"), str(tmp_path / "itself.jpg")]
    for given in ([tmp_path], [tmp_path / "dangling.jpg", tmp_path / "itself.jpg"]):
        entries = list(find_files(given))
        assert [entry.path for entry in entries] == expected
        assert all(isinstance(entry, UnreadableEntry) and entry.reason for entry in entries)


def unreadable(entries: Iterable[FoundFile | UnreadableEntry]) -> dict[str, str]:
    """Name and reason of what could not be looked at."""
    return {Path(entry.path).name: entry.reason for entry in entries if isinstance(entry, UnreadableEntry)}


def test_special_files_that_look_like_photos_are_reported_and_others_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device.HEIC").symlink_to("/dev/null")
    (tmp_path / "device").symlink_to("/dev/zero")
    monkeypatch.chdir(tmp_path)  # the name of a socket may have 100 bytes
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other:
        one.bind("socket.png")
        other.bind("socket")
        entries = list(find_files([tmp_path]))
    assert unreadable(entries) == dict.fromkeys(["pipe.jpg", "device.HEIC", "socket.png"], "not a regular file")
    assert below(tmp_path, [entry.path for entry in entries if isinstance(entry, FoundFile)]) == ["a.jpg"]


def test_a_special_file_that_is_given_is_reported_whatever_its_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert unreadable(find_files([tmp_path / "pipe"])) == {"pipe": "not a regular file"}


def test_a_folder_with_the_name_of_a_photo_is_searched(tmp_path: Path) -> None:
    make(tmp_path, "album.jpg/a.jpg", "album.jpg/b.png/c.jpg")
    assert below(tmp_path, found(find_files([tmp_path]))) == ["album.jpg/a.jpg", "album.jpg/b.png/c.jpg"]


def test_a_tree_deeper_than_a_path_may_be_long_is_reported_and_its_neighbours_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a.jpg", "z.jpg")
    monkeypatch.chdir(tmp_path)
    levels, name = 22, "d" * 200  # 4,400 bytes: PATH_MAX is 4,096
    for _ in range(levels):
        Path(name).mkdir()
        os.chdir(name)
    Path("deep.jpg").touch()
    try:
        entries = list(find_files([tmp_path]))
    finally:
        Path("deep.jpg").unlink()
        for _ in range(levels):
            os.chdir("..")
            Path(name).rmdir()
    assert below(tmp_path, [entry.path for entry in entries if isinstance(entry, FoundFile)]) == ["a.jpg", "z.jpg"]
    assert unreadable(entries) == {name: "File name too long"}


def test_libraries_inside_the_tree_are_skipped(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "family.faces/catalog.sqlite", "family.faces/vectors/1.h5", "family.faces/crops/face.jpg")
    assert below(tmp_path, found(find_files([tmp_path]))) == ["a.jpg"]


def test_a_folder_with_only_half_of_a_library_is_searched(tmp_path: Path) -> None:
    make(tmp_path, "maps/vectors/a.jpg", "backup/catalog.sqlite", "backup/b.jpg")
    expected = ["backup/b.jpg", "backup/catalog.sqlite", "maps/vectors/a.jpg"]
    assert below(tmp_path, found(find_files([tmp_path]))) == expected


def test_the_library_in_use_is_skipped_even_before_it_has_files(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "new.faces/lock")
    assert below(tmp_path, found(find_files([tmp_path], skip=str(tmp_path / "new.faces")))) == ["a.jpg"]


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS file systems take only UTF-8 names")
def test_names_that_are_not_utf8_are_found_and_lead_to_the_file(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    with open(raw, "wb") as file:  # noqa: PTH123  (pathlib takes no bytes)
        file.write(b"x")
    (path,) = found(find_files([tmp_path]))
    assert os.fsencode(path) == raw
    assert Path(path).read_bytes() == b"x"


@pytest.mark.parametrize("name", ["two\nlines.jpg", "tab\t.jpg", " leading.jpg", "ünï-写真.jpg", '"quoted", twice.jpg'])
def test_strange_names_are_found_as_they_are(tmp_path: Path, name: str) -> None:
    make(tmp_path, name)
    assert found(find_files([tmp_path])) == [str(tmp_path / name)]


def test_files_are_found_however_deep_the_folders_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    levels = 1200  # deeper than Python's recursion limit, with a path that the system still takes
    monkeypatch.chdir(tmp_path)  # step by step: pytest cannot remove such a tree, so it is taken down here
    for _ in range(levels):
        Path("d").mkdir()
        os.chdir("d")
    Path("a.jpg").touch()
    try:
        assert found(find_files([tmp_path])) == [str(tmp_path) + "/d" * levels + "/a.jpg"]
    finally:
        Path("a.jpg").unlink()
        for _ in range(levels):
            os.chdir("..")
            Path("d").rmdir()


def test_a_fifo_with_the_name_of_an_exports_list_is_not_waited_for(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "albums.json")
    assert found(find_files([tmp_path])) == [str(tmp_path / "a.jpg")]
