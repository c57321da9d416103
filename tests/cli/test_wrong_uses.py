"""A wrong use gets one clear line on stderr, the design's exit code, and no traceback."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import faceindex
from faceindex.errors import UsageError
from faceindex.faces.recipe import recipe
from faceindex.store.lock import WriterLock

Command = Callable[..., subprocess.CompletedProcess[str]]


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """`done` ended with `code`, nothing on stdout, and one line on stderr that has all `words`."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("faceindex: ")
    for word in words:
        assert word in line


def without_root_powers() -> None:
    """Drop CAP_DAC_OVERRIDE from what the next program may have: file modes then hold for root, too."""
    drop_from_bounding_set, dac_override = 24, 1
    ctypes.CDLL(None).prctl(drop_from_bounding_set, dac_override, 0, 0, 0)


def test_missing_path(command: Command, tmp_path: Path) -> None:
    refused(command("ingest", tmp_path / "nowhere", "-L", tmp_path / "x.faces"), 2, "no such file", "nowhere")
    assert not (tmp_path / "x.faces").exists()


def test_empty_folder(command: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(command("ingest", tmp_path / "empty", "-L", tmp_path / "x.faces"), 2, "no files under", "empty")


def test_image_without_a_face(command: Command, small_library: faceindex.Library, many_photos: Path) -> None:
    image = many_photos / "nothing-0.png"
    refused(command("search", image, "-L", small_library.path), 2, "no face found", "nothing-0.png")
    refused(command("verify", image, many_photos / "00.jpg"), 2, "no face found", "nothing-0.png")


def test_text_file_as_image(command: Command, small_library: faceindex.Library, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no photo")
    refused(command("search", tmp_path / "notes.txt", "-L", small_library.path), 2, "notes.txt", "not a photo")
    refused(command("search", tmp_path / "missing.jpg", "-L", small_library.path), 2, "missing.jpg", "No such file")


def test_text_file_given_to_ingest_is_listed_as_failed(command: Command, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no photo")
    done = command("ingest", tmp_path / "notes.txt", "-L", tmp_path / "x.faces")
    assert done.returncode == 2
    assert "not a photo of a known format" in done.stdout


def test_locked_library(command: Command, many_photos: Path, tmp_path: Path) -> None:
    (tmp_path / "x.faces").mkdir()
    lock = WriterLock(tmp_path / "x.faces" / "lock")
    done = command("ingest", many_photos, "-L", tmp_path / "x.faces")
    refused(done, 3, "x.faces", f"process {os.getpid()}", "try again")
    lock.release()


def test_readers_and_albums_do_not_wait_for_the_writer(command: Command, small_library: faceindex.Library) -> None:
    lock = WriterLock(small_library.path / "lock")
    assert command("status", "-L", small_library.path).returncode == 0
    assert command("cluster", "-L", small_library.path).returncode == 0
    refused(command("compact", "-L", small_library.path), 3, "is being written by")
    lock.release()


def test_library_of_another_recipe(command: Command, small_library: faceindex.Library, many_photos: Path) -> None:
    done = command("ingest", many_photos, "-L", small_library.path, "--recipe", "dlib-raw")
    refused(done, 3, f"recipe {small_library.recipe.name}, not dlib-raw", str(small_library.path))


@pytest.mark.skipif(sys.platform != "linux", reason="drops a Linux capability, so that root is refused as others are")
def test_read_only_folder(command: Command, many_photos: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    done = command("ingest", many_photos, "-L", closed / "x.faces", preexec_fn=without_root_powers)
    refused(done, 3, "cannot write", str(closed / "x.faces"), "Permission denied")


@pytest.mark.skipif(sys.platform != "linux", reason="drops a Linux capability, so that root is refused as others are")
def test_read_only_library_can_still_be_searched(command: Command, many_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "x.faces"
    command("ingest", many_photos / "00.jpg", "-L", library)
    for path in [library, *library.rglob("*")]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    done = command("search", many_photos / "00.jpg", "-L", library, preexec_fn=without_root_powers)
    refused(command("cluster", "-L", library, preexec_fn=without_root_powers), 3, "cannot write")
    for path in [library, *library.rglob("*")]:
        path.chmod(0o700)
    assert done.returncode == 0, done.stderr
    assert "0.0000" in done.stdout


def test_unknown_option_and_command(command: Command) -> None:
    refused(command("ingest", "--frobnicate"), 2, "--frobnicate")
    refused(command("frobnicate"), 2, "frobnicate")


def test_values_out_of_range(command: Command, small_library: faceindex.Library, many_photos: Path) -> None:
    image, where = many_photos / "00.jpg", ("-L", small_library.path)
    refused(command("search", image, "-k", 0, *where), 2, "-k")
    refused(command("ingest", image, "--min-face", 0, *where), 2, "min-face")
    refused(command("ingest", image, "--recipe", "vgg", *where), 2, "vgg", "dlib")
    refused(command("ingest", image, "--detector", "yolo", *where), 2, "yolo", "hog")
    refused(command("search", image, "--engine", "torch", *where), 2, "torch", "onnx")
    refused(command("search", image, "--device", "abacus", *where), 2, "abacus", "cpu")
    refused(command("cluster", "--method", "kmeans", *where), 2, "kmeans", "whispers")
    refused(command("export", "-", "--format", "xml", *where), 2, "xml", "jsonl")
    refused(command("albums", "show", 99, *where), 2, "no album 99")


def test_absent_library(command: Command, many_photos: Path, tmp_path: Path) -> None:
    for arguments in (["search", many_photos / "00.jpg"], ["status"], ["cluster"], ["albums", "list"], ["export", "-"]):
        refused(command(*arguments, "-L", tmp_path / "none"), 2, "no library at", "faceindex ingest")


def test_damaged_catalog(command: Command, tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").write_bytes(b"this is no database, and long enough to be read as one" * 100)
    refused(command("status", "-L", tmp_path), 3, "catalog.sqlite", "damaged")


def test_missing_segment(command: Command, many_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "x.faces"
    command("ingest", many_photos / "00.jpg", "-L", library)
    (library / "vectors" / "000001.h5").unlink()
    refused(command("cluster", "-L", library), 3, "000001.h5 is missing")


def test_altered_model(command: Command, many_photos: Path, tmp_path: Path) -> None:
    (tmp_path / "shape_predictor_5_face_landmarks.dat").write_bytes(b"altered")
    done = command(
        "ingest", many_photos, "-L", tmp_path / "x.faces", env={"FACEINDEX_MODELS": str(tmp_path), "PATH": ""}
    )
    refused(done, 3, "shape_predictor_5_face_landmarks.dat", "sha256")


def test_help_is_there_for_every_command(command: Command) -> None:
    for arguments in (["ingest"], ["search"], ["verify"], ["cluster"], ["albums"], ["photos"], ["models"], ["export"]):
        done = command(*arguments, "--help")
        assert done.returncode == 0
        assert "Usage: " in done.stdout


def stored_bytes(library: Path) -> dict[Path, bytes]:
    """Of every file, but that which SQLite's readers write their marks into."""
    files = (path for path in library.rglob("*") if path.is_file() and not path.name.endswith("-shm"))
    return {path: path.read_bytes() for path in files}


def test_nothing_is_written_into_the_library_itself(
    command: Command, small_library: faceindex.Library, many_photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(small_library.path)
    (tmp_path / "pairs.csv").write_text("a,b\n")
    own, where = tmp_path / "link", ("-L", small_library.path)
    before = stored_bytes(small_library.path)
    said = "lies in the library itself"
    refused(command("export", own / "catalog.sqlite", *where), 2, said)
    refused(command("photos", "sidecars", many_photos, "--to", own / "xmp", *where), 2, said)
    refused(command("verify", "--pairs", tmp_path / "pairs.csv", "--out", own / "out.csv", *where), 2, said)
    writers: list[Callable[[Path], object]] = [
        small_library.albums.export,
        small_library.care.backup,
        small_library.sheets.write_albums,
        lambda path: small_library.sheets.write_matches(path, [], []),
        lambda path: small_library.sheets.write_review(path, []),
        lambda path: small_library.reencode(path, recipe("dlib-raw")),
        lambda path: small_library.care.calibrate(many_photos, keep=path),
    ]
    for write in writers:
        for target in (own, own / "new", small_library.path / "index" / ".." / "catalog.sqlite"):
            if write != small_library.care.backup or not target.exists():
                with pytest.raises(UsageError, match=said):
                    write(target)
    assert stored_bytes(small_library.path) == before
