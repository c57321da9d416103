"""The commands that albums leave by, and that names come in by."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_library import MadeLibrary

import faceindex
from faceindex.types import Box

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def answer(command: Command, small_library: faceindex.Library, tmp_path: Path) -> Callable[..., Any]:
    """Runs a command on a copy of `small_library` in which one face has a name, and returns its JSON."""
    shutil.copytree(small_library.path, tmp_path / "x.faces")
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.people.name("Eileen Collins", face=1)

    def run(*arguments: object) -> Any:
        done = command(*arguments, "--json", "-L", tmp_path / "x.faces")
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return run


def test_albums_are_exported(answer: Callable[..., Any], command: Command, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = answer("albums", "export", out, "--xmp")
    assert set(done) == {
        *("folder", "manifest", "albums", "photos", "made", "kept", "removed", "sidecars", "missing", "left", "notes")
    }
    assert (done["albums"], done["photos"], done["made"], done["sidecars"]) == (1, 20, 21, 1)
    manifest = json.loads(Path(done["manifest"]).read_text())
    assert manifest["albums"][0]["person"] == "Eileen Collins"
    assert answer("albums", "export", out, "--min-photos", 30, "--no-unnamed")["removed"] == 21
    said = command("albums", "export", out, "--link", "symbolic", "-L", tmp_path / "x.faces")
    assert "1 album with 20 photos" in said.stdout
    assert next((out / "Eileen Collins").iterdir()).is_symlink()


def test_an_export_to_other_things_or_of_another_kind_is_refused(
    answer: Callable[..., Any], command: Command, tmp_path: Path, many_photos: Path
) -> None:
    done = command("albums", "export", many_photos, "-L", tmp_path / "x.faces")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    done = command("albums", "export", tmp_path / "out", "--link", "soft", "-L", tmp_path / "x.faces")
    assert (done.returncode, (tmp_path / "out").exists()) == (2, False)


def test_sidecars_are_written_and_read(
    answer: Callable[..., Any], command: Command, many_photos: Path, tmp_path: Path
) -> None:
    done = command("photos", "sidecars", many_photos, "-L", tmp_path / "x.faces")
    assert (done.returncode, "--beside" in done.stderr) == (2, True)
    assert answer("photos", "sidecars", many_photos, "--to", tmp_path / "out") == {
        **{"written": 1, "unchanged": 0, "nothing_to_say": 21, "failed": []}
    }
    (sidecar,) = (tmp_path / "out").iterdir()
    (tmp_path / "photos").mkdir()
    shutil.copy(many_photos / sidecar.stem, tmp_path / "photos")
    shutil.copy(sidecar, tmp_path / "photos")
    done = command("ingest", tmp_path / "photos", "--xmp", "--json", "-j", 1, "-L", tmp_path / "new.faces")
    assert json.loads(done.stdout)["xmp"] == {
        **{"photos": 1, "names": 1, "named": 1, "decided": 0, "without_face": 0, "warnings": []}
    }
    said = command("ingest", tmp_path / "photos", "--xmp", "-j", 1, "-L", tmp_path / "new.faces")
    assert "XMP: 1 name in 1 photo; 0 faces named, 1 kept as decided before" in said.stdout


def test_a_reader_that_has_seen_enough_ends_an_export_without_a_word(tmp_path: Path) -> None:
    MadeLibrary(tmp_path / "x.faces").store_all({f"photo{number}": [Box(0, 0, 50, 50)] for number in range(500)})
    export = [sys.executable, "-m", "faceindex", "export", "-", "-L", str(tmp_path / "x.faces")]
    with subprocess.Popen(export, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        assert running.stderr.read() == b""
