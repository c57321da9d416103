"""What offices did to their photos before libraries are merged: forgot, edited, drew; and what happens to the merge."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, replace
from datetime import datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pexpect
import pytest
from split_libraries import BOXES, content, copied, holdings, merged, say, store_photos

import faceindex
from faceindex.errors import RecipeMismatch, UsageError
from faceindex.exchange.library_merge import merge_libraries, open_sources
from faceindex.faces.recipe import recipe
from faceindex.photos.finding.entries import FoundFile
from faceindex.running.meter import Meter
from faceindex.store.catalog import Catalog
from faceindex.store.folder import LibraryFolder
from faceindex.store.journal import act_keys
from faceindex.store.journal.names import decide
from faceindex.store.photos.writing import next_face_id
from faceindex.store.writer import Batch
from faceindex.types import AnalysedPhoto, Box, Face

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Libraries a and b, which share photos 2 and 3."""
    store_photos(tmp_path / "a", range(4), "/a")
    store_photos(tmp_path / "b", range(2, 6), "/b")
    return tmp_path


def in_both_orders(folder: Path) -> dict[str, Any]:
    """What is held after merges of a and b in any order, one by one and at once."""
    found = []
    for number, order in enumerate(permutations("ab")):
        merged(folder / f"m{number}", *(folder / office for office in order))
        for office in order:
            merged(folder / f"n{number}", folder / office)
        found += [holdings(folder / f"m{number}"), holdings(folder / f"n{number}")]
    assert all(one == found[0] for one in found[1:])
    assert found[0]["damage"] == []
    return found[0]


def all_bytes(library: Path) -> bytes:
    return b"".join(file.read_bytes() for file in library.rglob("*") if file.is_file())


def test_whoever_was_forgotten_in_one_library_is_forgotten(two: Path) -> None:
    say(two / "a", "name", [[(2, 0), (0, 0)]], "Forgotten Fred")
    say(two / "b", "name", [[(2, 0), (5, 0)]], "Bob")
    merged(two / "before", two / "a", two / "b")
    with faceindex.Library(two / "a") as library:
        library.people.forget("Forgotten Fred")
    with faceindex.Library(two / "b") as library:
        library.photos.forget(["/b/0003.jpg"])
    found = in_both_orders(two)
    gone = [(content(2), *BOXES[0].as_list()), (content(0), *BOXES[0].as_list())]
    assert not [face for face in found["faces"] if face[0] in gone or face[0][0] == content(3)]
    assert [name for _, name in found["people"]] == ["Bob"]
    assert content(3) not in [photo for photo, *_ in found["photos"]]
    report = merged(two / "before", two / "a", two / "b")
    assert (report.erased_photos, report.erased_faces, report.photos) == (1, 4, 0)
    assert holdings(two / "before") == found
    assert b"Forgotten Fred" not in all_bytes(two / "before")
    again = merged(two / "before", two / "a", two / "b")
    assert (again.erased_faces, again.faces, again.acts, again.tombstones) == (0, 0, 0, 0)
    assert holdings(two / "before") == found


def test_two_photos_of_one_path_are_both_kept(two: Path) -> None:
    for office, photo, time in (("a", 30, 5), ("b", 31, 7)):
        store_at(two / office, photo, "/shared.jpg", time)
        say(two / office, "name", [[(photo, 0)]], f"of {office}")
    found = in_both_orders(two)
    paths = {path: where for path, where, *_ in found["paths"] if b"shared" in path}
    older = f"/shared.jpg [{content(30).hex()[:8]}]".encode()
    assert paths == {b"/shared.jpg": content(31), older: content(30)}
    assert [name for _, name in found["people"]] == ["of a", "of b"]
    report = merged(two / "m0", two / "b", two / "a")
    assert report.photos == 0
    assert holdings(two / "m0") == found


