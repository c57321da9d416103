"""Crops and previews: what they show and hide, when they are refused, and when they are gone."""

from __future__ import annotations

import io
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import faceindex
from faceindex.crops.cache import PictureCache
from faceindex.crops.pool import PicturePool
from faceindex.crops.requests import PictureRequest
from faceindex.errors import NotInLibrary, UnreadablePhoto
from faceindex.photos.identity import content_hash


@pytest.fixture
def library(small_library: faceindex.Library, tmp_path: Path, many_photos: Path) -> Iterator[faceindex.Library]:
    """A copy of `small_library`; its photos are where they were."""
    shutil.copytree(small_library.path, tmp_path / "copy.faces")
    with faceindex.Library(tmp_path / "copy.faces") as opened:
        yield opened


def cached(library: faceindex.Library) -> list[Path]:
    return sorted((library.path / "crops").glob("*"))


def size(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data)).size


def test_crops_are_square_private_and_cached(library: faceindex.Library) -> None:
    data = library.crops.face(1)
    assert size(data) == (256, 256)
    (file,) = cached(library)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    file.write_bytes(b"from the cache")
    assert library.crops.face(1) == b"from the cache"


def test_a_picture_is_upright_and_says_nothing_of_its_file(tmp_path: Path, astronaut: faceindex.types.Pixels) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera's name"
    stored = Image.fromarray(astronaut).crop((0, 0, 500, 300)).transpose(Image.Transpose.ROTATE_90)
    (tmp_path / "photos").mkdir()
    stored.save(tmp_path / "photos" / "turned.jpg", exif=exif, comment=b"a comment", icc_profile=None)
    with faceindex.Library(tmp_path / "a.faces") as library:
        library.ingest([tmp_path / "photos"], workers=0)
        preview = library.crops.photo(1)
        crop = library.crops.face(1)
    assert size(preview) == (500, 300)
    assert b"camera" not in preview + crop
    assert b"comment" not in preview + crop
    assert dict(Image.open(io.BytesIO(crop)).getexif()) == {}


def test_missing_and_changed_photos_say_so(library: faceindex.Library, tmp_path: Path) -> None:
    record = library.faces.get(1)
    moved = tmp_path / "here.jpg"
    try:
        Path(record.photo).rename(moved)
        with pytest.raises(UnreadablePhoto, match="No such file"):
            library.crops.face(1)
        Image.new("RGB", (260, 260)).save(record.photo)
        with pytest.raises(UnreadablePhoto, match="has changed since"):
            library.crops.photo(record.photo_id)
        assert cached(library) == []
    finally:
        moved.rename(record.photo)
    assert library.crops.face(1)
    for absent in (library.crops.face, library.crops.photo):
        with pytest.raises(NotInLibrary):
            absent(999)


def test_erasing_removes_all_pictures(library: faceindex.Library) -> None:
    library.people.name("Ann", face=1)
    library.crops.face(1)
    library.crops.photo(2)
    assert len(cached(library)) == 2
    library.people.forget("Ann", dry_run=True)
    assert len(cached(library)) == 2
    library.people.forget("Ann")
    assert not (library.path / "crops").exists()


def test_a_picture_that_is_made_while_its_photo_is_erased_is_not_left(
    library: faceindex.Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, ask = library.faces.get(1).photo, PicturePool.ask

    def erasing(pool: PicturePool, request: PictureRequest) -> bytes:
        made = ask(pool, request)
        library.photos.forget(path)
        return made

    monkeypatch.setattr(PicturePool, "ask", erasing)
    with pytest.raises(NotInLibrary):
        library.crops.face(1)
    assert cached(library) == []


def test_check_and_backup_leave_pictures_alone(library: faceindex.Library, tmp_path: Path) -> None:
    library.crops.face(1)
    assert library.care.check().damage == ()
    library.care.backup(tmp_path / "backup.faces")
    assert not (tmp_path / "backup.faces" / "crops").exists()
    with faceindex.Library(library.path) as again:
        assert again.crops.face(1)


def test_the_pictures_used_last_stay_within_the_bound(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path / "crops", most_bytes=1000)
    requests = [PictureRequest((), content_hash(b"%d" % number), None, 9, 0) for number in range(12)]
    for number, request in enumerate(requests):
        cache.put(request, bytes(100))
        os.utime(cache.path(request), (number, number))
        cache.get(requests[0])
    kept = [number for number, request in enumerate(requests) if cache.path(request).exists()]
    assert kept[0] == 0
    assert kept[1:] == list(range(12))[-len(kept) + 1 :]
    assert 8 <= len(kept) <= 10


def test_a_worker_that_dies_or_hangs_costs_one_picture(
    library: faceindex.Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = PicturePool(1, processor_limit=0.0)
    record = library.faces.get(1)
    request = PictureRequest((record.photo,), content_hash(Path(record.photo).read_bytes()), None, 100, 0)
    assert size(pool.ask(request)) == (100, 100)
    (worker,) = pool._idle
    os.kill(worker.process.pid, signal.SIGKILL)
    with pytest.raises(Exception, match=r"ended unexpectedly \(SIGKILL\)"):
        pool.ask(request)
    assert size(pool.ask(request)) == (100, 100)
    (worker,) = pool._idle
    os.kill(worker.process.pid, signal.SIGSTOP)
    monkeypatch.setattr("faceindex.crops.pool.Watch.look", lambda watch: setattr(watch, "processor", 99.0))
    with pytest.raises(Exception, match="takes more than"):
        pool.ask(request)
    pool.close()
    with pytest.raises(faceindex.MachineError):
        pool.ask(request)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\xff\xd8\xff" + bytes(100)])
def test_an_upload_that_is_no_photo_is_refused(library: faceindex.Library, data: bytes) -> None:
    with pytest.raises(UnreadablePhoto):
        library.crops.pixels(data)


def test_an_upload_with_too_many_pixels_is_refused_and_others_are_decoded(library: faceindex.Library) -> None:
    buffer = io.BytesIO()
    Image.new("1", (6000, 100)).save(buffer, "PNG")
    with pytest.raises(UnreadablePhoto, match="megapixels"):
        library.crops.pixels(buffer.getvalue(), max_megapixels=0.5)
    assert library.crops.pixels(buffer.getvalue()).shape == (68, 4096, 3)
