"""What an ingest leaves out is counted; what cannot be looked at is told by all lists alike; `force` looks at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import faceindex
from faceindex.errors import UsageError
from faceindex.faces.recipe import recipe
from faceindex.photos.find import FoundFile
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
    return [Path(photo.path).name for photo in library.photos()]


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
    with pytest.raises(UsageError, match=r"but what is left out: hidden files.*thumbnails.*--exclude"):
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
    with library._folder.writer() as writer:  # as on a mount that has no ctime of its own
        writer.store_ctimes(
            [FoundFile(str(photo), before.st_size, before.st_mtime_ns, False, photo.stat().st_ctime_ns)]
        )
    assert library.ingest([photos]).unchanged == 2
    report = library.ingest([photos], force=True)
    assert (report.new, report.unchanged, report.failed, report.total_faces) == (1, 1, 1, 2)


@contextmanager
def as_nobody(*folders: Path) -> Iterator[None]:
    """Inside, this process may not read what is closed, as root may; it owns `folders`."""
    if os.geteuid() != 0:
        yield
        return
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            os.lchown(path, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is nobody's, with no photo, and a bad one in each of: itself; a file and a folder not readable."""
    with tempfile.TemporaryDirectory() as name:  # not tmp_path: pytest's folders are closed to others
        folder = Path(name)
        folder.chmod(0o755)
        monkeypatch.setenv("XDG_DATA_HOME", name)
        for path in ("photos/bad.jpg", "photos/no-right.jpg", "photos/no-folder/c.jpg"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(b"no photo")
        (folder / "photos" / "gone.jpg").symlink_to("nowhere")
        os.mkfifo(folder / "photos" / "pipe.jpg")
        for path in ("photos/no-right.jpg", "photos/no-folder"):
            (folder / path).chmod(0)
        yield folder
        (folder / "photos" / "no-folder").chmod(0o755)


def listed(report: IngestReport) -> list[FailedPhoto]:
    return sorted((*report.failures, *report.missed), key=lambda failure: failure.path)


def test_all_lists_agree_about_what_failed_and_what_is_out_of_reach(closed: Path) -> None:
    photos = closed / "photos"
    with as_nobody(closed), faceindex.Library(closed / "x.faces", recipe=recipe("dlib-raw")) as library:
        for _ in range(2):  # and again: what failed is not opened, what was out of reach is looked at again
            report = library.ingest([photos])
            assert listed(report) == library.failed_photos()
            assert {Path(f.path).name: (f.error, f.out_of_reach) for f in listed(report)} == {
                "bad.jpg": ("not a photo of a known format", False),
                "pipe.jpg": ("not a regular file", False),
                "gone.jpg": ("No such file or directory", False),
                "no-folder": ("Permission denied", True),
                "no-right.jpg": ("Permission denied", True),
            }
            status = library.status()
            assert (status.failed, status.out_of_reach) == (report.failed, report.out_of_reach) == (3, 2)
        for path in ("no-right.jpg", "no-folder"):
            (photos / path).chmod(0o755)
        report = library.ingest([photos])
        assert listed(report) == library.failed_photos()
        names = ["bad.jpg", "c.jpg", "gone.jpg", "no-right.jpg", "pipe.jpg"]
        assert [Path(f.path).name for f in report.failures] == names
        assert (library.status().failed, library.status().out_of_reach) == (report.failed, 0)


def test_a_photo_that_is_out_of_reach_keeps_what_is_known_of_it(
    library: faceindex.Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = os.open

    def refused(path: str, *given: int, **named: int) -> int:
        if Path(path).name == "a.jpg":
            raise OSError(5, "Input/output error")
        return opens(path, *given, **named)

    library.ingest([photos])
    os.utime(photos / "a.jpg", ns=(1, 1))
    with monkeypatch.context() as patch:
        patch.setattr("faceindex.photos.read.os.open", refused)
        report = library.ingest([photos])
    assert report.missed == (FailedPhoto(str(photos / "a.jpg"), "Input/output error", out_of_reach=True),)
    assert (report.out_of_reach, report.failed, report.total_faces) == (1, 0, 2)
    assert names(library) == ["a.jpg", "d.jpg"]
    assert library.ingest([photos]).unchanged == 2
    assert library.failed_photos() == []


def test_what_is_out_of_reach_elsewhere_is_still_told_after_an_ingest_of_another_folder(closed: Path) -> None:
    with as_nobody(closed), faceindex.Library(closed / "x.faces", recipe=recipe("dlib-raw")) as library:
        library.ingest([closed / "photos" / "no-folder"])
        library.ingest([closed / "photos" / "bad.jpg"])
        assert library.status().out_of_reach == 1
        library.remove_photos([closed / "photos"])
        assert library.failed_photos() == []
