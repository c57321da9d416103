"""Paths by the rules of Windows, which `ntpath` knows on every system."""

from __future__ import annotations

import ntpath
import os
import posixpath
from pathlib import Path

import pytest

from faceindex.system.paths import absolute_path, entry_path, local_path, with_slashes


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (r"C:\Users\Ann\Photos", "C:/Users/Ann/Photos"),
        (r"c:\Users\..\Photos\.", "C:/Photos"),
        ("d:/a//b/", "D:/a/b"),
        ("e:\\", "E:/"),
        (r"\\nas\photos\2019", "//nas/photos/2019"),
        (r"\\?\C:\very\long", "C:/very/long"),
        (r"\\?\UNC\nas\photos", "//nas/photos"),
    ],
)
def test_paths_of_windows_are_kept_with_slashes(given: str, kept: str) -> None:
    assert absolute_path(given, rules=ntpath) == kept
    assert absolute_path(kept, rules=ntpath) == kept  # what Windows would open is what was meant


def test_a_backslash_is_part_of_a_name_elsewhere(tmp_path: Path) -> None:
    assert absolute_path("/a/b\\c", rules=posixpath) == "/a/b\\c"
    odd = tmp_path / "c:\\d"
    odd.touch()
    with os.scandir(tmp_path) as found:
        assert [entry_path(entry) for entry in found] == [str(odd)]


@pytest.mark.parametrize(
    ("host", "below", "windows", "posix"),
    [
        ("", "/C:/Photos/a.jpg", "C:/Photos/a.jpg", "/C:/Photos/a.jpg"),
        ("localhost", "/c:/a", "C:/a", "/c:/a"),
        ("nas", "/photos/a", "//nas/photos/a", "/nas/photos/a"),
    ],
)
def test_addresses_of_files(host: str, below: str, windows: str, posix: str) -> None:
    assert local_path(host, below, rules=ntpath) == windows
    assert local_path(host, below, rules=posixpath) == posix


def test_a_walk_of_windows_names_what_it_finds_with_slashes() -> None:
    assert with_slashes(ntpath.join("C:/Photos", "a.jpg")) == "C:/Photos/a.jpg"
