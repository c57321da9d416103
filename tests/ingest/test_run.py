"""Ingest: what is counted, what is skipped, and that no interruption costs or doubles anything."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from contents import Contents, contents
from PIL import Image

import faceindex
from faceindex.errors import UsageError
from faceindex.faces.recipe import recipe

PHOTOS, FACES = 23, 20  # of many_photos, one of them cut off

_INGEST = """
import sys
import faceindex
from faceindex.faces.recipe import recipe
from faceindex.ingest import pipeline
pipeline.BATCH_PHOTOS = 3
with faceindex.Library(sys.argv[1], recipe=recipe("dlib-raw")) as library:
    print(library.ingest([sys.argv[2]]).seen)
"""


def test_report_counts_every_photo_once(small_library: faceindex.Library, many_photos: Path) -> None:
    report = small_library.ingest([many_photos])
    assert (report.seen, report.unchanged, report.failed, report.new) == (PHOTOS, PHOTOS - 1, 1, 0)
    assert (report.new_faces, report.total_faces) == (0, FACES)
    (failure,) = report.failures
    assert Path(failure.path).name == "cut-off.jpg"
    assert "truncated" in failure.error


def test_unchanged_photos_are_not_even_opened(
    many_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(many_photos, photos)
    library = faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib-raw"))
    library.ingest([photos])
    opened: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr("faceindex.ingest.reader.identify", lambda path, **_: opened.append(path))
        assert library.ingest([photos]).unchanged == PHOTOS - 1
    assert opened == []
    report = library.ingest([photos])
    assert (report.new, report.unchanged, report.failed) == (0, PHOTOS - 1, 1)
    library.close()


def test_moved_photos_keep_their_faces_and_copies_are_recognised(many_photos: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("00.jpg", "01.jpg"):
        shutil.copy2(many_photos / name, photos)
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib-raw")) as library:
        library.ingest([photos])
        before = {face.face: Path(face.photo).name for face in library.faces}

        (photos / "trip").mkdir()
        (photos / "00.jpg").rename(photos / "trip" / "renamed.jpg")
        shutil.copy(photos / "01.jpg", photos / "01 copy.jpg")
        report = library.ingest([photos])
        assert (report.new, report.moved, report.duplicate, report.unchanged) == (0, 1, 1, 1)
        after = {face.face: Path(face.photo).name for face in library.faces}
        assert after.keys() == before.keys()
        assert sorted(after.values()) == ["01 copy.jpg", "renamed.jpg"]


def test_duplicates_within_one_run_are_analysed_once(many_photos: Path, tmp_path: Path) -> None:
    for number in range(5):
        shutil.copy(many_photos / "03.jpg", tmp_path / f"{number}.jpg")
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib-raw")) as library:
        report = library.ingest([tmp_path])
    assert (report.seen, report.new, report.duplicate, report.total_faces) == (5, 1, 4, 1)


def test_copies_of_an_unreadable_photo_all_fail(many_photos: Path, tmp_path: Path) -> None:
    for number in range(3):
        shutil.copy(many_photos / "cut-off.jpg", tmp_path / f"{number}.jpg")
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib-raw")) as library:
        report = library.ingest([tmp_path])
        assert (report.seen, report.failed, len(report.failures)) == (3, 3, 3)
        assert len(library.photos.failed(limit=None)) == 3


def test_edited_photo_is_analysed_again_and_a_touched_one_is_not(many_photos: Path, tmp_path: Path) -> None:
    shutil.copy(many_photos / "00.jpg", tmp_path / "a.jpg")
    shutil.copy(many_photos / "01.jpg", tmp_path / "b.jpg")
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib-raw")) as library:
        library.ingest([tmp_path])
        shutil.copy(many_photos / "02.jpg", tmp_path / "a.jpg")
        os.utime(tmp_path / "b.jpg", ns=(1, 1))
        report = library.ingest([tmp_path])
        assert (report.new, report.unchanged, report.total_faces) == (1, 1, 2)
        assert library.ingest([tmp_path]).unchanged == 2


def test_repaired_photo_is_read_and_its_failure_forgotten(many_photos: Path, tmp_path: Path) -> None:
    shutil.copy(many_photos / "cut-off.jpg", tmp_path / "a.jpg")
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib-raw")) as library:
        assert library.ingest([tmp_path]).failed == 1
        shutil.copy(many_photos / "00.jpg", tmp_path / "a.jpg")
        report = library.ingest([tmp_path])
        assert (report.new, report.failed) == (1, 0)
        assert list(library.photos.failed(limit=None)) == []


def test_files_that_are_no_photos_are_ignored_but_bad_photos_are_not(many_photos: Path, tmp_path: Path) -> None:
    shutil.copy(many_photos / "00.jpg", tmp_path / "photo-without-extension")
    (tmp_path / "notes.txt").write_text("not a photo")
    (tmp_path / "claims.jpg").write_text("not a photo either")
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "fifo.jpg")
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib-raw")) as library:
        report = library.ingest([tmp_path])
    assert (report.seen, report.new, report.failed, report.ignored) == (4, 1, 3, 1)
    assert {Path(f.path).name: f.error for f in report.failures} == {
        "claims.jpg": "not a photo of a known format",
        "empty.png": "the file is empty",
        "fifo.jpg": "not a regular file",
    }


def test_names_that_are_not_utf8_or_contain_newlines_are_names_like_others(many_photos: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    names = [b"caf\xe9.jpg", b"two\nlines.jpg", "日本.jpg".encode()]
    for number, name in enumerate(names):
        shutil.copy(many_photos / f"{number:02d}.jpg", photos / os.fsdecode(name))
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib-raw")) as library:
        assert library.ingest([photos]).new == 3
        assert {os.fsencode(Path(face.photo).name) for face in library.faces} == set(names)
        assert library.ingest([photos]).unchanged == 3


def test_folder_without_photos_is_a_usage_error(tmp_path: Path) -> None:
    library = faceindex.Library(tmp_path / "x.faces")
    with pytest.raises(UsageError, match="no files under"):
        library.ingest([tmp_path])
    (tmp_path / "notes.txt").write_text("text")
    with pytest.raises(UsageError, match="no photos under"):
        library.ingest([tmp_path])
    library.close()


def test_library_beside_the_photos_is_not_ingested(many_photos: Path, tmp_path: Path) -> None:
    shutil.copy(many_photos / "00.jpg", tmp_path)
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib-raw")) as library:
        library.ingest([tmp_path])
        shutil.copy(many_photos / "00.jpg", tmp_path / "x.faces" / "index" / "stray.jpg")
        assert library.ingest([tmp_path]).seen == 1


@pytest.fixture(scope="module")
def uninterrupted(many_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Contents, float]:
    """What an ingest without interruption holds, and the seconds it takes."""
    library = tmp_path_factory.mktemp("whole") / "x.faces"
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", _INGEST, library, many_photos], check=True, capture_output=True)
    return contents(library), time.monotonic() - began


def test_uninterrupted_run_holds_every_photo_and_face(uninterrupted: tuple[Contents, float]) -> None:
    whole, _ = uninterrupted
    assert len({path for path, *_ in whole}) == PHOTOS
    assert len([face for face in whole if face[2]]) == FACES


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_a_random_moment_and_run_again_nothing_is_lost_or_doubled(
    seed: int, many_photos: Path, uninterrupted: tuple[Contents, float], tmp_path: Path
) -> None:
    whole, seconds = uninterrupted
    library = tmp_path / "x.faces"
    command = [sys.executable, "-c", _INGEST, str(library), str(many_photos)]
    ingest = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    time.sleep(seconds * random.Random(seed).uniform(0.2, 1.0))
    os.killpg(ingest.pid, signal.SIGKILL)
    ingest.wait()
    if (library / "catalog.sqlite").exists() and (library / "catalog.sqlite").stat().st_size:
        assert set(contents(library)) <= set(whole)
    subprocess.run(command, check=True, capture_output=True)
    assert contents(library) == whole


def test_ctrl_c_stores_what_was_analysed_and_the_next_run_goes_on(
    many_photos: Path, uninterrupted: tuple[Contents, float], tmp_path: Path
) -> None:
    whole, seconds = uninterrupted
    library = tmp_path / "x.faces"
    command = [
        sys.executable,
        "-m",
        "faceindex",
        "ingest",
        "-L",
        str(library),
        "--recipe",
        "dlib-raw",
        str(many_photos),
    ]
    ingest = subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(seconds * 0.7)
    os.killpg(ingest.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    _, errors = ingest.communicate()
    if ingest.returncode == 0:
        pytest.skip("this machine finished before it could be interrupted")
    assert ingest.returncode == 130
    assert "Run the same command again" in errors
    assert "Traceback" not in errors
    assert set(contents(library)) <= set(whole)
    subprocess.run(command, check=True, capture_output=True)
    assert contents(library) == whole


def test_script_without_a_main_guard_can_ingest(many_photos: Path, tmp_path: Path) -> None:
    """The design's own example: workers must not run the script again."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, faceindex\n"
        "print('once')\n"
        "with faceindex.Library(sys.argv[1]) as library:\n"
        "    print(library.ingest([sys.argv[2]]).new)\n"
    )
    done = subprocess.run(
        [sys.executable, script, tmp_path / "x.faces", many_photos / "00.jpg"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["once", "1"]


def test_photo_over_the_pixel_limit_is_listed(tmp_path: Path) -> None:
    Image.new("RGB", (2000, 1001)).save(tmp_path / "large.png")
    with faceindex.Library(tmp_path / "x.faces") as library:
        report = library.ingest([tmp_path], max_megapixels=2)
    assert "limit of 2 megapixels" in report.failures[0].error
