"""What an ingest leaves out is counted; what cannot be looked at is told by all lists alike; `force` looks at all."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import faceindex
from faceindex.errors import UnreadablePhoto, UsageError
from faceindex.faces.recipe import recipe
from faceindex.ingest.photo_reader import PhotoReader
from faceindex.photos.finding.entries import FoundFile
from faceindex.photos.identity import Identity
from faceindex.photos.read import identify
from faceindex.types import FailedPhoto, IngestReport, Skipped


@pytest.fixture
def photos(many_photos: Path, tmp_path: Path) -> Path:
    """A photo, one more in each of a hidden folder, a thumbnails' folder and a folder `raw`, and a hidden one."""
    for number, name in enumerate(("a.jpg", ".hidden/b.jpg", "@eaDir/c.jpg", "raw/d.jpg", ".e.jpg")):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(many_photos / f"{number:02d}.jpg", tmp_path / "photos" / name)
    return tmp_path / "photos"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[faceindex.Library]:
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib-raw")) as opened:
        yield opened


def names(library: faceindex.Library) -> list[str]:
    return [Path(photo.path).name for photo in library.photos]


def test_what_is_left_out_is_counted_by_its_kind(library: faceindex.Library, photos: Path) -> None:
    report = library.ingest([photos], exclude="raw/")
    assert names(library) == ["a.jpg"]
    assert report.skipped == Skipped(hidden_files=1, hidden_folders=1, system_folders=1, excluded_folders=1)
    assert (report.skipped.hidden, report.skipped.system, report.skipped.excluded) == (2, 1, 1)


def test_excluded_photos_that_the_library_has_stay_until_it_is_pruned(library: faceindex.Library, photos: Path) -> None:
    library.ingest([photos])
    (photos / ".faceindexignore").write_text("raw/\n")
    report = library.ingest([photos])
    assert (report.skipped.excluded, report.skipped.kept) == (1, 1)
    assert names(library) == ["a.jpg", "d.jpg"]
    report = library.ingest([photos], prune=True)
    assert report.pruned is not None
    assert (report.pruned.left_out, report.pruned.removed.photos, report.skipped.kept) == (1, 1, 0)
    assert names(library) == ["a.jpg"]
    assert (photos / "raw" / "d.jpg").exists()
    (photos / ".faceindexignore").unlink()
    library.ingest([photos])
    assert names(library) == ["a.jpg", "d.jpg"]  # what is excluded once is not remembered


def test_folders_that_were_given_are_never_pruned_as_left_out(library: faceindex.Library, photos: Path) -> None:
    library.ingest([photos / "@eaDir"])
    library.ingest([photos / ".hidden"])
    report = library.ingest([photos], prune=True)
    assert report.pruned is not None
    assert (report.pruned.left_out, report.skipped.kept) == (0, 0)
    assert sorted(names(library)) == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]


def test_where_all_is_left_out_the_error_says_so(library: faceindex.Library, photos: Path) -> None:
    with pytest.raises(UsageError, match=r"except skipped ones: hidden files.*thumbnails.*--exclude"):
        library.ingest([photos], exclude=["*.jpg", "raw"])


