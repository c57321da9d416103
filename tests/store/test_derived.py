"""What is kept for readers is what follows, after every kind of change; and each change says of what it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from made_albums import make_albums
from made_library import MadeLibrary
from people_library import drawn_people, store_vectors

import faceindex
from faceindex.store.derived import wrong_figures
from faceindex.store.folder import LibraryFolder
from faceindex.store.opening import open_writer
from faceindex.types import Box

PATH = "/photo-00001.jpg"


@pytest.fixture
def library(tmp_path: Path) -> faceindex.Library:
    store_vectors(tmp_path / "x.faces", drawn_people([number // 4 for number in range(24)]))
    make_albums(tmp_path / "x.faces", {n + 1: list(range(4 * n + 1, 4 * n + 5)) for n in range(5)})
    opened = faceindex.Library(tmp_path / "x.faces", create=False)
    opened.people.name("Ada", album=2)
    return opened


CHANGES: dict[str, tuple[Callable[[faceindex.Library], object], set[str]]] = {
    "name": (lambda library: library.people.name("Bob", album=1), {"faces", "albums", "people", "history"}),
    "hide a face": (lambda library: library.faces.hide(1), {"faces", "albums", "history"}),
    "hide a person": (lambda library: library.people.hide("Ada"), {"faces", "albums", "people", "history"}),
    "undo": (lambda library: library.history.undo(), {"faces", "albums", "people", "history"}),
    "remove": (lambda library: library.photos.remove([PATH]), {"photos", "faces", "albums"}),
    "forget": (lambda library: library.photos.forget([PATH]), {"photos", "faces", "albums", "index"}),
    "new faces": (lambda library: store_vectors(library.path, drawn_people([0]), "new"), {"photos", "faces"}),
    "index": (lambda library: library.index.build(), {"index"}),
    "search": (lambda library: [*library.faces], set()),
    "suggestions": (lambda library: [*library.people.suggestions()], set()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_has_new_tokens_for_its_topics_and_no_others(library: faceindex.Library, change: str) -> None:
    before, (step, topics) = library.version, CHANGES[change]
    assert library.version == before
    step(library)
    after = library.version
    changed = {name for name in before.__slots__ if getattr(before, name) != getattr(after, name)}
    assert changed == topics
    assert (str(after) != str(before)) == bool(topics)
    assert wrong_figures(library._opened.catalog.connection) == (0, 0)
    assert library.care.check().damage == ()


def test_another_process_sees_the_same_version(library: faceindex.Library) -> None:
    script = "import faceindex, sys; print(faceindex.Library(sys.argv[1], create=False).version)"
    command = [sys.executable, "-c", script, str(library.path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == str(library.version)


def test_figures_are_right_after_photos_change(made: MadeLibrary) -> None:
    boxes = [Box(100 * place, 100, 60, 60) for place in range(4)]
    for number in range(4):
        made.store(f"{number}", boxes, people=[0, 1, 2, 3])
    made.folder.close()
    make_albums(made.folder.path, {1: [1, 5, 9, 13], 2: [2, 6, 10, 14]})
    with faceindex.Library(made.folder.path, create=False) as library:
        library.people.name("Ada", album=1)
        for step in (
            lambda: made.store("1", [Box(100, 100, 90, 90)], people=[1]),  # analysed again
            lambda: made.store("x", boxes, path="/2.jpg", people=[0, 1, 2, 3]),  # edited
            lambda: library.photos.remove(["/3.jpg"]),
            lambda: made.store("3", boxes, people=[0, 1, 2, 3]),
            lambda: library.cluster(),
            lambda: library.cluster(rebuild=True),
            lambda: library.people.forget("Ada"),
        ):
            step()
            assert wrong_figures(library._opened.catalog.connection) == (0, 0)
            assert library.care.check().damage == ()


def test_wrong_figures_are_damage(library: faceindex.Library) -> None:
    with closing(open_writer(library.path / "catalog.sqlite")) as catalog:
        catalog.connection.execute("UPDATE album_facts SET photos = 99 WHERE album = 1")
    (problem,) = (line for damage in library.care.check().damage for line in [str(damage)])
    assert "1 album with wrong figures" in problem


def test_an_older_library_gets_its_figures(tmp_path: Path) -> None:
    from faceindex.store.schema import m011_derived

    folder = LibraryFolder(tmp_path / "x.faces")
    folder.close()
    store_vectors(tmp_path / "x.faces", drawn_people([0] * 6))
    make_albums(tmp_path / "x.faces", {1: [1, 2, 3], 2: [4, 5]})
    with closing(open_writer(tmp_path / "x.faces" / "catalog.sqlite")) as catalog:
        for kind, name in catalog.connection.execute(
            """SELECT type, name FROM sqlite_master
            WHERE type = 'trigger' AND name NOT LIKE 'touched!___!_%' ESCAPE '!' OR name IN ('album_facts',
            'person_facts',
            'touched', 'unpaired', 'versions', 'absent_names', 'bonds', 'acts_of_people', 'acts_that_rename',
            'album_versions_by_album', 'album_versions_by_faces') ORDER BY type = 'table'"""
        ).fetchall():
            catalog.connection.execute(f"DROP {kind} {name}")
        with catalog.transaction() as transaction:
            m011_derived.apply(transaction)
    with faceindex.Library(tmp_path / "x.faces", create=False) as library:
        assert [(album.album, album.faces) for album in library.albums] == [(1, 3), (2, 2)]
        library.people.name("Ada", album=2)
        assert [(album.album, album.faces, album.person) for album in library.albums] == [(1, 3, None), (2, 2, "Ada")]
        assert library.care.check().damage == ()
