"""What is to be done about a found file, given what the catalog knows of it."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from made_library import MadeLibrary
from PIL import Image

from faceindex.ingest.reader import OutOfReach, StillUnreadable, Unchanged, Unknown, Unreadable, changed_among, classify
from faceindex.photos.decoders import raw
from faceindex.photos.finding.entries import UNTIMED, FoundFile, UnreadableEntry
from faceindex.photos.finding.find import find_files
from faceindex.photos.read import identify
from faceindex.store.catalog import Catalog
from faceindex.store.writer import Batch
from faceindex.types import AnalysedPhoto, FailedPhoto


@pytest.fixture
def file(tmp_path: Path) -> FoundFile:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.tif")
    (found,) = find_files([tmp_path / "a.tif"])
    assert isinstance(found, FoundFile)
    return found


def failed(made: MadeLibrary, file: FoundFile, error: str) -> Catalog:
    """A catalog in which the file could not be read."""
    with made.folder.writer() as writer:
        writer.commit(Batch(failures=[(file, error)]))
    return made.folder.catalog


def test_a_file_that_failed_and_has_not_changed_is_not_opened_again(made: MadeLibrary, file: FoundFile) -> None:
    catalog = failed(made, file, "damaged")
    Path(file.path).unlink()
    assert classify(file, catalog) == StillUnreadable("damaged")
    assert classify(file, catalog, retry=True) == OutOfReach("No such file or directory")


def test_a_failure_that_was_stored_for_a_circumstance_is_looked_at_again(made: MadeLibrary, file: FoundFile) -> None:
    assert isinstance(classify(file, failed(made, file, "its decoder crashed (SIGKILL)")), Unknown)
    assert isinstance(classify(file, failed(made, file, "not finished after 60 seconds")), Unknown)


def test_a_raw_photo_that_failed_for_want_of_rawpy_is_looked_at_again_once_it_is_there(
    made: MadeLibrary, file: FoundFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = failed(made, file, raw.NOT_INSTALLED)
    assert isinstance(classify(file, catalog), Unknown)
    monkeypatch.setattr(raw, "rawpy", None)
    assert classify(file, catalog) == StillUnreadable(raw.NOT_INSTALLED)


def test_a_file_that_could_not_be_opened_is_out_of_reach_and_tried_again_though_it_has_not_changed(
    made: MadeLibrary, file: FoundFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    with made.folder.writer() as writer, monkeypatch.context() as patch:
        patch.setattr("faceindex.files.reading.os.open", refused)
        assert classify(file, writer.catalog) == OutOfReach("Permission denied")
        writer.store_out_of_reach([FailedPhoto(file.path, "Permission denied", out_of_reach=True)], searched=[])
    assert [failure.out_of_reach for failure in made.folder.catalog.failed()] == [True]
    assert isinstance(classify(file, made.folder.catalog), Unknown)


def known(made: MadeLibrary, file: FoundFile) -> Catalog:
    """A catalog that has the file."""
    identity = identify(file.path)
    assert identity is not None
    with made.folder.writer() as writer:
        writer.commit(Batch(photos={identity.content: (AnalysedPhoto(8, 8, ()), [file])}))
    return made.folder.catalog


def changed_unseen(file: FoundFile, content: bytes | None = None) -> FoundFile:
    """The file with another ctime, and with other bytes if given; size and mtime are as they were."""
    path = Path(file.path)
    time.sleep(0.02)  # a file system counts time in steps of some milliseconds
    path.chmod(0o600 if path.stat().st_mode & 0o077 else 0o644)
    if content is not None:
        path.write_bytes(content)
    os.utime(path, ns=(file.mtime_ns, file.mtime_ns))
    (found,) = find_files([path])
    assert isinstance(found, FoundFile)
    assert (found.size, found.mtime_ns) == (file.size, file.mtime_ns)
    assert found.ctime_ns != file.ctime_ns
    return found


def test_a_change_that_size_and_mtime_hide_is_noticed(made: MadeLibrary, file: FoundFile) -> None:
    catalog = known(made, file)
    data = bytearray(Path(file.path).read_bytes())
    data[-1] ^= 0xFF
    assert isinstance(classify(changed_unseen(file, bytes(data)), catalog), Unknown)


def test_where_only_the_ctime_differs_the_content_is_compared_and_the_new_ctime_is_to_be_stored(
    made: MadeLibrary, file: FoundFile
) -> None:
    catalog = known(made, file)
    touched = changed_unseen(file)
    finding = classify(touched, catalog)
    assert isinstance(finding, Unchanged)
    assert finding.retimed is not None
    with made.folder.writer() as writer:
        writer.store_ctimes([finding.retimed])
    Path(file.path).unlink()  # it is not opened again
    assert classify(touched, made.folder.catalog) == Unchanged()


def test_of_what_was_stored_without_a_ctime_it_is_stored_and_nothing_is_opened(
    made: MadeLibrary, file: FoundFile
) -> None:
    catalog = known(made, replace(file, ctime_ns=None))
    Path(file.path).unlink()
    finding = classify(file, catalog)
    assert isinstance(finding, Unchanged)
    assert finding.retimed is not None
    assert finding.retimed.ctime_ns == file.ctime_ns
    assert classify(file, failed(made, replace(file, ctime_ns=None), "damaged")) == StillUnreadable("damaged", file)


def test_a_repair_that_size_and_mtime_hide_is_noticed(made: MadeLibrary, file: FoundFile) -> None:
    assert isinstance(classify(changed_unseen(file), failed(made, file, "damaged")), Unknown)


def test_by_force_a_file_is_opened_whatever_its_times_say(made: MadeLibrary, file: FoundFile) -> None:
    catalog = known(made, file)
    assert classify(file, catalog) == Unchanged()
    Path(file.path).write_bytes(bytes(file.size))
    assert isinstance(classify(file, catalog, force=True), Unreadable)


def test_of_many_files_those_are_looked_at_that_are_not_stored_and_unchanged(made: MadeLibrary, tmp_path: Path) -> None:
    for number in range(9):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"{number}.tif")
    files = [one for one in find_files([tmp_path]) if isinstance(one, FoundFile) and one.path.endswith(".tif")]
    files[5] = replace(files[5], ctime_ns=None)
    for one in files[:-1]:
        catalog = known(made, one)
    assert changed_among(files, catalog) == files[-1:]
    files[1] = replace(files[1], size=1)
    files[2] = replace(files[2], mtime_ns=UNTIMED)
    files[3] = replace(files[3], mtime_ns=files[3].mtime_ns + 1)
    files[5] = replace(files[5], ctime_ns=files[6].ctime_ns)  # the library has none, which is to be stored
    files[6] = replace(files[6], ctime_ns=0)
    entries: list[FoundFile | UnreadableEntry] = [*files, UnreadableEntry(files[0].path, "Permission denied")]
    asked = [entry for place, entry in enumerate(entries) if place in (1, 2, 3, 5, 6, 8, 9)]
    assert changed_among(entries, catalog) == asked
    for one in files:
        assert (one in asked) == (classify(one, catalog) != Unchanged())
    catalog = failed(made, files[7], "damaged")
    assert files[7] in changed_among(files, catalog)
