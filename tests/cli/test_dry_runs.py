"""Dry runs say what would be done, and not a byte of the library or of a folder changes."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import faceindex
from faceindex.cli import main

Run = Callable[..., Any]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command on the library x.faces; returns what it says as JSON."""

    def ran(*arguments: object, rc: int = 0) -> Any:
        command = ["faceindex", *map(str, arguments), "--json", "-L", str(tmp_path / "x.faces")]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        assert (ended.value.code or 0) == rc, said.err
        return json.loads(said.out)

    return ran


def everything(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file in a folder but the locks and logs of open databases: mode, time and content."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.lstat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("lock", "catalog.sqlite-shm", "catalog.sqlite-wal")
    }


def assert_same_as_done(run: Run, watched: Path, *command: object, but: tuple[str, ...] = ()) -> Any:
    """The dry run changes nothing, and says what the command then says. Returns that."""
    before = everything(watched)
    planned = run(*command, "--dry-run")
    assert everything(watched) == before
    done = run(*command)
    different = {key for key in done if done[key] != planned[key]}
    assert different <= {"seconds", "photos_per_second", *but}, different
    return done


@pytest.fixture
def library(small_library: faceindex.Library, many_photos: Path, tmp_path: Path, run: Run) -> Path:
    """Of five photos, of whom one person is named; the folder with everything."""
    (tmp_path / "photos").mkdir()
    for number in range(5):
        shutil.copy(many_photos / f"{number:02d}.jpg", tmp_path / "photos")
    with faceindex.Library(tmp_path / "x.faces", recipe="sface") as made:
        made.ingest([tmp_path / "photos"], workers=0)
        made.cluster()
        made.people.name("Eileen", album=1)
    return tmp_path


def test_an_ingest_says_what_it_would_find_and_remove(run: Run, library: Path, many_photos: Path) -> None:
    photos = library / "photos"
    (photos / "00.jpg").unlink()
    (photos / "01.jpg").rename(photos / "moved.jpg")
    shutil.copy(photos / "02.jpg", photos / "copy.jpg")
    shutil.copy(many_photos / "07.jpg", photos)
    (photos / "damaged.jpg").write_bytes(b"no photo")
    done = assert_same_as_done(run, library, "ingest", photos, "--prune", but=("faces", "workers"))
    counts = done["photos"]
    assert (counts["new"], counts["moved"], counts["duplicate"], counts["failed"]) == (1, 1, 1, 1)
    assert done["pruned"]["photos"] == 1


def test_an_import_says_what_it_would_bring(run: Run, library: Path, many_photos: Path) -> None:
    (library / "rows.csv").write_text(f"photo,person\n{library}/photos/00.jpg,Eileen Collins\n")
    with faceindex.Library(library / "other.faces", recipe="sface") as other:
        other.ingest([many_photos / "08.jpg"], workers=0)
        other.export(library / "other.h5", form="hdf5")
    assert assert_same_as_done(run, library, "import", library / "rows.csv")["rows"] == 1
    assert assert_same_as_done(run, library, "import", library / "other.h5")["faces"] == 1
    shutil.rmtree(library / "x.faces")
    assert assert_same_as_done(run, library, "import", library / "other.h5")["faces"] == 1


def test_sidecars_and_albums_say_what_they_would_write(run: Run, library: Path) -> None:
    photos = library / "photos"
    done = assert_same_as_done(run, library, "photos", "sidecars", photos, "--beside")
    assert done["written"] == 5
    assert assert_same_as_done(run, library, "photos", "sidecars", photos, "--to", library / "to")["written"] == 5
    assert assert_same_as_done(run, library, "albums", "export", library / "albums", "--xmp")["made"] == 10
    (library / "albums" / "Eileen" / "00.jpg").unlink()
    shutil.copy(photos / "03.jpg", library / "albums" / "Eileen" / "holiday.jpg")
    run("people", "reject", 2)
    updated = assert_same_as_done(run, library, "albums", "export", library / "albums", "--link", "copy")
    assert (updated["removed"] > 0, updated["made"] > 0) == (True, True)
