"""Names are exchanged with digiKam itself, in both directions, and arrive.

Takes Debian's digikam, xvfb, xdotool and dbus (apt-get install --no-install-recommends). Photos of three faces, in the
eight EXIF orientations, as JPEG, HEIC, PNG and TIFF. One library writes sidecars; digiKam scans them, in a screen of
its own (Xvfb) and a home of its own, and its database says where it sees whom. Then everybody gets another name in
digiKam's database, digiKam writes its metadata to the sidecars (Album, Write Metadata to Files), and two libraries read
them: a new one, and one that had read the sidecars before. Tried with digiKam 7.9 of Debian 12.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from orientations import TO_STORED
from region_forms import FACES, FORMS, SUFFIXES, write_photos

import faceindex
from faceindex.faces.recipe import recipe
from faceindex.types import Box

RENAMED = {"Ada": "Ada Lovelace", "Bob": "Bobby", "Cy": "Cyrus"}
PATIENCE = 120.0
ALBUM = (96, 120)
"""Where the album is in digiKam's window, in pixels."""

CONFIGURATION = """[General Settings]
Version=7.9.0
[Database Settings]
Database Type=QSQLITE
Database Name={database}/
Database Name Face={database}/
Database Name Similarity={database}/
Database Name Thumbnails={database}/
[Album Settings]
Album Path={photos}
[Metadata Settings]
Use XMP Sidecar For Reading=true
Save Tags=true
Save Face Tags=true
Metadata Writing Mode=1
Use Lazy Sync=false
"""
PLACES = """SELECT Images.name, Tags.name, value FROM ImageTagProperties
    JOIN Images ON Images.id = imageid JOIN Tags ON Tags.id = tagid WHERE property = 'tagRegion'"""


class DigiKam:
    """A digiKam with a home and a database of its own, for one folder of photos."""

    def __init__(self, home: Path, photos: Path, screen: str) -> None:
        self.database = home / "database"
        self._photos = photos
        folders = {
            "HOME": home,
            "XDG_CONFIG_HOME": home / "config",
            "XDG_DATA_HOME": home / "data",
            "XDG_CACHE_HOME": home / "cache",
            "XDG_RUNTIME_DIR": home / "run",
        }
        for folder in (*folders.values(), self.database):
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        self._log = home / "log"
        self.environment = os.environ | {name: str(folder) for name, folder in folders.items()}
        self.environment |= {"DISPLAY": screen, "QTWEBENGINE_DISABLE_SANDBOX": "1", "LANG": "C.UTF-8"}
        settings = CONFIGURATION.format(database=self.database, photos=photos)
        (home / "config" / "digikamrc").write_text(settings)

    @contextmanager
    def running(self) -> Iterator[None]:
        """It is started, and ended by SIGTERM."""
        command = ["dbus-run-session", "digikam", "--database-directory", str(self.database)]
        with (
            self._log.open("ab") as log,
            subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True) as process,
        ):
            try:
                yield
            finally:
                os.killpg(process.pid, 15)
                process.wait()

    def first_start(self) -> None:
        """It makes its database, and is told of the folder of photos, as its first dialog does."""
        with self.running():
            wait_for(lambda: self._rows("SELECT 1 FROM sqlite_master WHERE name = 'AlbumRoots'"), "its database")
            time.sleep(5)
        place = f"volumeid:?path={self._photos}"
        self._change("INSERT INTO AlbumRoots (label, status, type, identifier, specificPath) VALUES (?, 0, 1, ?, '/')",
                     "photos", place)  # fmt: skip

    def faces(self) -> dict[tuple[str, str], Box]:
        """Photo and person to where it sees them, in pixels of the upright photo."""
        found = {}
        for photo, person, rectangle in self._rows(PLACES):
            numbers = map(int, re.findall(r'="(-?\d+)"', rectangle))
            found[photo, person] = Box(*numbers)
        return found

    def rename(self, old: str, new: str) -> None:
        """A person gets another name, as its dialog of tags gives it."""
        self._change("UPDATE Tags SET name = ? WHERE name = ?", new, old)
        self._change("UPDATE TagProperties SET value = ? WHERE property = 'person' AND value = ?", new, old)

    def write_metadata(self) -> None:
        """Album, Write Metadata to Files."""
        self._press("key", "Escape")  # it offers models for download
        time.sleep(2)
        self._press("mousemove", *map(str, ALBUM), "click", "1")
        time.sleep(4)
        self._press("key", "alt+a")
        time.sleep(1)
        self._press("key", "w")

    def _press(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=self.environment, check=True)

    def _rows(self, statement: str) -> list[tuple[str, ...]]:
        file = self.database / "digikam4.db"
        if not file.exists():
            return []
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as connection:
            try:
                return connection.execute(statement).fetchall()
            except sqlite3.OperationalError:
                return []

    def _change(self, statement: str, *values: str) -> None:
        with closing(sqlite3.connect(self.database / "digikam4.db", timeout=30)) as connection:
            connection.execute(statement, values)
            connection.commit()


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Raises: TimeoutError when it does not come true."""
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"waited {PATIENCE:.0f} s in vain for {what}")
        time.sleep(1)


@contextmanager
def screen() -> Iterator[str]:
    """A screen in memory; X chooses its number."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        try:
            with os.fdopen(read) as number:
                yield f":{number.readline().strip()}"
        finally:
            server.terminate()


