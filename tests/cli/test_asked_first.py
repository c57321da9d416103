"""What is erased for good is asked about first on a terminal, can be looked at, and can be let in again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

import faceindex

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def library(small_library: faceindex.Library, tmp_path: Path) -> Path:
    """A copy of the library of `many_photos`, in which all faces are Ada's."""
    shutil.copytree(small_library.path, tmp_path / "x.faces")
    with faceindex.Library(tmp_path / "x.faces") as opened:
        opened.people.name("Ada", album=next(iter(opened.albums)).album)
    return tmp_path / "x.faces"


def faces(library: Path) -> int:
    with faceindex.Library(library) as opened:
        return opened.status().faces


@pytest.mark.parametrize(
    "arguments", [["people", "forget", "Ada"], ["forget", "--all"], ["photos", "remove", "--erase", "PHOTO"]]
)
def test_a_terminal_is_asked(library: Path, many_photos: Path, arguments: list[str]) -> None:
    given = [str(many_photos / "00.jpg") if word == "PHOTO" else word for word in arguments]
    left = 19 if "PHOTO" in arguments else 0
    for said, expected in (("" if left else "no", 20), ("y", left)):
        asked = pexpect.spawn(sys.executable, ["-m", "faceindex", *given, "-L", str(library)], timeout=60)
        asked.expect("20 faces" if left == 0 else "1 face ")
        asked.expect("for good. .y/N.")
        asked.sendline(said)
        asked.expect("erased from the disk" if said == "y" else "nothing was erased")
        asked.expect(pexpect.EOF)
        asked.close()
        assert asked.exitstatus == (0 if said == "y" else 1)
        assert faces(library) == expected


def test_yes_asks_nothing_on_a_terminal(library: Path) -> None:
    done = pexpect.spawn(sys.executable, ["-m", "faceindex", "forget", "--all", "-y", "-L", str(library)], timeout=60)
    done.expect(pexpect.EOF)
    assert b"[y/N]" not in (done.before or b"")
    assert faces(library) == 0


def test_a_dry_run_says_what_the_receipt_will_and_erases_nothing(
    command: Command, library: Path, many_photos: Path
) -> None:
    for arguments in (
        ["photos", "remove", "--erase", many_photos / "00.jpg"],
        ["people", "forget", "Ada"],
        ["forget", "--all"],
    ):
        copy = Path(shutil.copytree(library, library.with_name("copy.faces")))
        files = sorted((copy / "vectors").iterdir())
        dry = command(*arguments, "--dry-run", "--json", "-L", copy)
        assert (dry.returncode, dry.stderr) == (0, "")
        assert sorted((copy / "vectors").iterdir()) == files
        assert faces(copy) == 20
        done = json.loads(command(*arguments, "--json", "-L", copy).stdout)
        assert json.loads(dry.stdout) == done | {"dry_run": True}
        assert faces(copy) < 20
        shutil.rmtree(copy)
    assert "would be erased" in command("forget", "--all", "--dry-run", "-L", library).stdout
    removed = command("photos", "remove", many_photos, "--dry-run", "-L", library)
    assert (removed.returncode, removed.stderr) == (0, "")
    assert faces(library) == 20


def test_a_lifted_tombstone_lets_photos_come_back(command: Command, many_photos: Path, tmp_path: Path) -> None:
    library, photos = tmp_path / "x.faces", tmp_path / "photos"
    photos.mkdir()
    for name in ("00.jpg", "01.jpg", "02.jpg", "nothing-0.png"):
        shutil.copy(many_photos / name, photos)
    with faceindex.Library(library) as opened:
        opened.ingest(photos, workers=1)
        opened.people.name("Ada", face=1)
        opened.people.name("Ada", face=2)
        opened.people.forget("Ada")
        assert opened.ingest(photos, workers=1).forgotten == 2
    shutil.move(photos / "00.jpg", photos / "moved.jpg")
    said = command("people", "forget", "--lift", photos / "moved.jpg", photos / "nothing-0.png", "-L", library)
    assert said.returncode == 0
    assert "1 tombstone lifted" in said.stdout
    with faceindex.Library(library) as opened:
        report = opened.ingest(photos, workers=1)
        assert (report.new, report.forgotten, report.total_faces) == (1, 1, 2)
    lifted = json.loads(command("people", "forget", "--lift", photos, "--json", "-L", library).stdout)
    assert lifted == {"tombstones": 1, "photos": 0, "faces": 0, "waiting": 1, "failed": []}
    missing = command("people", "forget", "--lift", photos / "none.jpg", "-L", library)
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)


def test_who_forgets_is_told_which_photos_go_which_stay_and_that_files_are_left_alone(
    command: Command, shared_data: Path, many_photos: Path, tmp_path: Path
) -> None:
    library, photos = tmp_path / "x.faces", tmp_path / "photos"
    photos.mkdir()
    shutil.copy(shared_data / "album" / "diana" / "Diana_4.jpg", photos / "several.jpg")
    shutil.copy(many_photos / "00.jpg", photos / "alone.jpg")
    with faceindex.Library(library, recipe="sface") as opened:
        opened.ingest(photos, workers=1)
        for name in ("alone.jpg", "several.jpg"):
            first, *_ = (face for face in opened.faces if Path(face.photo).name == name)
            opened.people.name("Bob", face=first.face, merge=True)
    planned, stays, note = command("people", "forget", "Bob", "--dry-run", "-L", library).stdout.split("\n", 2)
    assert planned == (
        "would be erased: 2 faces with their vectors, 2 decisions about them, "
        "and 1 photo that has no other face (1 path)"
    )
    assert stays == "1 photo stays in the library, because it also shows other faces"
    assert note.startswith("your photo files are not changed\nnote: ")
    receipt = json.loads(command("people", "forget", "Bob", "--json", "-L", library).stdout)
    assert [receipt[name] for name in ("faces", "photos", "kept_photos")] == [2, 1, 1]
    with faceindex.Library(library) as opened:
        assert [Path(photo.path).name for photo in opened.photos] == ["several.jpg"]
    assert {photo.name for photo in photos.iterdir()} == {"alone.jpg", "several.jpg"}


def test_a_lifted_face_of_a_photo_in_the_library_comes_back_at_once(
    command: Command, shared_data: Path, tmp_path: Path
) -> None:
    library, photo = tmp_path / "x.faces", tmp_path / "several.jpg"
    shutil.copy(shared_data / "album" / "diana" / "Diana_4.jpg", photo)
    with faceindex.Library(library, recipe="sface") as opened:
        opened.ingest(photo, workers=1)
        first, *others = opened.faces
        opened.people.name("Ada", face=others[0].face)
        opened.people.name("Bob", face=first.face)
        opened.people.forget("Bob")
    lifted = json.loads(command("people", "forget", "--lift", photo, "--json", "-L", library).stdout)
    assert (lifted["tombstones"], lifted["photos"], lifted["faces"], lifted["waiting"]) == (1, 1, 1, 0)
    with faceindex.Library(library) as opened:
        now = {face.face: face for face in opened.faces}
        assert {face.face for face in others} < set(now)
        assert now[others[0].face].person == "Ada"
        (new,) = set(now) - {face.face for face in others}
        assert (new > max(face.face for face in others), now[new].box, now[new].person) == (True, first.box, None)
        assert not opened.care.check(deep=True).damage


def test_one_name_at_a_time(command: Command, library: Path) -> None:
    done = command("people", "forget", "Ada", "Lovelace", "-L", library)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "'Ada Lovelace'" in done.stderr
