"""Every method that Library had before it had topics works for one more release, and says what to write instead."""

from __future__ import annotations

import inspect
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import faceindex
from faceindex.library.old_names import OldNames, Renamed

OLD = {name: member for name, member in inspect.getmembers(OldNames) if isinstance(member, Renamed)}
TOPICS = ("albums", "faces", "history", "index", "people", "photos")

Call = Callable[[faceindex.Library, Path], Any]


def photo(photos: Path) -> Path:
    return photos / "00.jpg"


def first(library: faceindex.Library) -> int:
    return next(iter(library.albums)).album


def suggestion() -> faceindex.Suggestion:
    return faceindex.Suggestion(None, None, 1, 0.5, 0.5, 1, person="Ada")


CALLS: dict[str, tuple[Call, Call]] = {
    "album": (lambda o, _: o.album(first(o)), lambda n, _: [*n.albums.faces(first(n), limit=None)]),
    "albums": (lambda o, _: o.albums(hidden=True), lambda n, _: [*n.albums.list(hidden=True, limit=None)]),
    "build_index": (lambda o, _: o.build_index("flat").kind, lambda n, _: n.index.build("flat").kind),
    "check": (lambda o, _: o.check().parts, lambda n, _: n.care.check().parts),
    "compact": (lambda o, _: o.compact(), lambda n, _: n.care.compact()),
    "decide_name": (lambda o, _: o.decide_name("Ada", face=1).faces, lambda n, _: n.people.name("Ada", face=1).faces),
    "face": (lambda o, _: o.face(1).box, lambda n, _: n.faces.get(1).box),
    "faces": (lambda o, _: [f.face for f in o.faces()], lambda n, _: [f.face for f in n.faces]),
    "failed_photos": (lambda o, _: o.failed_photos(), lambda n, _: [*n.photos.failed(limit=None)]),
    "find_photos": (
        lambda o, _: list(o.find_photos(faceindex.Selection())),
        lambda n, _: list(n.photos.find(faceindex.Selection())),
    ),
    "hide": (lambda o, _: o.hide(face=1).kind, lambda n, _: n.faces.hide(1).kind),
    "history": (lambda o, _: o.history(), lambda n, _: list(n.history)),
    "index": (lambda o, _: o.index(), lambda n, _: n.index.report()),
    "lost_faces": (lambda o, _: o.lost_faces(), lambda n, _: [*n.people.lost(limit=None)]),
    "name": (lambda o, _: o.name("Ada", album=first(o)), lambda n, _: n.people.name("Ada", album=first(n)).faces),
    "people": (lambda o, _: o.people(), lambda n, _: list(n.people)),
    "photo": (lambda o, p: o.photo(photo(p)), lambda n, p: n.photos.get(photo(p))),
    "photo_faces": (
        lambda o, p: [f.face for f in o.photo_faces(photo(p))],
        lambda n, p: [f.face for f in n.photos.faces(photo(p))],
    ),
    "photos": (lambda o, p: list(o.photos(photo(p))), lambda n, p: list(n.photos.under(photo(p)))),
    "reject": (lambda o, _: o.reject([1]).faces, lambda n, _: n.albums.reject([1]).faces),
    "remove_photos": (lambda o, p: o.remove_photos(photo(p)), lambda n, p: n.photos.remove(photo(p))),
    "suggestions": (lambda o, _: o.suggestions(5), lambda n, _: [*n.people.suggestions(limit=5)]),
    "unhide": (lambda o, _: o.unhide(album=first(o)).kind, lambda n, _: n.albums.unhide(first(n)).kind),
}
"""Old calls, and the new ones that give the same."""

