"""Photos that were found go into a folder, a ZIP file, a page and CSV."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from exported_photos import ExportedPhotos
from made_library import MadeLibrary

import faceindex
from faceindex import Selection
from faceindex.errors import UsageError


@pytest.fixture
def photos(made: MadeLibrary, tmp_path: Path) -> ExportedPhotos:
    """Ada is on a.jpg, on another a.jpg and with Bob on both.jpg."""
    photos = ExportedPhotos(made, tmp_path / "photos")
    (first,), (second,), (ada, bob) = photos.add("a.jpg"), photos.add("sub/a.jpg"), photos.add("both.jpg", faces=2)
    photos.name("Ada", first, second, ada)
    photos.name("Bob", bob)
    made.folder.close()
    return photos


@pytest.fixture
def library(photos: ExportedPhotos) -> faceindex.Library:
    return faceindex.Library(photos.made.folder.path, create=False)


ADA, BOB = Selection(shows=("Ada",)), Selection(shows=("Bob",))


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()} - {"albums.json", "albums.csv"}


def test_a_folder_has_the_selected_photos_and_is_updated(library: faceindex.Library, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = library.photos.export(out, ADA)
    assert names(out) == {"a.jpg", "a (2).jpg", "both.jpg"}
    assert (done.photos, done.made, done.removed, done.left) == (3, 3, 0, ())
    assert (out / "both.jpg").samefile(tmp_path / "photos" / "both.jpg")
    (out / "mine.txt").write_text("mine")
    done = library.photos.export(out, BOB)
    assert names(out) == {"both.jpg", "mine.txt"}
    assert (done.made, done.kept, done.removed) == (0, 1, 2)
    assert library.photos.export(out, BOB, link="copy").made == 1
    assert not (out / "both.jpg").samefile(tmp_path / "photos" / "both.jpg")


def test_albums_and_selected_photos_have_folders_of_their_own(library: faceindex.Library, tmp_path: Path) -> None:
    library.photos.export(tmp_path / "selected", ADA)
    library.albums.export(tmp_path / "albums")
    with pytest.raises(UsageError, match="holds the photos of `photos find --into`"):
        library.albums.export(tmp_path / "selected")
    with pytest.raises(UsageError, match="holds the albums of `albums export`"):
        library.photos.export(tmp_path / "albums", ADA)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(UsageError, match="holds other files"):
        library.photos.export(tmp_path / "other", ADA)
    with pytest.raises(UsageError, match="nobody is called Zoe"):
        library.photos.export(tmp_path / "zoe", Selection(shows=("Zoe",)))


def test_a_zip_file_has_every_photo_that_is_still_the_same(library: faceindex.Library, tmp_path: Path) -> None:
    (tmp_path / "photos" / "both.jpg").write_bytes(b"another picture")
    os.utime(tmp_path / "photos" / "a.jpg", (0, 0))  # ZIP knows no date before 1980
    done = library.photos.write_zip(tmp_path / "x.zip", ADA)
    with zipfile.ZipFile(tmp_path / "x.zip") as zipped:
        assert sorted(zipped.namelist()) == ["a (2).jpg", "a.jpg"]
        for name, photo in (("a.jpg", "a.jpg"), ("a (2).jpg", "sub/a.jpg")):
            assert zipped.read(name) == (tmp_path / "photos" / photo).read_bytes()
    assert done.written == 2
    assert [(Path(left.path).name, left.error) for left in done.left] == [
        ("both.jpg", "it has changed since it was ingested; ingest it again")
    ]


def test_the_command_writes_each_of_them(
    photos: ExportedPhotos, command: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    find = ("photos", "find", "--with", "Ada", "-L", photos.made.folder.path)
    listed = command(*find, "--csv").stdout.splitlines()
    assert listed[0].startswith("path,width,height,faces")
    assert len(listed) == 4
    page = tmp_path / "page.html"
    done = command(*find, "--into", tmp_path / "out", "--link", "symbolic", "--sheet", page, "--json")
    assert json.loads(done.stdout)["made"] == 3
    assert all((tmp_path / "out" / name).is_symlink() for name in names(tmp_path / "out"))
    assert page.read_text().count("Ada") == 3
    assert "http" not in page.read_text()
    assert "3 photos in" in command(*find, "--zip", tmp_path / "x.zip").stdout
    for wrong in (("--zip", "x.zip", "--csv"), ("--link", "copy"), ("--csv", "--json")):
        assert command(*find, *wrong, cwd=tmp_path).returncode == 2
