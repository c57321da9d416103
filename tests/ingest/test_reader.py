"""What is to be done about a found file, given what the catalog knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PIL import Image

from faceindex.ingest.reader import StillUnreadable, Unknown, look_at
from faceindex.photos import raw
from faceindex.photos.find import FoundFile, find_files
from faceindex.store.catalog import Catalog


@dataclass
class KnownAsFailed:
    """A catalog in which every file has failed for one reason, and no photo is known."""

    error: str
    file: FoundFile

    def known_path(self, path: str) -> Any:
        return SimpleNamespace(size=self.file.size, mtime_ns=self.file.mtime_ns, error=self.error, photo=None)

    def photo_with(self, content: bytes) -> None:
        return None


@pytest.fixture
def file(tmp_path: Path) -> FoundFile:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.tif")
    (found,) = find_files([tmp_path])
    assert isinstance(found, FoundFile)
    return found


def failed(file: FoundFile, error: str) -> Catalog:
    return cast(Catalog, KnownAsFailed(error, file))


def test_a_file_that_failed_and_has_not_changed_is_not_opened_again(file: FoundFile) -> None:
    Path(file.path).unlink()
    assert look_at(file, failed(file, "damaged")) == StillUnreadable("damaged")


def test_a_raw_photo_that_failed_for_want_of_rawpy_is_looked_at_again_once_it_is_there(
    file: FoundFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = failed(file, raw.NOT_INSTALLED)
    assert isinstance(look_at(file, catalog), Unknown)
    monkeypatch.setattr(raw, "rawpy", None)
    assert look_at(file, catalog) == StillUnreadable(raw.NOT_INSTALLED)