ALONE: dict[str, Call] = {
    "answer": lambda o, _: o.answer(suggestion(), same=True),
    "backup": lambda o, _: o.backup(o.path.parent / "backup.faces"),
    "calibrate": lambda o, p: o.calibrate(p),
    "erase_photos": lambda o, p: o.erase_photos(photo(p), dry_run=True),
    "export_albums": lambda o, _: o.export_albums(o.path.parent / "albums"),
    "faces_with_vectors": lambda o, _: list(o.faces_with_vectors()),
    "forget_all": lambda o, _: o.forget_all(dry_run=True),
    "forget_calibration": lambda o, _: o.forget_calibration(),
    "forget_person": lambda o, _: o.forget_person("Ada", dry_run=True),
    "ingest_images": lambda o, _: o.ingest_images({"grey": np.full((64, 64, 3), 128, np.uint8)}),
    "is_open": lambda o, _: o.is_open(suggestion()),
    "lift_tombstones": lambda o, p: o.lift_tombstones(p),
    "matches": lambda o, _: o.matches(o.faces.probes(face=1)[0]),
    "merge": lambda o, _: o.merge([1, 2]),
    "move": lambda o, _: o.move([1], 1),
    "outside": lambda o, p: o.outside(p),
    "probes": lambda o, _: o.probes(face=1),
    "rename": lambda o, _: o.rename("Ada", "Augusta"),
    "repair": lambda o, _: o.repair(workers=1),
    "split": lambda o, _: o.split(first(o), [1]),
    "undo": lambda o, _: o.undo(),
    "write_album_sheet": lambda o, _: o.write_album_sheet(o.path.parent / "albums.html"),
    "write_identified_sheet": lambda o, p: o.write_identified_sheet(o.path.parent / "i.html", photo(p), []),
    "write_match_sheet": lambda o, _: o.write_match_sheet(o.path.parent / "m.html", [], []),
    "write_photo_sheet": lambda o, p: o.write_photo_sheet(o.path.parent / "p.html", photo(p)),
    "write_review_sheet": lambda o, _: o.write_review_sheet(o.path.parent / "r.html", []),
    "write_sidecars": lambda o, p: o.write_sidecars(photo(p), to=o.path.parent / "sidecars"),
}
"""Old calls of what is the same function under another name; what it says to a wrong use shows that it ran, too."""


@pytest.fixture
def copies(small_library: faceindex.Library, tmp_path: Path) -> Iterator[tuple[faceindex.Library, faceindex.Library]]:
    """Two libraries that are the same."""
    for name in ("old", "new"):
        shutil.copytree(small_library.path, tmp_path / name / "x.faces")
    with (
        faceindex.Library(tmp_path / "old" / "x.faces", create=False) as old,
        faceindex.Library(tmp_path / "new" / "x.faces", create=False) as new,
    ):
        yield old, new


def test_every_old_name_is_called_here() -> None:
    assert sorted([*CALLS, *ALONE]) == sorted([*OLD, *TOPICS])


@pytest.mark.parametrize("name", CALLS)
def test_an_old_call_does_what_the_new_one_does_and_warns(
    copies: tuple[faceindex.Library, faceindex.Library], many_photos: Path, name: str
) -> None:
    old, new = copies
    with pytest.warns(DeprecationWarning, match=rf"library\.{name}\(\) goes away .*; write library\.\w+") as caught:
        given = CALLS[name][0](old, many_photos)
    assert [warning.filename for warning in caught] == [__file__]
    expected = CALLS[name][1](new, many_photos)
    assert str(given).replace("/old/", "/new/") == str(expected)


@pytest.mark.parametrize("name", ALONE)
def test_an_old_name_is_the_new_function_and_warns(
    copies: tuple[faceindex.Library, faceindex.Library], many_photos: Path, name: str
) -> None:
    old, _ = copies
    meant = OLD[name].new.removesuffix("()")
    function: Any = old
    for part in meant.split("."):
        function = getattr(function, part)
    assert OLD[name].find(old) == function
    said = f"library.{name}() goes away in the next release; write library.{meant}()"
    with pytest.warns(DeprecationWarning, match=re.escape(said)):
        tried(ALONE[name], old, many_photos)


def tried(call: Call, library: faceindex.Library, photos: Path) -> None:
    """Also what the function itself refuses shows that it was called."""
    try:
        call(library, photos)
    except faceindex.FaceindexError as error:
        assert "\n" not in str(error)


def test_nothing_of_the_package_calls_an_old_name(copies: tuple[faceindex.Library, faceindex.Library]) -> None:
    """A look at the library in a notebook warns of nothing either."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in dir(copies[0]):
            getattr(copies[0], name)
