"""Thumbnails, previews, bins and snapshots are no photos; what lies beside them is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceindex.photos.finding.entries import SkippedEntry
from faceindex.photos.finding.find import find_files


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def found_and_skipped(*roots: Path, exclude: tuple[str, ...] = ()) -> tuple[list[str], list[SkippedEntry]]:
    """Paths of what is found and what is left out, below the first root."""
    skipped: list[SkippedEntry] = []
    files = find_files(roots, exclude=exclude, on_skip=skipped.append)
    return [str(Path(file.path).relative_to(roots[0])) for file in files], skipped


@pytest.mark.parametrize(
    "folder",
    [
        *("@eaDir", "a.jpg/@eaDir", "#recycle", "#snapshot", "@Recycle", ".@__thumb", "@Recently-Snapshot"),
        *("$RECYCLE.BIN", "$Recycle.Bin", "System Volume Information", ".Trash-1000", ".Trash", ".Trashes"),
        *("lost+found", ".thumbnails", ".picasaoriginals", ".dtrash", ".AppleDouble", "Network Trash Folder"),
        *("Catalog Previews.lrdata", "Catalog Smart Previews.lrdata", "Lightroom.lrdata"),
        *("data/appdata_oc4x8/preview", "data/ann/files_trashbin", "M4ROOT/THMBNL"),
    ],
)
def test_files_in_folders_of_thumbnails_previews_and_trash_are_not_found(tmp_path: Path, folder: str) -> None:
    make(tmp_path, "IMG_1.jpg", f"{folder}/2020/IMG_2.jpg", f"{folder}/IMG_3.jpg")
    files, skipped = found_and_skipped(tmp_path)
    assert files == ["IMG_1.jpg"]
    assert [(entry.kind, entry.is_folder) for entry in skipped] == [("system", True)]
    assert found_and_skipped(tmp_path / folder)[0] == ["2020/IMG_2.jpg", "IMG_3.jpg"]  # given itself


def test_folders_of_photos_whose_names_are_like_those_are_found(tmp_path: Path) -> None:
    photos = ["Recycle/a.jpg", "@eaDirs/b.jpg", "Thumbnails/c.jpg", "lost and found/d.jpg", "originals/e.jpg"]
    make(tmp_path, *photos)
    assert sorted(found_and_skipped(tmp_path)[0]) == sorted(photos)


def test_a_photo_library_of_apple_gives_its_photos_and_none_of_its_thumbnails(tmp_path: Path) -> None:
    photos = [
        "Photos Library.photoslibrary/originals/0/A.heic",
        "iPhoto Library.photolibrary/Masters/2010/a.jpg",
        "iPhoto Library.photolibrary/Modified/2010/a.jpg",
        "iPhoto Library/Originals/2005/b.jpg",
    ]
    others = [
        "Photos Library.photoslibrary/resources/derivatives/0/A_1_105_c.jpeg",
        "Photos Library.photoslibrary/resources/derivatives/masters/0/A_4_5005_c.jpeg",
        "Photos Library.photoslibrary/Thumbnails/A.jpg",
        "iPhoto Library.photolibrary/Thumbnails/a.jpg",
        "iPhoto Library.photolibrary/Data.noindex/a.jpg",
        "iPhoto Library/Data/2005/b.jpg",
        "iPhoto Library/AlbumData.xml",
    ]
    make(tmp_path, *photos, *others)
    files, skipped = found_and_skipped(tmp_path)
    assert sorted(files) == sorted([*photos, "iPhoto Library/AlbumData.xml"])
    assert [Path(entry.path).name for entry in skipped if entry.kind != "system"] == []
    assert len(skipped) == 5


def test_halves_and_previews_of_files_are_no_photos(tmp_path: Path) -> None:
    make(tmp_path, "._IMG_1.jpg", "IMG_1.jpg", "MVI_2.THM", ".trashed-1700000000-IMG_3.jpg")
    files, skipped = found_and_skipped(tmp_path)
    assert files == ["IMG_1.jpg"]
    assert {entry.kind for entry in skipped} == {"system"}


def test_folders_that_photoprism_and_immich_mark_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "storage/.ppstorage", "storage/cache/t.jpg", "thumbs/.immich", "thumbs/t.jpg")
    make(tmp_path, "library/.immich", "library/ann/a.jpg", "mine/thumbs/a.jpg")
    assert found_and_skipped(tmp_path)[0] == ["library/ann/a.jpg", "mine/thumbs/a.jpg"]


def test_hidden_files_are_told_when_they_may_be_photos_and_hidden_folders_always(tmp_path: Path) -> None:
    make(tmp_path, ".DS_Store", ".picasa.ini", ".secret.jpg", ".private/a.jpg", "b.jpg")
    files, skipped = found_and_skipped(tmp_path)
    assert files == ["b.jpg"]
    told = {(Path(entry.path).name, entry.kind, entry.is_folder) for entry in skipped}
    assert told == {(".secret.jpg", "hidden", False), (".private", "hidden", True)}


def test_a_path_given_together_with_its_parent_is_found_and_not_reported_as_skipped(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "@eaDir/b.jpg")
    files, skipped = found_and_skipped(tmp_path, tmp_path / "@eaDir")
    assert files == ["a.jpg", "@eaDir/b.jpg"]
    assert skipped == []