def store_at(path: Path, photo: int, place: str, time: int, *, like: int | None = None) -> None:
    """Store a photo of one face; like: with the vector of another photo's."""
    vector = np.random.default_rng(photo if like is None else like).standard_normal((2, 128)).astype(np.float32)[0]
    face = Face(BOXES[0], 1.0, np.zeros((5, 2), np.float32), vector, 0.5)
    library = LibraryFolder(path, wanted=recipe("dlib"))
    with library.writer() as writer:
        writer.commit(Batch({content(photo): (AnalysedPhoto(1000, 1000, (face,)), [FoundFile(place, 1, time, False)])}))
    library.close()


def test_an_edited_photo_takes_its_names_along_and_so_does_what_others_have(two: Path) -> None:
    say(two / "a", "name", [[(1, 0), (2, 0)]], "Ann")
    merged(two / "m", two / "a", two / "b")
    store_at(two / "a", 40, "/a/0001.jpg", 9, like=1)
    store_at(two / "a", 41, "/a/0002.jpg", 9, like=2)  # b has it as it was
    merged(two / "m", two / "a")
    found = holdings(two / "m")
    assert content(1) not in [photo for photo, *_ in found["photos"]]
    named = [face[0] for face, name in found["people"] if name == "Ann"]
    assert named == [content(2), content(40), content(41)]
    merged(two / "new", two / "a")
    merged(two / "new", two / "b")
    merged(two / "other", two / "b", two / "a")
    for part in ("photos", "faces", "people", "names"):
        assert holdings(two / "new")[part] == holdings(two / "other")[part] == found[part]


def draw(path: Path, photo: int, box: Box, seed: int) -> None:
    folder = LibraryFolder(path, create=False)
    vector = np.random.default_rng(seed).standard_normal(128).astype(np.float32)
    face = Face(box, 0.0, np.zeros((5, 2), np.float32), vector, 0.4, "drawn")
    with closing(folder), folder.writer() as writer, writer.catalog.transaction() as transaction:
        (number,) = transaction.execute("SELECT id FROM photos WHERE content = ?", (content(photo),)).fetchone()
        chosen = next_face_id(transaction)
        writer.add_faces({chosen: number}, {chosen: face})
        decide(transaction, "draw", [chosen], f"drawn by {path.name}")


def test_of_two_boxes_that_were_drawn_for_a_face_the_later_stands(two: Path) -> None:
    draw(two / "a", 2, Box(500, 500, 100, 100), 1)
    draw(two / "b", 2, Box(505, 500, 100, 100), 2)
    draw(two / "a", 3, Box(500, 500, 100, 100), 3)
    found = in_both_orders(two)
    assert [face[0][:3] for face in found["faces"] if face[-1] == "drawn"] == [
        (content(2), 505, 500),
        (content(3), 500, 500),
    ]
    assert [name for _, name in found["people"]] == ["drawn by b", "drawn by a"]


def test_an_undone_act_stays_undone_and_may_be_undone_where_it_was_merged(two: Path) -> None:
    act = say(two / "a", "name", [[(0, 0)]], "Ann")
    say(two / "b", "name", [[(5, 0)]], "Bob")
    with faceindex.Library(two / "m") as library:
        library.merge_libraries([two / "b", two / "a"])
        (ann,) = [one.act for one in library.history if one.person == "Ann"]
        library.history.undo(ann)
        assert [person.person for person in library.people] == ["Bob"]
        say(two / "a", "name", [[(1, 0)]], "Carl")
        library.merge_libraries([two / "a"])
        assert [person.person for person in library.people] == ["Bob", "Carl"]
        library.history.undo(next(one.act for one in library.history if one.kind == "undo"))
        assert [person.person for person in library.people] == ["Ann", "Bob", "Carl"]
    say(two / "a", "undo", [], undoes=act)
    merged(two / "m", two / "a")
    assert [name for _, name in holdings(two / "m")["people"]] == ["Carl", "Bob"]


