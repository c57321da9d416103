"""What was made once is read again, and made anew when in doubt."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceindex.files.user_folders import CACHE_ENVIRONMENT
from faceindex.models.cache import cache_folder, cached, stored


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path))
    return cache_folder()


def never() -> bytes:
    raise AssertionError("made a second time")


def test_what_was_made_is_read_again_under_its_name_only(folder: Path) -> None:
    assert cached("a", lambda: b"made") == b"made"
    assert cached("a", never) == b"made"
    assert cached("b", lambda: b"other") == b"other"
    assert sorted(file.name for file in folder.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("damaged", [b"", b"short", b"x" * 36])
def test_damaged_file_is_made_anew(folder: Path, damaged: bytes) -> None:
    cached("a", lambda: b"made")
    whole = (folder / "a").read_bytes()
    (folder / "a").write_bytes(damaged)
    assert cached("a", lambda: b"made") == b"made"
    assert (folder / "a").read_bytes() == whole


def test_folder_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path / "file"))
    assert cached("a", lambda: b"made") == b"made"


def test_what_is_mapped_begins_with_what_was_made(folder: Path) -> None:
    path = stored("a", lambda: b"made")
    assert stored("a", never) == path == folder / "a"
    assert path.read_bytes().startswith(b"made")


@pytest.mark.parametrize("damaged", [b"", b"short", b"x" * 36, bytes(8)])
def test_damaged_file_is_not_mapped(folder: Path, damaged: bytes) -> None:
    stored("a", lambda: b"made")
    whole = (folder / "a").read_bytes()
    (folder / "a").write_bytes(damaged)
    assert stored("a", lambda: b"made") == folder / "a"
    assert (folder / "a").read_bytes() == whole


def test_bytes_stay_in_memory_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_ENVIRONMENT, str(tmp_path / "file"))
    assert stored("a", lambda: b"made") == b"made"
