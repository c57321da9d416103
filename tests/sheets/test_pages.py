"""Pages are one file, show the faces, lead to the photos, and cannot be broken by a file's name."""

from __future__ import annotations

import base64
import html
import io
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from people_library import drawn_people, store_vectors
from PIL import Image

import faceindex
from faceindex.errors import UsageError
from faceindex.sheets.commands import command
from faceindex.sheets.crops import SIDE, crops
from faceindex.types import Box, Pixels

_IMAGE = re.compile(r'src="data:image/jpeg;base64,([^"]+)"')


def pictures(page: str) -> list[Image.Image]:
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in _IMAGE.findall(page)]


def test_album_sheet_shows_each_albums_faces_and_links_their_photos(
    small_library: faceindex.Library, many_photos: Path, tmp_path: Path
) -> None:
    small_library.sheets.write_albums(tmp_path / "new" / "sheet.html", faces=6)
    page = (tmp_path / "new" / "sheet.html").read_text()
    assert "20 faces in 20 photos" in page
    assert "and 14 more" in page
    assert [picture.size for picture in pictures(page)] == [(SIDE, SIDE)] * 6
    # Copies of one face: which six are shown depends on which worker was first.
    linked = set(re.findall(r'href="([^"]*)"', page))
    assert len(linked) == 6
    assert linked <= {photo.as_uri() for photo in many_photos.iterdir()}


def test_page_needs_nothing_from_outside(small_library: faceindex.Library, tmp_path: Path) -> None:
    small_library.sheets.write_albums(tmp_path / "sheet.html")
    page = (tmp_path / "sheet.html").read_text()
    assert not re.search(r'(src|href)="https?:|@import|url\(', page)
    assert all(source.startswith("data:") for source in re.findall(r'src="([^"]*)', page))


def test_match_sheet_shows_probe_and_matches_with_distances(
    small_library: faceindex.Library, many_photos: Path, tmp_path: Path
) -> None:
    probes = small_library.faces.probes([many_photos / "05.jpg"])
    found = [small_library.faces.matches(probe, k=3) for probe in probes]
    small_library.sheets.write_matches(tmp_path / "match.html", probes, found)
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


def test_faces_of_photos_that_lie_on_their_side_are_shown_upright(tmp_path: Path, astronaut: Pixels) -> None:
    upright = Image.fromarray(astronaut[:400, 60:380])
    (tmp_path / "photos").mkdir()
    upright.save(tmp_path / "photos" / "0.png")
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "photos" / "lying.png")
    with faceindex.Library(tmp_path / "x.faces", recipe="sface") as library:
        library.ingest([tmp_path / "photos"])
        library.cluster()
        library.sheets.write_albums(tmp_path / "albums.html")
        library.sheets.write_photo(tmp_path / "photo.html", tmp_path / "photos" / "lying.png")
        probes = library.faces.probes([(tmp_path / "photos" / "lying.png").read_bytes()])
        found = [library.faces.matches(probe, k=2) for probe in probes]
        library.sheets.write_matches(tmp_path / "matches.html", probes, found)
        (stored,) = library.photos.faces(tmp_path / "photos" / "0.png")
    path = str(tmp_path / "photos" / "0.png")
    (expected,) = pictures(f'src="{crops([(path, stored.box)])[path, stored.box]}"')
    shown = [pictures((tmp_path / f"{page}.html").read_text()) for page in ("albums", "matches", "photo")]
    assert [len(each) for each in shown] == [2, 3, 2]
    for crop in (*shown[0], *shown[1], shown[2][1]):  # the first picture of a photo's page is the photo
        difference = np.asarray(crop, dtype=float) - np.asarray(expected, dtype=float)
        assert np.abs(difference).mean() < 25


def test_a_missing_photo_has_a_placeholder(many_photos: Path, tmp_path: Path) -> None:
    for name in ("00.jpg", "01.jpg"):
        shutil.copy(many_photos / name, tmp_path)
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.ingest([tmp_path])
        library.cluster()
        (tmp_path / "00.jpg").unlink()
        library.sheets.write_albums(tmp_path / "sheet.html")
    page = (tmp_path / "sheet.html").read_text()
    assert len(pictures(page)) == 1
    assert page.count("photo is<br>missing") == 1