def test_copies_of_one_library_that_went_their_own_ways_become_one(two: Path) -> None:
    say(two / "a", "name", [[(0, 0)]], "Ann")
    copied(two / "a", two / "copy")
    say(two / "a", "name", [[(1, 0), (2, 1)]], "Bob")
    say(two / "copy", "name", [[(1, 0)]], "Carl")
    report = merged(two / "m", two / "a", two / "copy")
    assert report.acts == 3
    assert [name for _, name in holdings(two / "m")["people"]] == ["Ann", "Carl", "Bob"]
    assert [(one.person, one.holds) for one in report.contradictions] == [("Bob", "Carl")]


def test_who_has_seen_a_decision_overrules_it_whatever_the_clock_says(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz).replace(year=2100)  # type: ignore[arg-type]

    with monkeypatch.context() as context:
        context.setattr(act_keys, "datetime", Ahead)
        say(two / "a", "name", [[(0, 0)]], "Ann")
    merged(two / "m", two / "a")
    say(two / "m", "name", [[(0, 0)]], "Bob")
    say(two / "a", "name", [[(1, 0)]], "Carl")
    merged(two / "m", two / "a")
    assert [name for _, name in holdings(two / "m")["people"]] == ["Bob", "Carl"]


def test_people_of_one_name_may_be_others(two: Path) -> None:
    say(two / "a", "name", [[(0, 0), (1, 0)]], "Ann")
    say(two / "b", "name", [[(4, 0)]], "Anna")
    say(two / "b", "rename", [], "Anna", renamed="Ann")
    with faceindex.Library(two / "m") as library:
        (same,) = library.same_names([two / "a", two / "b"])
        assert (same.name, same.faces, same.library, same.others) == ("Ann", 2, str(two / "b"), 1)
        report = library.merge_libraries([two / "a", two / "b"], others=[same])
        assert (report.joined, report.renamed_people) == ((), (("Ann", "Ann (b)"),))
        assert {person.person: person.faces for person in library.people} == {"Ann": 2, "Ann (b)": 1}
        say(two / "b", "name", [[(5, 0)]], "Ann")
        assert library.same_names([two / "a", two / "b"]) == []
        library.merge_libraries([two / "b"])
        assert {person.person: person.faces for person in library.people} == {"Ann": 2, "Ann (b)": 2}
    with faceindex.Library(two / "one") as library:
        report = library.merge_libraries([two / "a", two / "b"])
        assert report.joined == ("Ann",)
        assert [person.person for person in library.people] == ["Ann"]
        assert library.same_names([two / "a", two / "b"]) == []


def test_on_a_terminal_each_name_is_asked_about(two: Path) -> None:
    say(two / "a", "name", [[(0, 0)]], "Ann")
    say(two / "b", "name", [[(4, 0), (5, 0)]], "Ann")
    asked = pexpect.spawn(
        sys.executable,
        ["-m", "faceindex", "merge", str(two / "a"), str(two / "b"), "--into", str(two / "m")],
        encoding="utf-8",
        timeout=120,
        dimensions=(50, 300),
    )
    asked.expect("Ann has 1 face, and 2 faces in .*b. The same person")
    asked.sendline("maybe")
    asked.expect("The same person")
    asked.sendline("no")
    asked.expect("other people: Ann is Ann .b.")
    asked.expect(pexpect.EOF)
    assert [name for name, _ in holdings(two / "m")["names"]] == ["Ann", "Ann (b)"]


