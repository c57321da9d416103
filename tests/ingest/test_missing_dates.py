"""Photos keep the date they were taken at; those of an earlier schema get theirs by the next ingest, once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

import faceindex


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for year in (2001, 2002):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"{year}:05:06 07:08:09"
        Image.new("RGB", (64, 64), (year % 256, 0, 0)).save(folder / f"{year}.jpg", exif=exif)
    Image.new("RGB", (64, 64)).save(folder / "undated.jpg")
    return folder


def dates(library: Path) -> dict[str, str | None]:
    with faceindex.Library(library) as opened:
        return {Path(photo.path).stem: photo.taken for photo in opened.photos}


EXPECTED = {"2001": "2001-05-06T07:08:09", "2002": "2002-05-06T07:08:09", "undated": None}


def make_old(library: Path) -> None:
    """As a library is that was just migrated."""
    with closing(sqlite3.connect(library / "catalog.sqlite")) as catalog, catalog:
        catalog.execute("UPDATE photos SET taken = NULL")
        catalog.execute("INSERT INTO unread_dates SELECT id FROM photos")


def test_ingest_stores_dates_and_fills_those_of_older_photos(photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "x.faces"
    with faceindex.Library(library) as opened:
        opened.ingest([photos], workers=1)
    assert dates(library) == EXPECTED
    make_old(library)
    away = photos / "2002.jpg"
    kept = away.rename(tmp_path / "away.jpg")
    with faceindex.Library(library) as opened:
        assert opened.ingest([photos], workers=1).new == 0
    assert dates(library) == EXPECTED | {"2002": None}
    kept.rename(away)  # it was only away: a later ingest looks at it
    with faceindex.Library(library) as opened:
        opened.ingest([photos], workers=1)
    assert dates(library) == EXPECTED
    with closing(sqlite3.connect(library / "catalog.sqlite")) as catalog:
        assert catalog.execute("SELECT COUNT(*) FROM unread_dates").fetchone() == (0,)


def test_where_the_date_is_from_is_stored_and_a_sidecar_is_asked(photos: Path, tmp_path: Path) -> None:
    (photos / "undated.xmp").write_text(
        """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
        xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreateDate="1987-06-05"/></rdf:RDF>"""
    )
    library = tmp_path / "x.faces"
    expected = {
        "2001": ("2001-05-06T07:08:09", "EXIF DateTimeOriginal"),
        "2002": ("2002-05-06T07:08:09", "EXIF DateTimeOriginal"),
        "undated": ("1987-06-05", "sidecar xmp:CreateDate"),
    }
    with faceindex.Library(library) as opened:
        opened.ingest([photos], workers=1)
        assert {Path(each.path).stem: (each.taken, each.taken_from) for each in opened.photos} == expected
    make_old(library)
    with faceindex.Library(library) as opened:
        opened.ingest([photos], workers=1)
        assert {Path(each.path).stem: (each.taken, each.taken_from) for each in opened.photos} == expected
