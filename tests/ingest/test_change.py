"""A collection that changes: edited, moved, removed, away, forgotten photos; and others at work on the same library."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

import faceindex
from faceindex.errors import LibraryLocked, UsageError
from faceindex.faces.recipe import recipe
from faceindex.store.folder import LibraryFolder


@pytest.fixture(scope="module")
def pattern(many_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos/ and x.faces/, a library of them in which the face of 2020/a.jpg is Ada's.

    Four photos of a face in two folders, and one that is cut off.
    """
    folder = tmp_path_factory.mktemp("pattern")
    for number, place in enumerate(("2020/a.jpg", "2020/b.jpg", "2021/c.jpg", "2021/d.jpg")):
        (folder / "photos" / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(many_photos / f"{number:02d}.jpg", folder / "photos" / place)
    shutil.copy(many_photos / "cut-off.jpg", folder / "photos" / "2021")
    with faceindex.Library(folder / "x.faces", recipe=recipe("dlib-raw")) as opened:
        opened.ingest([folder / "photos"])
        (face,) = (record.face for record in opened.faces if record.photo.endswith("a.jpg"))
        opened.people.name("Ada", face=face)
    return folder


@pytest.fixture
def library(pattern: Path, tmp_path: Path) -> Iterator[faceindex.Library]:
    """The library of `pattern` as if it had been made of photos in `tmp_path`."""
    shutil.copytree(pattern, tmp_path, dirs_exist_ok=True)
    with closing(sqlite3.connect(tmp_path / "x.faces" / "catalog.sqlite")) as catalog, catalog:
        for table in ("paths", "failures", "roots"):
            move = "CAST(REPLACE(CAST(path AS TEXT), ?, ?) AS BLOB)"
            catalog.execute(f"UPDATE {table} SET path = {move}", (str(pattern), str(tmp_path)))
    with faceindex.Library(tmp_path / "x.faces") as opened:
        yield opened


@pytest.fixture
def photos(library: faceindex.Library) -> Path:
    """The photos that `library` was made of."""
    return library.path.parent / "photos"


def named(library: faceindex.Library) -> dict[str, int]:
    """Name of the photo and id of every face that is Ada's."""
    return {Path(face.photo).name: face.face for face in library.faces if face.person == "Ada"}


def vectors_of(library: faceindex.Library) -> dict[int, bytes]:
    return {face.face: b"" if vector is None else vector.tobytes() for face, vector in library.faces.with_vectors()}


def edit(photo: Path, brightness: float = 1.2) -> None:
    ImageEnhance.Brightness(Image.open(photo)).enhance(brightness).save(photo, quality=92)


def test_edited_photo_keeps_the_id_and_name_of_its_face(library: faceindex.Library, photos: Path) -> None:
    before = named(library)
    vectors = vectors_of(library)
    edit(photos / "2020" / "a.jpg")
    report = library.ingest([photos])
    assert (report.new, report.new_faces, report.total_faces) == (1, 0, 4)
    assert named(library) == before
    now = vectors_of(library)
    assert [face for face in now if now[face] != vectors[face]] == list(before.values())
    assert library.search(photos / "2020" / "a.jpg", k=1)[0].matches[0].distance == pytest.approx(0, abs=1e-6)


def test_photo_that_was_made_smaller_keeps_the_name_of_its_face(library: faceindex.Library, photos: Path) -> None:
    before = named(library)
    with Image.open(photos / "2020" / "a.jpg") as image:
        image.resize((image.width * 3 // 4, image.height * 3 // 4)).save(photos / "2020" / "a.jpg")
    library.ingest([photos])
    assert named(library) == before


def test_moved_tree_keeps_faces_and_names_and_nothing_is_analysed_again(
    library: faceindex.Library, photos: Path, tmp_path: Path
) -> None:
    before = named(library)
    photos.rename(tmp_path / "elsewhere")
    report = library.ingest([tmp_path / "elsewhere"])
    assert (report.moved, report.new, report.total_faces) == (4, 0, 4)
    assert named(library) == before
    assert {Path(photo.path).parent.parent.name for photo in library.photos} == {"elsewhere"}


def test_photos_that_are_gone_stay_in_the_library_until_it_is_pruned(library: faceindex.Library, photos: Path) -> None:
    (photos / "2020" / "a.jpg").unlink()
    shutil.rmtree(photos / "2021")
    assert library.ingest([photos]).total_faces == 4
    report = library.ingest([photos], prune=True)
    assert report.pruned is not None
    assert (report.pruned.removed.photos, report.pruned.removed.faces, report.pruned.away) == (3, 3, 0)
    assert report.pruned.removed.paths == 3  # the one that was cut off fails no longer since it is gone
    assert [Path(photo.path).name for photo in library.photos] == ["b.jpg"]
    assert list(library.photos.failed(limit=None)) == []


def test_what_failed_and_is_gone_fails_no_longer(library: faceindex.Library, photos: Path) -> None:
    (photos / "2020" / "link.jpg").symlink_to("nowhere")
    (photos / "2021" / "disk").mkdir()
    (photos / "2021" / "disk" / "away.jpg").write_text("no photo")
    assert library.ingest([photos]).failed == 3
    (photos / "2020" / "link.jpg").unlink()
    (photos / "2021" / "disk" / "away.jpg").unlink()  # its folder is empty now, as where a disk was mounted
    assert library.ingest([photos]).failed == 1
    left = [Path(failed.path).name for failed in library.photos.failed(limit=None)]
    assert len(left) == 2
    assert "link.jpg" not in left
    assert "away.jpg" in left


def test_photos_on_a_disk_that_is_not_mounted_are_never_pruned(
    library: faceindex.Library, photos: Path, tmp_path: Path
) -> None:
    shutil.move(photos / "2021", tmp_path / "disk")
    (photos / "2021").mkdir()  # an empty mount point
    report = library.ingest([photos], prune=True)
    assert report.pruned is not None
    assert (report.pruned.removed.photos, report.pruned.away) == (0, 3)
    assert report.total_faces == 4
    (photos / "2021").rmdir()
    shutil.move(tmp_path / "disk", photos / "2021")
    assert library.ingest([photos], prune=True).unchanged == 4


def test_a_folder_that_was_ingested_and_is_missing_is_out_of_reach_and_keeps_its_photos(
    library: faceindex.Library, photos: Path, many_photos: Path, tmp_path: Path
) -> None:
    shutil.move(photos, tmp_path / "disk")
    (tmp_path / "others").mkdir()
    shutil.copy(many_photos / "05.jpg", tmp_path / "others")
    for mount_point, reason in (("none", "the folder is missing"), ("empty", "the folder is empty")):
        if mount_point == "empty":
            photos.mkdir()
        report = library.ingest([photos, tmp_path / "others"], prune=True)
        assert (report.new + report.unchanged, report.failed, report.out_of_reach) == (1, 0, 1)
        (missed,) = report.missed
        assert (missed.path, missed.error) == (str(photos), f"{reason}; is its disk connected?")
        alone = library.ingest([photos], prune=True, xmp=True)
        assert (alone.seen, alone.out_of_reach) == (1, 1)  # the folder itself
        assert library.ingest([photos], dry_run=True).missed == alone.missed
        assert library.status().photos == 5
        assert [failure.path for failure in library.photos.failed() if failure.out_of_reach] == [str(photos)]
    photos.rmdir()
    shutil.move(tmp_path / "disk", photos)
    report = library.ingest([photos], prune=True)
    assert (report.unchanged, report.out_of_reach) == (4, 0)
    assert [failure.path for failure in library.photos.failed() if failure.out_of_reach] == []
    with pytest.raises(UsageError, match="no such file or folder"):  # never ingested, so perhaps misspelt
        library.ingest([photos / "2012"], prune=True)


def test_folder_of_photos_that_were_given_singly_can_be_pruned(library: faceindex.Library, photos: Path) -> None:
    library.ingest(sorted((photos / "2021").iterdir()))
    shutil.rmtree(photos / "2021")
    report = library.ingest([photos], prune=True)
    assert report.pruned is not None
    assert (report.pruned.removed.photos, report.pruned.away) == (2, 0)


def test_pruning_one_folder_leaves_photos_elsewhere_alone(library: faceindex.Library, photos: Path) -> None:
    (photos / "2020" / "a.jpg").unlink()
    (photos / "2021" / "c.jpg").unlink()
    report = library.ingest([photos / "2021"], prune=True)
    assert report.pruned is not None
    assert report.pruned.removed.photos == 1
    assert report.total_faces == 3


def test_removed_photo_comes_back_with_its_name(library: faceindex.Library, photos: Path) -> None:
    before = named(library)
    removed = library.photos.remove([photos / "2020"])
    assert (removed.paths, removed.photos, removed.faces) == (2, 2, 2)
    assert named(library) == {}
    report = library.ingest([photos])
    assert (report.new, report.total_faces) == (2, 4)
    assert named(library) == before


def test_erased_photo_does_not_come_back(library: faceindex.Library, photos: Path) -> None:
    receipt = library.photos.forget([photos / "2020" / "a.jpg", photos / "2021" / "cut-off.jpg"])
    assert (receipt.photos, receipt.faces, receipt.decisions) == (1, 1, 1)
    report = library.ingest([photos])
    assert (report.forgotten, report.new, report.total_faces) == (1, 0, 3)
    assert not any(match.photo.endswith("a.jpg") for match in library.search(photos / "2020" / "a.jpg")[0].matches)
    with pytest.raises(UsageError, match="knows no photo"):
        library.photos.forget([photos / "2020" / "a.jpg"])


def test_forgotten_person_does_not_come_back(library: faceindex.Library, photos: Path) -> None:
    assert library.people.forget("Ada").faces == 1
    assert list(library.people) == []
    assert library.ingest([photos]).total_faces == 3
    with pytest.raises(UsageError, match="nobody is called Ada"):
        library.people.forget("Ada")


def test_photo_that_could_not_be_read_is_opened_again_only_when_wanted(
    library: faceindex.Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.ingest([photos])  # the copies of the photos are new to the file system
    monkeypatch.setattr("faceindex.ingest.reader.identify", lambda *_, **__: pytest.fail("opened"))
    assert library.ingest([photos]).failed == 1
    monkeypatch.undo()
    report = library.ingest([photos], retry_failed=True)
    assert (report.failed, report.unchanged) == (1, 4)
    assert "truncated" in report.failures[0].error


def test_two_libraries_over_the_same_photos_do_not_know_of_each_other(
    library: faceindex.Library, photos: Path, tmp_path: Path
) -> None:
    with faceindex.Library(tmp_path / "other.faces", recipe=recipe("dlib-raw")) as other:
        assert other.ingest([photos]).new == 4
        other.photos.forget([photos / "2020"])
        assert (other.status().faces, library.status().faces) == (2, 4)


def test_everything_but_an_ingest_runs_beside_an_ingest(library: faceindex.Library, photos: Path) -> None:
    folder = LibraryFolder(library.path, create=False)
    with folder.writer():  # an ingest holds the lock all the time
        assert library.cluster().clustered == 4
        library.people.name("Grace", album=1)
        assert library.search(photos / "2020" / "a.jpg")[0].matches[0].person == "Grace"
        assert library.status().people == 1  # Ada's only face is Grace's now
        assert len(list(library.faces.with_vectors())) == 4
        with pytest.raises(LibraryLocked, match=r"being written by process .*--wait"):
            library.ingest([photos])
    folder.close()


def test_ingest_that_waits_begins_when_the_other_has_ended(library: faceindex.Library, photos: Path) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with LibraryFolder(library.path, create=False).writer():
            entered.set()
            leave.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert entered.wait(60)
    command = [sys.executable, "-m", "faceindex", "ingest", "--wait", "-L", str(library.path), str(photos)]
    waiting = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(3)
    leave.set()
    holder.join()
    output, _ = waiting.communicate(timeout=120)
    assert waiting.returncode == 0
    assert "photos" in output


def test_many_batches_leave_few_segments(many_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceindex.ingest.pipeline.BATCH_PHOTOS", 1)
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib-raw")) as library:
        report = library.ingest([many_photos], workers=0)  # one photo a batch, however busy the machine is
        assert "compact" in report.stages
        assert library.status().segments < 8
        assert library.status().faces == 20
        assert library.care.compact()
        assert library.status().segments == 1
        assert not library.care.compact()
        assert library.search(many_photos / "00.jpg", k=20)[0].matches[0].distance == pytest.approx(0, abs=1e-6)


def test_photo_that_lacks_its_end_is_stored_with_a_warning(many_photos: Path, tmp_path: Path) -> None:
    whole = (many_photos / "00.jpg").read_bytes()
    (tmp_path / "short.jpg").write_bytes(whole[:-200])
    with faceindex.Library(tmp_path / "x.faces", recipe=recipe("dlib-raw")) as library:
        report = library.ingest([tmp_path])
        (warning,) = report.warnings
        (photo,) = library.photos
    assert (report.new, report.failed, report.total_faces) == (1, 0, 1)
    assert (warning.path, warning.error) == (photo.path, photo.warning)
    assert photo.warning


@pytest.mark.parametrize("batch", [1, 64])
def test_photos_that_exchanged_their_names_keep_their_faces(
    library: faceindex.Library, photos: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr("faceindex.ingest.pipeline.BATCH_PHOTOS", batch)
    faces = {Path(face.photo).name: face.face for face in library.faces}
    for old, new in (("2020/a", "x"), ("2020/b", "2020/a"), ("x", "2020/b")):  # a and b: exchanged
        (photos / f"{old}.jpg").rename(photos / f"{new}.jpg")
    for old, new in (("d", "e"), ("c", "d")):  # c and d: renumbered
        (photos / "2021" / f"{old}.jpg").rename(photos / "2021" / f"{new}.jpg")
    report = library.ingest([photos])
    assert (report.moved, report.duplicate, report.new, report.total_faces) == (4, 0, 0, 4)
    now = {Path(face.photo).name: face.face for face in library.faces}
    moved = {"a.jpg": "b.jpg", "b.jpg": "a.jpg", "c.jpg": "d.jpg", "d.jpg": "e.jpg"}
    assert now == {moved[name]: face for name, face in faces.items()}
    assert named(library) == {"b.jpg": faces["a.jpg"]}
    assert library.ingest([photos]).unchanged == 4
    assert not library.care.check(deep=True).damage


def test_exchanged_names_are_one_batch_while_the_disk_is_slow(
    library: faceindex.Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the reader waits for an answer, the ingest collects and commits; never half of a new name."""
    monkeypatch.setattr("faceindex.ingest.workers.watch.LOOK_SECONDS", 0.0)
    monkeypatch.setattr("faceindex.ingest.pipeline.BATCH_SECONDS", -1.0)
    for old, new in (("2020/a", "x"), ("2020/b", "2020/a"), ("x", "2020/b"), ("2021/d", "2021/e")):
        (photos / f"{old}.jpg").rename(photos / f"{new}.jpg")
    report = library.ingest([photos])
    assert (report.moved, report.unchanged, report.duplicate, report.new) == (3, 1, 0, 0)
    assert len(list(library.photos)) == 4
    assert all(Path(photo.path).exists() for photo in library.photos)


@pytest.mark.parametrize("batch", [1, 64])
@pytest.mark.parametrize("kept_as", ["2019.jpg", "2020/a0.jpg", "2020/b.jpg", "2021/z.jpg"])
def test_edited_photo_whose_original_is_kept_under_another_name(
    library: faceindex.Library, photos: Path, monkeypatch: pytest.MonkeyPatch, kept_as: str, batch: int
) -> None:
    monkeypatch.setattr("faceindex.ingest.pipeline.BATCH_PHOTOS", batch)
    vectors = set(vectors_of(library).values())
    shutil.copy(photos / "2020" / "a.jpg", photos / kept_as)
    edit(photos / "2020" / "a.jpg")
    replaced = kept_as == "2020/b.jpg"
    assert library.ingest([photos]).total_faces == 5 - replaced
    assert len(vectors - set(vectors_of(library).values())) == replaced
    assert list(named(library)) == [Path(kept_as).name]
    assert not library.care.check(deep=True).damage