def test_a_dry_run_counts_the_same_and_changes_nothing(two: Path) -> None:
    say(two / "a", "name", [[(2, 0)]], "Ann")
    say(two / "b", "name", [[(2, 0)]], "Bob")
    dry = merged(two / "m", two / "a", two / "b", dry_run=True)
    assert not (two / "m").exists()
    real = merged(two / "m", two / "a", two / "b")
    assert asdict(replace(dry, seconds=0, dry_run=False)) == asdict(replace(real, seconds=0))
    assert (real.photos, real.known, real.faces, real.acts, len(real.contradictions)) == (6, 2, 12, 2, 1)
    say(two / "a", "name", [[(3, 0)]], "Carl")
    store_photos(two / "a", (9,), "/a")
    before = {file: file.read_bytes() for file in (two / "m").rglob("*") if file.suffix in (".sqlite", ".h5")}
    dry = merged(two / "m", two / "a", dry_run=True)
    assert (dry.photos, dry.faces, dry.acts) == (1, 2, 1)
    assert {file: file.read_bytes() for file in before} == before


def test_wrong_libraries_are_refused_in_one_line_before_anything_is_written(two: Path, command: Command) -> None:
    store_photos(two / "c", (1,), recipe_name="sface")
    for sources, reason in (
        (("a", "c"), "recipe"),
        (("a", "missing"), "no library at"),
        (("a", "m"), "itself"),
    ):
        done = command("merge", *(two / one for one in sources), "--into", two / "m")
        assert done.returncode in (2, 3)
        assert len(done.stderr.splitlines()) == 1
        assert reason in done.stderr
        assert not (two / "m").exists()
    merged(two / "m", two / "a")
    with pytest.raises(RecipeMismatch):
        merged(two / "m", two / "c")
    with pytest.raises(UsageError):
        merged(two / "m")


def test_the_command_says_what_was_merged(two: Path, command: Command) -> None:
    say(two / "a", "name", [[(2, 0)]], "Ann")
    say(two / "b", "name", [[(2, 0), (5, 0)]], "Bob")
    done = command("merge", two / "a", two / "b", "--into", two / "m")
    assert done.returncode == 0
    assert "Ann" in done.stdout
    assert "0002.jpg" in done.stdout
    again = command("merge", two / "a", two / "b", "--into", two / "m", "--json", "--dry-run")
    report = json.loads(again.stdout)
    assert (report["photos"], report["known"], report["acts"], report["dry_run"]) == (0, 8, 0, True)


def test_killed_at_any_commit_it_goes_on(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    say(two / "a", "name", [[(0, 0), (2, 0)]], "Ann")
    say(two / "b", "name", [[(2, 0)]], "Bob")
    with faceindex.Library(two / "b") as library:
        library.photos.forget(["/b/0003.jpg"])
    copied(two / "a", two / "c")
    store_photos(two / "c", (11,), "/c")
    merged(two / "whole", two / "a", two / "b", two / "c")
    expected, number, alive = holdings(two / "whole"), 0, True
    while alive:
        number += 1
        for when in ("before", "after"):
            into = two / f"{number}{when}"
            child = os.fork()
            if not child:
                _merge_and_die(into, [two / one for one in "abc"], number, when)
            _, status = os.waitpid(child, 0)
            alive = os.WIFSIGNALED(status)
            if into.exists() and (into / "catalog.sqlite").exists():
                with faceindex.Library(into) as library:
                    assert library.care.check().damage == ()
            merged(into, two / "a", two / "b", two / "c")
            assert holdings(into) == expected
    assert number > 6


def _merge_and_die(into: Path, sources: list[Path], number: int, when: str) -> None:
    """In a process of its own: the so many-th transaction is the last."""
    seen = 0
    begin = Catalog.transaction

    class Dying:
        def __init__(self, catalog: Catalog, **options: bool) -> None:
            self.inner = begin(catalog, **options)

        def __enter__(self) -> object:
            nonlocal seen
            seen += 1
            return self.inner.__enter__()

        def __exit__(self, *error: object) -> object:
            if seen == number and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            done = self.inner.__exit__(*error)  # type: ignore[arg-type]
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

    Catalog.transaction = lambda self, **options: Dying(self, **options)  # type: ignore
    folder = LibraryFolder(into)
    merge_libraries(folder, open_sources(folder, sources), meter=Meter())
    os._exit(0)
