"""identify and read_bytes: a photo's bytes from one opening, and what cannot be a photo is said or left alone."""

from __future__ import annotations

import errno
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from faceindex.errors import UnreadablePhoto
from faceindex.photos.identity import content_hash
from faceindex.photos.read import MAX_FILE_BYTES, identify, read_bytes

TEXT = b"dear diary, today I took no photos at all\n"


def jpeg(colour: str = "teal") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 12), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def refusal(path: Path, *, named: bool = False) -> UnreadablePhoto:
    """The error that `identify` raises; it is one line, and its reason does not repeat the path."""
    with pytest.raises(UnreadablePhoto) as caught:
        identify(str(path), named=named)
    error = caught.value
    assert error.path == str(path)
    assert error.reason
    assert "\n" not in error.reason
    assert str(path) not in error.reason
    assert str(path) in str(error)
    return error


def returns(call: Callable[[], object]) -> bool:
    """Whether `call` comes back at all; one that hangs is left behind in its thread."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(20)
    return not thread.is_alive()


def test_a_photo_is_identified_by_its_content_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg())
    os.utime(path, ns=(1, 1_600_000_000_123_456_789))
    identity = identify(str(path))
    assert identity is not None
    assert identity.content == content_hash(jpeg())
    assert (identity.size, identity.mtime_ns) == (len(jpeg()), 1_600_000_000_123_456_789)


def test_equal_bytes_are_the_same_photo_under_any_name_and_time(tmp_path: Path) -> None:
    names = ["a.jpg", "copy of a.png", "no extension", "notes.txt"]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(jpeg())
        os.utime(tmp_path / name, (number, number))
    identities = [identify(str(tmp_path / name)) for name in names]
    assert {identity.content for identity in identities if identity} == {content_hash(jpeg())}
    assert None not in identities


def test_other_bytes_are_another_photo(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg("teal"))
    (tmp_path / "b.jpg").write_bytes(jpeg("red"))
    a, b = identify(str(tmp_path / "a.jpg")), identify(str(tmp_path / "b.jpg"))
    assert a is not None
    assert b is not None
    assert a.content != b.content


def test_a_text_file_is_no_photo_and_no_failure(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(TEXT)
    assert identify(str(tmp_path / "notes.txt")) is None


def test_an_empty_file_that_claims_nothing_is_no_photo(tmp_path: Path) -> None:
    (tmp_path / "lockfile").touch()
    assert identify(str(tmp_path / "lockfile")) is None


@pytest.mark.parametrize("name", ["text.jpg", "text.HEIC", "text.png"])
def test_a_text_file_with_a_photo_name_is_a_failure(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(TEXT)
    assert "not a photo" in refusal(tmp_path / name).reason


def test_a_text_file_that_the_user_named_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(TEXT)
    assert "not a photo" in refusal(tmp_path / "notes.txt", named=True).reason


def test_an_empty_photo_is_a_failure_that_says_empty(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert "empty" in refusal(tmp_path / "a.jpg").reason


def test_a_missing_file_is_a_failure(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.jpg").reason == "No such file or directory"


def test_a_folder_with_a_photo_name_is_a_failure_that_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "album.jpg").mkdir()
    refusal(tmp_path / "album.jpg")
    descriptors = Path("/dev/fd")
    before = len(list(descriptors.iterdir()))
    for _ in range(5):
        refusal(tmp_path / "album.jpg")
    assert len(list(descriptors.iterdir())) == before


@pytest.mark.parametrize("named", [False, True])
def test_a_fifo_is_refused_and_never_waited_for(tmp_path: Path, named: bool) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert returns(lambda: refusal(tmp_path / "pipe.jpg", named=named))
    assert "regular file" in refusal(tmp_path / "pipe.jpg", named=named).reason


def test_a_fifo_is_not_waited_for_when_its_bytes_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")

    def read() -> None:
        with pytest.raises(UnreadablePhoto, match="regular file"):
            read_bytes(str(tmp_path / "pipe.jpg"))

    assert returns(read)
    read()


def test_a_device_is_refused() -> None:
    assert "regular file" in refusal(Path("/dev/zero"), named=True).reason


def test_a_file_beyond_the_size_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    path.write_bytes(jpeg())
    os.truncate(path, MAX_FILE_BYTES + 1)  # sparse: takes no room on disk
    assert "larger than 1024 MiB" in refusal(path).reason
    with pytest.raises(UnreadablePhoto, match="larger than"):
        read_bytes(str(path))


def test_read_bytes_gives_all_bytes_and_the_time(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    data = jpeg() + os.urandom(3_000_000)
    path.write_bytes(data)
    os.utime(path, ns=(1, 42_000_000_007))
    assert read_bytes(str(path)) == (data, 42_000_000_007)


def test_the_hash_covers_the_whole_file_not_its_head(tmp_path: Path) -> None:
    for name, tail in (("a.jpg", b"\0"), ("b.jpg", b"\1")):
        (tmp_path / name).write_bytes(jpeg() + bytes(2_000_000) + tail)
    a, b = identify(str(tmp_path / "a.jpg")), identify(str(tmp_path / "b.jpg"))
    assert a is not None
    assert b is not None
    assert a.content != b.content


def test_a_file_that_grows_while_it_is_read_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg())
    real = os.fstat
    calls: list[int] = []

    def fstat(descriptor: int) -> os.stat_result:
        if calls:
            with path.open("ab") as file:
                file.write(b"more")
        calls.append(descriptor)
        return real(descriptor)

    monkeypatch.setattr(os, "fstat", fstat)
    assert refusal(path).reason == "changed while it was read"


def test_a_photo_that_may_not_be_opened_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg())

    def refuse(*arguments: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "open", refuse)  # root may open everything
    assert refusal(path).reason == "Permission denied"
