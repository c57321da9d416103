"""Pages are one file, show the faces, lead to the photos, and cannot be broken by a file's name."""

from __future__ import annotations

import base64
import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import faceindex
from faceindex.errors import UsageError
from faceindex.sheets.crops import SIDE, crops
from faceindex.types import Box, Pixels

_IMAGE = re.compile(r'src="data:image/jpeg;base64,([^"]+)"')


def pictures(page: str) -> list[Image.Image]:
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in _IMAGE.findall(page)]


def test_album_sheet_shows_each_albums_faces_and_links_their_photos(
    small_library: faceindex.Library, many_photos: Path, tmp_path: Path
) -> None:
    small_library.write_album_sheet(tmp_path / "new" / "sheet.html", faces=6)
    page = (tmp_path / "new" / "sheet.html").read_text()
    assert "20 faces in 20 photos" in page
    assert "and 14 more" in page
    assert [picture.size for picture in pictures(page)] == [(SIDE, SIDE)] * 6
    # Copies of one face: which six are shown depends on which worker was first.
    linked = set(re.findall(r'href="([^"]*)"', page))
    assert len(linked) == 6
    assert linked <= {photo.as_uri() for photo in many_photos.iterdir()}


def test_page_needs_nothing_from_outside(small_library: faceindex.Library, tmp_path: Path) -> None:
    small_library.write_album_sheet(tmp_path / "sheet.html")
    page = (tmp_path / "sheet.html").read_text()
    assert not re.search(r'(src|href)="https?:|@import|url\(', page)
    assert all(source.startswith("data:") for source in re.findall(r'src="([^"]*)', page))


def test_match_sheet_shows_probe_and_matches_with_distances(
    small_library: faceindex.Library, many_photos: Path, tmp_path: Path
) -> None:
    probes = small_library.probes([many_photos / "05.jpg"])
    found = [small_library.matches(probe, k=3) for probe in probes]
    small_library.write_match_sheet(tmp_path / "match.html", probes, found)
    page = (tmp_path / "match.html").read_text()
    assert len(pictures(page)) == 1 + 3
    shown = [(f"{match.distance:.3f}", f"{match.confidence:.0%}") for match in found[0].matches]
    assert shown == re.findall(r">(\d\.\d{3})  (\d+%)<", page)


def test_crop_shows_the_face_where_the_box_is(tmp_path: Path, astronaut: Pixels) -> None:
    canvas = np.full((1200, 1600, 3), 255, dtype=np.uint8)
    canvas[300:812, 500:1012] = astronaut
    Image.fromarray(canvas).save(tmp_path / "a.png")
    path, box = str(tmp_path / "a.png"), Box(500 + 175, 300 + 75, 100, 100)
    crop = np.asarray(pictures(f'src="{crops([(path, box)])[path, box]}"')[0], dtype=float)
    expected = Image.fromarray(astronaut).crop((145, 45, 305, 205)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    assert np.abs(crop - np.asarray(expected, dtype=float)).mean() < 6


def test_face_at_the_edge_of_its_photo_is_cropped_all_the_same(tmp_path: Path, astronaut: Pixels) -> None:
    Image.fromarray(astronaut).save(tmp_path / "a.jpg")
    path = str(tmp_path / "a.jpg")
    assert len(crops([(path, Box(-20, -20, 60, 60)), (path, Box(480, 490, 90, 90))])) == 2


def test_photo_that_is_gone_leaves_a_place(many_photos: Path, tmp_path: Path) -> None:
    for name in ("00.jpg", "01.jpg"):
        shutil.copy(many_photos / name, tmp_path)
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.ingest([tmp_path])
        library.cluster()
        (tmp_path / "00.jpg").unlink()
        library.write_album_sheet(tmp_path / "sheet.html")
    page = (tmp_path / "sheet.html").read_text()
    assert len(pictures(page)) == 1
    assert page.count("photo is<br>not there") == 1


def test_names_are_escaped(many_photos: Path, tmp_path: Path) -> None:
    photos = tmp_path / "<script>alert(1)</script>"
    photos.mkdir(parents=True)
    photos_folder = photos.resolve()
    shutil.copy(many_photos / "00.jpg", photos_folder / '"onload="x.jpg')
    shutil.copy(many_photos / "01.jpg", photos_folder / "b.jpg")
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.ingest([photos_folder])
        library.cluster()
        library.write_album_sheet(tmp_path / "sheet.html")
    page = (tmp_path / "sheet.html").read_text()
    assert "<script" not in page
    assert '"onload="' not in page


def test_library_without_albums_says_what_to_do(many_photos: Path, tmp_path: Path) -> None:
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.ingest([many_photos / "00.jpg"])
        library.write_album_sheet(tmp_path / "sheet.html")
    assert "No albums yet" in (tmp_path / "sheet.html").read_text()


def test_page_that_cannot_be_written_is_a_usage_error(small_library: faceindex.Library, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write"):
        small_library.write_album_sheet(tmp_path / "file" / "sheet.html")