def test_names_are_escaped(many_photos: Path, tmp_path: Path) -> None:
    photos = tmp_path / "<script>alert(1)</script>"
    photos.mkdir(parents=True)
    photos_folder = photos.resolve()
    shutil.copy(many_photos / "00.jpg", photos_folder / '"onload="x.jpg')
    shutil.copy(many_photos / "01.jpg", photos_folder / "b.jpg")
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.ingest([photos_folder])
        library.cluster()
        library.sheets.write_albums(tmp_path / "sheet.html")
    page = (tmp_path / "sheet.html").read_text()
    assert "<script" not in page
    assert '"onload="' not in page


def test_library_without_albums_says_what_to_do(many_photos: Path, tmp_path: Path) -> None:
    with faceindex.Library(tmp_path / "x.faces") as library:
        library.ingest([many_photos / "00.jpg"])
        library.sheets.write_albums(tmp_path / "sheet.html")
    assert "No albums yet" in (tmp_path / "sheet.html").read_text()


def test_page_that_cannot_be_written_is_a_usage_error(small_library: faceindex.Library, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write"):
        small_library.sheets.write_albums(tmp_path / "file" / "sheet.html")


def test_a_tall_face_is_not_squeezed(tmp_path: Path) -> None:
    """A circle in a tall box stays a circle, its middle in the crop's middle, at the photo's edge, too."""
    rows, columns = np.mgrid[:900, :700]
    for box in (Box(300, 300, 100, 180), Box(200, 400, 180, 100), Box(-20, 10, 100, 160), Box(640, 800, 90, 140)):
        centre_x, centre_y = box.x + box.width / 2, box.y + box.height / 2
        inside = (columns - centre_x) ** 2 + (rows - centre_y) ** 2 < 40**2
        photo = np.where(inside[..., None], (255, 0, 0), (0, 0, 255)).astype(np.uint8)
        Image.fromarray(photo).save(tmp_path / "a.png")
        path = str(tmp_path / "a.png")
        (crop,) = pictures(f'src="{crops([(path, box)])[path, box]}"')
        assert crop.size == (SIDE, SIDE) == (256, 256)
        red = np.asarray(crop).astype(int)
        y, x = np.nonzero((red[..., 0] > 180) & (red[..., 2] < 100))
        scale = SIDE / (1.6 * max(box.width, box.height))
        radius = 40 * scale
        assert abs(np.hypot(x - SIDE / 2, y - SIDE / 2).max() - radius) < 3
        whole = min(centre_x, centre_y, 700 - centre_x, 900 - centre_y) > 40
        assert not whole or abs(len(x) / (np.pi * radius**2) - 1) < 0.05


def test_each_crop_bears_its_id_and_every_picture_a_text(small_library: faceindex.Library, tmp_path: Path) -> None:
    small_library.sheets.write_albums(tmp_path / "a.html", faces=3)
    page = (tmp_path / "a.html").read_text()
    shown = [int(face) for face in re.findall(r"<figcaption><span>face (\d+)</span>", page)]
    best = sorted(
        small_library.albums.faces(1, limit=None), key=lambda face: (-(face.quality or 0), -face.score, face.face)
    )
    assert shown == [face.face for face in best[:3]]
    assert all(re.search(r' alt="face \d+, in \d\d\.jpg"', image) for image in re.findall("<img [^>]*>", page))


def alone_and_albums(library: Path) -> None:
    """Albums 1 (faces 1-4), 2 (5-7) and 3 (8, 9), and faces 10 and 11 alone."""
    store_vectors(library, drawn_people([0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4]))
    with faceindex.Library(library, create=False) as opened:
        opened.cluster()


def test_faces_in_no_album_have_a_section_and_albums_go_on_over_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone_and_albums(tmp_path / "x.faces")
    monkeypatch.setattr("faceindex.sheets.albums.ALONE_ON_A_PAGE", 1)
    out = tmp_path / "my albums.html"
    files = [out, tmp_path / "my albums-2.html", tmp_path / "my albums-3.html"]
    with faceindex.Library(tmp_path / "x.faces", create=False) as library:
        assert library.sheets.write_albums(out, albums=2) == files
        pages = [file.read_text() for file in files]
        faces = [re.findall(r"<span>face (\d+)</span>", page) for page in pages]
        assert [sorted(map(int, page)) for page in faces] == [[1, 2, 3, 4, 5, 6, 7], [8, 9, 10], [11]]
        assert ["In no album" in page for page in pages] == [False, True, True]
        for number, page in enumerate(pages):
            (links, *_) = re.findall("<nav .*?</nav>", page, re.DOTALL)
            links = {unquote(link) for link in links.split('"') if ".html" in link}
            assert links == {file.name for file in files if file != files[number]}
        (tmp_path / "my albums-4.html").write_text("a user's own")
        assert library.sheets.write_albums(out, albums=2, pages=1) == files[:1]
        assert "Not shown: 1 smaller album and 2 faces in no album" in out.read_text()
    assert not files[1].exists()
    assert not files[2].exists()  # whoever was erased meanwhile is not left on it
    assert (tmp_path / "my albums-4.html").read_text() == "a user's own"


def test_commands_of_pages_name_the_library_for_a_shell(tmp_path: Path) -> None:
    library = tmp_path / 'Ann\'s $HOME & "co"'
    alone_and_albums(library)
    words = ["faceindex", "people", "name", "1", "NAME", "-L", str(library)]
    with faceindex.Library(library, create=False) as opened:
        opened.sheets.write_albums(tmp_path / "a.html")
        opened.sheets.write_review(tmp_path / "r.html", opened.people.suggestions())
    suggested = [html.unescape(text) for text in re.findall("<code>(.*?)</code>", (tmp_path / "a.html").read_text())]
    assert as_a_shell_reads(suggested[0]) == words
    not_text = b"caf\xe9".decode("utf-8", "surrogateescape")
    for word in ("plain", "a b", "it's", "two\nlines", "tab\t\\", not_text, "\x1b[1m'", ""):
        assert as_a_shell_reads(command(library, word)) == ["faceindex", word, "-L", str(library)]


def as_a_shell_reads(line: str) -> list[str]:
    """The words, by bash."""
    program = f"printf '%s\\0' {line}"
    done = subprocess.run(["bash", "-c", program], capture_output=True, check=True)
    return [os.fsdecode(word) for word in done.stdout.split(b"\0")[:-1]]


def test_a_photo_is_shown_with_its_faces_ids_and_names(
    small_library: faceindex.Library, many_photos: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(small_library.path, tmp_path / "x.faces"))
    photo = many_photos / "03.jpg"
    with faceindex.Library(copy, create=False) as library:
        (face,) = library.photos.faces(photo)
        library.people.name("Ada <b>", face=face.face)
        library.sheets.write_photo(tmp_path / "p.html", photo)
        library.sheets.write_identified(tmp_path / "i.html", photo, library.identify(photo))
        pixels = np.asarray(Image.open(photo))
        library.sheets.write_identified(tmp_path / "array.html", pixels, library.identify(pixels))
        probes = library.faces.probes(pixels)
        library.sheets.write_matches(
            tmp_path / "m.html", probes, [library.faces.matches(probe, k=2) for probe in probes]
        )
        with pytest.raises(UsageError, match="knows no photo"):
            library.sheets.write_photo(tmp_path / "none.html", many_photos / "none.jpg")
    stored, identified, array = (tmp_path.joinpath(name).read_text() for name in ("p.html", "i.html", "array.html"))
    for page in (stored, identified, array):
        assert [picture.size for picture in pictures(page)] == [(260, 260), (SIDE, SIDE)]
        assert "Ada &lt;b&gt;" in page
        left, top = (100 * edge / 260 for edge in (face.box.x, face.box.y))
        assert f"left: {left:.3f}%; top: {top:.3f}%" in page
        assert 'href="#face-1"' in page
        assert 'id="face-1"' in page
    assert f"face {face.face}" in stored
    assert f"face {face.face}" in identified
    assert "1 of 1" in array
    assert "file:" not in array
    assert len(pictures((tmp_path / "m.html").read_text())) == 3
