"""Missing photos: removed, renamed, or on a disconnected disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from faceindex.photos.finding.whereabouts import missing, removed, renamed


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "photos" / "2020").mkdir(parents=True)
    (tmp_path / "photos" / "2020" / "here.jpg").touch()
    return tmp_path / "photos"


def test_photo_whose_folder_has_others_was_removed(root: Path) -> None:
    assert removed(f"{root}/2020/gone.jpg", [str(root)])
    assert not removed(f"{root}/2020/here.jpg", [str(root)])


def test_photo_whose_folder_was_removed_was_removed_with_it(root: Path) -> None:
    assert removed(f"{root}/1999/may/gone.jpg", [str(root)])


def test_photo_in_an_empty_folder_may_be_on_a_disk_that_is_not_mounted(root: Path) -> None:
    (root / "disk").mkdir()
    assert not removed(f"{root}/disk/x.jpg", [str(root)])
    assert not removed(f"{root}/disk/deep/x.jpg", [str(root)])


def test_photo_is_disconnected_if_the_folder_it_was_ingested_from_is_missing(root: Path) -> None:
    assert not removed(f"{root}/disk/deep/x.jpg", [str(root), f"{root}/disk"])
    assert not removed("/no/such/folder/x.jpg", ["/no/such/folder"])
    assert not removed("/no/such/folder/x.jpg", [])


def test_a_file_without_permission_is_not_missing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "lstat", refuse)
    assert not missing(f"{root}/2020/gone.jpg")
    assert not removed(f"{root}/2020/gone.jpg", [str(root)])


def test_link_to_nothing_is_still_there(root: Path) -> None:
    (root / "link.jpg").symlink_to("/nowhere")
    assert not missing(f"{root}/link.jpg")


def test_another_spelling_of_the_same_file_is_a_rename_only_where_disks_do_not_care(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = f"{root}/2020/here.jpg"
    assert not renamed(f"{root}/2020/HERE.jpg", here)  # this disk cares: there is no such file
    os.link(here, f"{root}/2020/HERE.jpg")
    assert not renamed(f"{root}/2020/HERE.jpg", here)  # two names of one file
    Path(f"{root}/2020/HERE.jpg").unlink()
    real = os.lstat
    monkeypatch.setattr(os, "lstat", lambda path: real(path.replace("HERE", "here")))
    assert renamed(f"{root}/2020/HERE.jpg", here)
    assert not renamed(here, here)
    assert not renamed(f"{root}/2020/other.jpg", here)