def test_by_force_all_files_are_read_and_only_new_content_is_analysed(
    library: faceindex.Library, photos: Path, many_photos: Path
) -> None:
    shutil.copy(many_photos / "cut-off.jpg", photos)
    photo = photos / "a.jpg"
    data = photo.read_bytes()
    photo.write_bytes(data + b"1")
    library.ingest([photos])
    report = library.ingest([photos], force=True)
    assert (report.new, report.unchanged, report.failed) == (0, 2, 1)
    before = photo.stat()
    photo.write_bytes(data + b"2")
    os.utime(photo, ns=(before.st_mtime_ns, before.st_mtime_ns))
    with library._opened.folder.writer() as writer:  # as on a mount that has no ctime of its own
        writer.store_ctimes(
            [FoundFile(str(photo), before.st_size, before.st_mtime_ns, False, photo.stat().st_ctime_ns)]
        )
    assert library.ingest([photos]).unchanged == 2
    report = library.ingest([photos], force=True)
    assert (report.new, report.unchanged, report.failed, report.total_faces) == (1, 1, 1, 2)


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Photos of which one cannot be read, even by root, and one is in a folder that cannot be listed."""
    photos = tmp_path / "photos"
    for path in ("bad.jpg", "no-folder/c.jpg"):
        (photos / path).parent.mkdir(parents=True, exist_ok=True)
        (photos / path).write_bytes(b"no photo")
    (photos / "gone.jpg").symlink_to("nowhere")
    os.mkfifo(photos / "pipe.jpg")
    (photos / "no-right.jpg").symlink_to("/proc/self/mem")  # whose first bytes give EIO, as a disk that fails does
    scandir = os.scandir

    def refused(path: str) -> object:
        if str(path).endswith("no-folder"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return scandir(path)

    monkeypatch.setattr("faceindex.photos.finding.local_walk.os.scandir", refused)
    yield tmp_path
    monkeypatch.undo()


def listed(report: IngestReport) -> list[FailedPhoto]:
    return sorted((*report.failures, *report.missed), key=lambda failure: failure.path)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that cannot be read, even by root")
def test_all_lists_agree_about_what_failed_and_what_is_out_of_reach(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = closed / "photos"
    with faceindex.Library(closed / "x.faces", recipe=recipe("dlib-raw")) as library:
        for _ in range(2):  # and again: what failed is not opened, what was out of reach is looked at again
            report = library.ingest([photos])
            assert listed(report) == list(library.photos.failed(limit=None))
            assert {Path(f.path).name: (f.error, f.out_of_reach) for f in listed(report)} == {
                "bad.jpg": ("not a photo of a known format", False),
                "pipe.jpg": ("not a regular file", False),
                "gone.jpg": ("No such file or directory", False),
                "no-folder": ("Permission denied", True),
                "no-right.jpg": ("Input/output error", True),
            }
            status = library.status()
            assert (status.failed, status.out_of_reach) == (report.failed, report.out_of_reach) == (3, 2)
        monkeypatch.undo()
        (photos / "no-right.jpg").unlink()
        (photos / "no-right.jpg").write_bytes(b"no photo")
        report = library.ingest([photos])
        assert listed(report) == list(library.photos.failed(limit=None))
        names = ["bad.jpg", "gone.jpg", "c.jpg", "no-right.jpg", "pipe.jpg"]
        assert [Path(f.path).name for f in report.failures] == names
        assert (library.status().failed, library.status().out_of_reach) == (report.failed, 0)


def test_a_photo_that_is_out_of_reach_keeps_what_is_known_of_it(
    library: faceindex.Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(reader: PhotoReader, path: str, *, named: bool = False) -> Identity | None:
        if Path(path).name == "a.jpg":
            raise UnreadablePhoto(path, "Input/output error", out_of_reach=True)
        return identify(path, named=named)

    library.ingest([photos])
    os.utime(photos / "a.jpg", ns=(1, 1))
    with monkeypatch.context() as patch:
        patch.setattr(PhotoReader, "identify", refused)
        report = library.ingest([photos])
    assert report.missed == (FailedPhoto(str(photos / "a.jpg"), "Input/output error", out_of_reach=True),)
    assert (report.out_of_reach, report.failed, report.total_faces) == (1, 0, 2)
    assert names(library) == ["a.jpg", "d.jpg"]
    assert library.ingest([photos]).unchanged == 2
    assert list(library.photos.failed(limit=None)) == []


def test_what_is_out_of_reach_elsewhere_is_still_told_after_an_ingest_of_another_folder(closed: Path) -> None:
    with faceindex.Library(closed / "x.faces", recipe=recipe("dlib-raw")) as library:
        library.ingest([closed / "photos" / "no-folder"])
        library.ingest([closed / "photos" / "bad.jpg"])
        assert library.status().out_of_reach == 1
        library.photos.remove([closed / "photos"])
        assert list(library.photos.failed(limit=None)) == []