def judged(places: dict[tuple[str, str], Box], names: dict[str, str], expected: int) -> tuple[int, int, int]:
    """Names, those that are wrong, and those that are lost, against where the faces are. names: who is who."""
    true = {names[person]: box for person, box in FACES.items()}
    right = sum(person in true and box.overlap(true[person]) > 0.3 for (_, person), box in places.items())
    return expected, len(places) - right, expected - right


def places(library: faceindex.Library) -> dict[tuple[str, str], Box]:
    """Photo and person to where the library sees them."""
    return {(Path(face.photo).name, face.person): face.box for face in library.faces if face.person}


@pytest.mark.long
def test_names_of_every_photo_arrive_in_digikam_and_come_back(tmp_path: Path, sized: Callable[[int], int]) -> None:
    if missing := [name for name in ("digikam", "Xvfb", "xdotool", "dbus-run-session") if not shutil.which(name)]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    photos, suffixes = tmp_path / "photos", SUFFIXES[: sized(len(SUFFIXES))]
    write_photos(photos, FORMS["mwg-stored"], suffixes)
    same = {name: name for name in FACES}
    with (
        screen() as display,
        faceindex.Library(tmp_path / "writes.faces", recipe=recipe("sface")) as writes,
        faceindex.Library(tmp_path / "follows.faces", recipe=recipe("sface")) as follows,
        faceindex.Library(tmp_path / "new.faces", recipe=recipe("sface")) as new,
    ):
        writes.ingest([photos], workers=1, xmp=True)
        for face in list(writes.faces):
            if face.person:
                writes.people.name(face.person, face=face.face)
        for sidecar in photos.glob("*.xmp"):
            sidecar.unlink()
        writes.photos.write_sidecars([photos])
        follows.ingest([photos], workers=1, xmp=True)
        digikam = DigiKam(tmp_path / "home", photos, display)
        digikam.first_start()
        expected = len(TO_STORED) * len(suffixes) * len(FACES)
        with digikam.running():
            wait_for(lambda: len(digikam.faces()) >= expected, f"{expected} faces")
            time.sleep(10)
        assert judged(digikam.faces(), same, expected) == (expected, 0, 0)
        for old, name in RENAMED.items():
            digikam.rename(old, name)
        written = time.time()
        with digikam.running():
            time.sleep(20)
            digikam.write_metadata()
            sidecars = list(photos.glob("*.xmp"))
            wait_for(lambda: all(sidecar.stat().st_mtime > written for sidecar in sidecars), "its sidecars")
            time.sleep(5)
        for library in (new, follows):
            library.ingest([photos], workers=1, xmp=True)
            assert judged(places(library), RENAMED, expected) == (expected, 0, 0)
