"""Pictures that are no files: known by their content, called by the user's names."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import faceindex
from faceindex.errors import UsageError
from faceindex.types import IngestReport, Pixels


@pytest.fixture
def library(tmp_path: Path) -> Iterator[faceindex.Library]:
    with faceindex.Library(tmp_path / "x.faces", recipe="sface") as opened:
        yield opened


def counts(report: IngestReport) -> tuple[int, ...]:
    return (report.new, report.unchanged, report.duplicate, report.failed, report.new_faces, report.total_faces)


def test_the_same_content_is_one_photo(library: faceindex.Library, astronaut: Pixels) -> None:
    small = np.ascontiguousarray(astronaut[:300, 100:400])
    given: dict[str, faceindex.PictureLike] = {"a": small, "b": small, "broken": b"x"}
    assert counts(library.photos.add(given)) == (1, 0, 1, 1, 1, 1)
    assert counts(library.photos.add([("a", small), ("c/1", Image.fromarray(small))])) == (0, 1, 1, 0, 0, 1)
    assert [(photo.path, photo.photo) for photo in library.photos] == [
        ("picture:/a", 1),
        ("picture:/b", 1),
        ("picture:/c/1", 1),
    ]
    assert [(failed.path) for failed in library.photos.failed(limit=None)] == ["picture:/broken"]
    assert [photo.path for photo in library.photos.under("picture:/c")] == ["picture:/c/1"]
    (probe,) = library.search(small)
    assert probe.matches[0].photo == "picture:/a"
    assert probe.matches[0].distance < 1e-5
    assert library.photos.remove("picture:/a").photos == 0
    assert library.photos.remove(["picture:/b", "picture:/c"]).photos == 1


def test_another_picture_takes_a_name(library: faceindex.Library, astronaut: Pixels) -> None:
    grey, flat = astronaut[:300], np.zeros((99, 99, 3), np.uint8)
    assert library.photos.add([("now", grey), ("now", flat), ("now", flat)]).new == 2
    (photo,) = library.photos
    assert (photo.path, photo.width, photo.faces) == ("picture:/now", 99, 0)


def test_a_file_and_its_bytes_are_one_photo_that_files_do_not_prune(
    library: faceindex.Library, astronaut: Pixels, tmp_path: Path
) -> None:
    data = io.BytesIO()
    Image.fromarray(astronaut[:300]).save(data, "PNG")
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.png").write_bytes(data.getvalue())
    library.ingest(str(photos), workers=1)  # a string is one path
    assert counts(library.photos.add({"a": data.getvalue()})) == (0, 0, 1, 0, 0, 1)
    library.photos.add({"other": astronaut})
    (photos / "a.png").unlink()
    Image.new("RGB", (50, 50)).save(photos / "b.png")
    library.ingest(photos, workers=1, prune=True)
    assert [photo.path for photo in library.photos] == [
        str(photos / "b.png"),
        "picture:/a",
        "picture:/other",
    ]
    assert not library.care.check(deep=True).damage


def test_erased_pictures_stay_out(library: faceindex.Library, astronaut: Pixels) -> None:
    library.photos.add({"a": astronaut})
    assert library.photos.forget("picture:/a").photos == 1
    assert library.photos.add({"b": astronaut}).forgotten == 1
    assert list(library.photos) == []


def test_what_was_analysed_is_stored_when_the_source_fails(library: faceindex.Library, astronaut: Pixels) -> None:
    def frames() -> Iterator[tuple[str, Pixels]]:
        yield "1", astronaut
        raise OSError("the camera is gone")

    with pytest.raises(OSError, match="camera"):
        library.photos.add(frames())
    assert [photo.path for photo in library.photos] == ["picture:/1"]


def test_wrong_names_and_wrong_paths_are_told(library: faceindex.Library, astronaut: Pixels) -> None:
    for name in ("", "/", "two\nlines", 5):
        with pytest.raises(UsageError, match="is not a name"):
            library.photos.add([(name, astronaut)])  # type: ignore[list-item]
    with pytest.raises(UsageError, match=r"`photos\.add` takes photos that are not files"):
        library.ingest([astronaut])  # type: ignore[list-item]


def test_an_export_says_that_a_picture_is_no_file(tmp_path: Path, astronaut: Pixels) -> None:
    with faceindex.Library(tmp_path / "x.faces", recipe="sface") as library:
        library.photos.add({"held": astronaut})
        (face,) = library.faces
        library.people.name("Eileen", face=face.face)
        done = library.albums.export(tmp_path / "albums")
    assert done.missing == ()
    assert [(left.path, left.error) for left in done.left] == [
        ("picture:/held", "the picture was added by a program and is not a file")
    ]
