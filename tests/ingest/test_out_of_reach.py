"""An ingest that the machine ends stores what was analysed; of what lies out of reach nothing is stored."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from faceindex.errors import MachineError
from faceindex.faces.analyse import Analyser
from faceindex.faces.recipe import recipe
from faceindex.ingest.run import ingest
from faceindex.ingest.workers import pool
from faceindex.store.folder import LibraryFolder


@pytest.fixture
def analyser(hostile: Analyser, monkeypatch: pytest.MonkeyPatch) -> Analyser:
    """What an ingest asks an analyser for, too."""
    monkeypatch.setattr(type(hostile), "min_face", None, raising=False)
    monkeypatch.setattr(type(hostile), "recipe", recipe(), raising=False)
    return hostile


def draw(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for number, name in enumerate(names):
        Image.new("RGB", (8 + number, 8)).save(folder / f"{name}.png")
    return folder


def test_what_was_analysed_before_the_machine_ended_it_is_stored(
    tmp_path: Path, analyser: Analyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_MOST_FAILURES", 3)
    photos = draw(tmp_path / "photos", "a", "b", "y-doomed", "z-doomed")
    library = LibraryFolder(tmp_path / "x.faces")
    with pytest.raises(MachineError, match=r"SIGKILL; what was analysed is stored"):
        ingest(library, [photos], analyser=analyser, workers=1)
    assert library.catalog.counts()["photos"] == 2
    assert library.catalog.failed() == []
    for path in photos.glob("*doomed*"):
        path.rename(path.with_name(path.name.replace("doomed", "well")))
    report = ingest(library, [photos], analyser=analyser, workers=1)
    assert (report.new, report.unchanged, report.failed) == (2, 2, 0)
    library.close()


def test_photos_out_of_reach_are_counted_and_tried_again_next_time(tmp_path: Path, analyser: Analyser) -> None:
    photos = draw(tmp_path / "photos", "a", "b-gone", "c-full", "d-crash")
    library = LibraryFolder(tmp_path / "x.faces")
    for _ in range(2):
        report = ingest(library, [photos], analyser=analyser, workers=2)
        assert (report.seen, report.failed, report.out_of_reach) == (4, 1, 2)
        assert [(Path(missed.path).stem, missed.error) for missed in report.missed] == [
            ("b-gone", "gone"),
            ("c-full", "OSError: [Errno 28] No space left on device"),
        ]
        listed = {Path(failure.path).stem: failure.out_of_reach for failure in library.catalog.failed()}
        assert listed == {"b-gone": True, "c-full": True, "d-crash": False}
    library.close()


def test_a_link_that_leads_nowhere_fails_and_a_photo_that_is_taken_away_does_not(
    tmp_path: Path, analyser: Analyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = draw(tmp_path / "photos", "a", "b")
    (photos / "link.png").symlink_to(tmp_path / "nowhere")

    def name_of(entry: os.DirEntry[str]) -> str:
        if entry.name == "b.png":
            Path(entry.path).unlink()  # between the listing of its folder and its turn
        return entry.name

    monkeypatch.setattr("faceindex.photos.finding.local_walk._name", name_of)
    library = LibraryFolder(tmp_path / "x.faces")
    report = ingest(library, [photos], analyser=analyser, workers=1)
    assert [Path(failure.path).name for failure in report.failures] == ["link.png"]
    assert [Path(missed.path).name for missed in report.missed] == ["b.png"]
    library.close()
