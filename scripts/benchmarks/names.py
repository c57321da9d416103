"""Names of a digiKam database for a drawn library: time and memory of the import, and how many names are right.

--faces are drawn as make_library draws them, unless --library names a library that it drew. --regions of them have
names in the database, in order of the photos; --moved is the share of photos whose boxes lie on another face there.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from itertools import groupby
from pathlib import Path

import numpy as np
from harness.measure import STATS, cost, in_new_process
from harness.report import Report
from make_library import make_library

import faceindex
from faceindex.types import FaceIds

_TABLES = """
CREATE TABLE AlbumRoots (id INTEGER PRIMARY KEY, label TEXT, status INTEGER, type INTEGER, identifier TEXT,
    specificPath TEXT);
CREATE TABLE Albums (id INTEGER PRIMARY KEY, albumRoot INTEGER, relativePath TEXT);
CREATE TABLE Images (id INTEGER PRIMARY KEY, album INTEGER, name TEXT, status INTEGER, category INTEGER,
    modificationDate DATETIME, fileSize INTEGER, uniqueHash TEXT);
CREATE TABLE ImageInformation (imageid INTEGER PRIMARY KEY, orientation INTEGER, width INTEGER, height INTEGER);
CREATE TABLE ImageTagProperties (imageid INTEGER, tagid INTEGER, property TEXT, value TEXT);
CREATE TABLE Tags (id INTEGER PRIMARY KEY, pid INTEGER, name TEXT NOT NULL);
CREATE TABLE TagProperties (tagid INTEGER, property TEXT, value TEXT);
INSERT INTO AlbumRoots VALUES (1, 'p', 0, 1, 'volumeid:?path=/mnt/old/Photos', '/');
"""


def run(
    report: Report,
    *,
    faces: int = 1_000_000,
    regions: int = 500_000,
    moved: float = 0.05,
    library: Path | None = None,
) -> None:
    path = library or report.folder / "drawn.faces"
    if not path.exists():
        in_new_process(make_library, path, faces, stats=STATS)
    work, database = report.folder / "work.faces", report.folder / "digikam4.db"
    shutil.copytree(path, work)
    truth = np.load(path.with_name(f"{path.name}.truth.npy"))
    in_new_process(write_database, work, database, truth, regions, moved)
    for what in ("", " again"):
        spent, (done, most) = cost(lambda: in_new_process(take, work, database))
        title = f"{regions:,} names imported{what}"
        report.add_costs(title, [spent])
        report.add(f"{title}, peak memory", most, "MB")
        for word, count in done.items():
            report.add(f"{title}, {word}", count, "names")
    right, wrong = in_new_process(judged, work, truth)[0]
    report.add("names on the right faces", right, "names")
    report.add("names on wrong faces", wrong, "names")


def write_database(path: Path, database: Path, truth: FaceIds, regions: int, moved: float) -> None:
    """digiKam's database for the first faces. Names are the numbers of drawn people."""
    random = np.random.default_rng(0)
    with closing(sqlite3.connect(path / "catalog.sqlite")) as catalog, closing(sqlite3.connect(database)) as new:
        new.executescript(_TABLES)
        people = np.unique(truth[1 : regions + 1])
        new.executemany("INSERT INTO Tags VALUES (?, 0, ?)", ((int(one) + 100, f"Person {one}") for one in people))
        rows = catalog.execute(
            "SELECT photo, path, size, faces.id, x, y, faces.width, faces.height FROM faces JOIN paths USING (photo) "
            "ORDER BY photo, faces.id LIMIT ?",
            (regions,),
        )
        for photo, group in groupby(rows, key=lambda row: row[0]):
            own = list(group)
            _, folder, name = own[0][1].decode().rsplit("/", 2)
            new.execute("INSERT OR IGNORE INTO Albums VALUES (?, 1, ?)", (int(folder) + 1, f"/{folder}"))
            image = (photo, int(folder) + 1, name, own[0][2])
            new.execute("INSERT INTO Images VALUES (?, ?, ?, 1, 1, NULL, ?, NULL)", image)
            new.execute("INSERT INTO ImageInformation VALUES (?, 1, 4000, 3000)", (photo,))
            boxes = [row[4:] for row in own]
            if len(own) > 1 and random.random() < moved:
                boxes = boxes[1:] + boxes[:1]
            new.executemany(
                "INSERT INTO ImageTagProperties VALUES (?, ?, 'tagRegion', ?)",
                (
                    (photo, int(truth[row[3]]) + 100, '<rect x="{}" y="{}" width="{}" height="{}"/>'.format(*box))
                    for row, box in zip(own, boxes, strict=True)
                ),
            )
        new.commit()


def take(path: Path, database: Path) -> dict[str, int]:
    """Import the names."""
    with faceindex.Library(path, create=False) as library:
        done = library.people.import_names("digikam", database)
    words = ("found", "named", "moved", "known", "decided", "unsure", "without_face", "missing")
    return {word: int(getattr(done, word)) for word in words}


def judged(path: Path, truth: FaceIds) -> tuple[int, int]:
    """Names on the right faces, and on wrong ones."""
    with closing(sqlite3.connect(path / "catalog.sqlite")) as catalog:
        rows = catalog.execute("SELECT face, name FROM person_faces JOIN people ON people.id = person").fetchall()
    right = sum(name == f"Person {truth[face]}" for face, name in rows)
    return right, len(rows) - right
