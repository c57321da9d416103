"""What is to be done about a found file, given what the catalog knows of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_library import MadeLibrary
from PIL import Image

from faceindex.ingest.reader import StillUnreadable, Unknown, Unreadable, look_at
from faceindex.photos import raw
from faceindex.photos.find import FoundFile, find_files
from faceindex.store.catalog import Catalog
from faceindex.store.writer import Batch


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
    assert look_at(file, catalog) == StillUnreadable("damaged")
    assert look_at(file, catalog, retry=True) == Unreadable(replace(file, mtime_ns=-1), "No such file or directory")


def test_a_failure_that_was_stored_for_a_circumstance_is_looked_at_again(made: MadeLibrary, file: FoundFile) -> None:
    assert isinstance(look_at(file, failed(made, file, "its decoder crashed (SIGKILL)")), Unknown)
    assert isinstance(look_at(file, failed(made, file, "not finished after 60 seconds")), Unknown)


def test_a_raw_photo_that_failed_for_want_of_rawpy_is_looked_at_again_once_it_is_there(
    made: MadeLibrary, file: FoundFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = failed(made, file, raw.NOT_INSTALLED)
    assert isinstance(look_at(file, catalog), Unknown)
    monkeypatch.setattr(raw, "rawpy", None)
    assert look_at(file, catalog) == StillUnreadable(raw.NOT_INSTALLED)


def test_a_file_that_could_not_be_opened_is_tried_again_though_it_has_not_changed(
    made: MadeLibrary, file: FoundFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    with made.folder.writer() as writer, monkeypatch.context() as patch:
        patch.setattr("faceindex.photos.read.os.open", refused)
        finding = look_at(file, writer.catalog)
    assert isinstance(finding, Unreadable)
    assert isinstance(look_at(file, failed(made, finding.file, finding.error)), Unknown)
