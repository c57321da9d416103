"""The commands by which people decide, and what they print."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest
from made_albums import make_albums
from people_library import drawn_people, store_vectors
from typer.testing import CliRunner

import faceindex
from faceindex.cli.app import app

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A library with albums 1 (faces 1-4), 2 (5-7) and 3 (8, 9), and face 10 alone."""
    store_vectors(tmp_path / "x.faces", drawn_people([0, 0, 0, 0, 1, 1, 1, 2, 2, 3]))
    with faceindex.Library(tmp_path / "x.faces", create=False) as library:
        library.cluster()
    return tmp_path / "x.faces"


@pytest.fixture
def answer(command: Command, path: Path) -> Callable[..., Any]:
    """Runs a command on the library and returns its JSON."""

    def run(*arguments: object) -> Any:
        done = command(*arguments, "--json", "-L", path)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return run


def test_every_act_is_printed_and_listed_and_can_be_undone(answer: Callable[..., Any]) -> None:
    merged = answer("people", "merge", 1, 2)
    assert merged == {"act": 1, "kind": "merge", "person": None, "faces": 7, "albums": [1], "undoes": None}
    assert answer("people", "split", 1, 5, 6)["albums"] == [2]
    assert answer("people", "reject", 8)["albums"] == []
    assert answer("people", "move", 9, 10, 1)["kind"] == "move"
    assert answer("people", "hide", "face:1")["kind"] == "hide"
    assert [face["face"] for face in answer("albums", "show", 1)["faces"]] == [2, 3, 4, 7, 9, 10]
    assert answer("albums", "show", 1, "--hidden")["faces"][0]["face"] == 1
    assert answer("people", "undo", 2)["undoes"] == 2
    history = answer("people", "history")
    assert set(history[0]) >= {"act", "made", "kind", "person", "faces", "undoes", "undone"}
    assert [(act["kind"], act["undone"]) for act in history] == [
        *(("merge", False), ("split", True), ("reject", False), ("move", False), ("hide", False), ("undo", False)),
    ]


def test_people_are_hidden_and_listed_again(answer: Callable[..., Any]) -> None:
    answer("people", "name", "1", "Ada")
    answer("people", "hide", "person:Ada")
    assert answer("people", "list") == []
    assert answer("people", "list", "--hidden")[0]["hidden"] is True
    answer("people", "unhide", "person:Ada")
    assert [(one["person"], one["faces"], one["confirmed"]) for one in answer("people", "list")] == [("Ada", 4, 4)]
    answer("people", "hide", "2")
    assert [album["album"] for album in answer("albums", "list")] == [1, 3]


def test_tables_show_decisions(command: Command, path: Path) -> None:
    assert command("people", "merge", 1, 2, "-L", path).stdout == "act 1: merge; 7 faces, now in album 1\n"
    assert "undoes act 1" in command("people", "undo", "-L", path).stdout
    assert re.search(r"1\s.*merge\s+7\s+undone", command("people", "history", "-L", path).stdout)


def test_rebuilding_shows_first_what_would_change(command: Command, answer: Callable[..., Any], path: Path) -> None:
    answer("people", "name", "face:1", "Ada")
    said = command("cluster", "--rebuild", "--dry-run", "--threshold", 0.01, "-L", path).stdout
    assert "nothing was changed" in said
    assert "albums: 0 kept, 0 new, 3 removed; faces: 0 joined an album, 9 left their album" in said
    assert re.search(r"Ada\s+1\s+0\s+3", said)
    report = answer("cluster", "--rebuild", "--dry-run", "--threshold", 0.01)
    assert report["dry_run"] is True
    assert report["change"]["people"] == [{"person": "Ada", "faces": 1, "gained": 0, "lost": 3}]
    assert len(answer("albums", "list")) == 3


def test_cluster_says_that_albums_are_only_extended(command: Command, path: Path) -> None:
    said = command("cluster", "--method", "whispers", "--threshold", 0.3, "--json", "-L", path)
    (line,) = said.stderr.splitlines()
    assert line.startswith("3 albums kept as before; only new faces were added, by linkage at 0.3; --rebuild ")
    report = json.loads(said.stdout)
    assert (report["extended"], report["method"], report["threshold"]) == (True, "linkage", 0.3)
    plain = command("cluster", "--json", "-L", path)
    assert (plain.stderr, json.loads(plain.stdout)["extended"]) == ("", True)
    anew = command("cluster", "--rebuild", "--method", "whispers", "--threshold", 0.5, "--json", "-L", path)
    report = json.loads(anew.stdout)
    assert (anew.stderr, report["extended"], report["method"]) == ("", False, "whispers")


def test_albums_and_people_as_csv(command: Command, tmp_path: Path) -> None:
    library = tmp_path / "x.faces"
    store_vectors(library, drawn_people([0, 0]), 'two\nlines, "quoted"')
    store_vectors(library, drawn_people([0, 0, 0, 1, 1])[3:], b"caf\xe9".decode("utf-8", "surrogateescape"))
    with faceindex.Library(library, create=False) as opened:
        opened.cluster()
        opened.people.name('Ada, "the first"', album=1)
        opened.people.hide('Ada, "the first"')
        albums = list(opened.albums.list(hidden=True, limit=None))
        covers = [opened.faces.get(album.cover).photo for album in albums]
    done = command("albums", "list", "--csv", "--hidden", "-L", library)
    rows = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert list(rows[0]) == ["album", "person", "faces", "photos", "cover", "cover_photo", "hidden"]
    assert [row["cover_photo"].encode("ascii", "backslashreplace") for row in rows] == [
        cover.encode("ascii", "backslashreplace") for cover in covers
    ]
    assert [int(row["album"]) for row in rows] == [album.album for album in albums]
    assert "\n" in "".join(covers)
    assert "\udce9" in "".join(covers)
    listed = command("people", "list", "--csv", "--hidden", "-L", library).stdout
    (row,) = csv.DictReader(io.StringIO(listed, newline=""))
    faces = dict.fromkeys(("faces", "photos", "confirmed"), "2")
    assert row == faces | {"person": 'Ada, "the first"', "cover": row["cover"], "hidden": "true"}
    assert command("people", "list", "--csv", "-L", library).stdout == "person,faces,confirmed,photos,cover,hidden\n"
    both = command("people", "list", "--csv", "--json", "-L", library)
    assert (both.returncode, both.stdout, both.stderr.count("\n")) == (2, "", 1)


@pytest.fixture
def two_albums(path: Path) -> Path:
    """The library, in which faces 1 and 2 are an album, 4, of their own as 3 and 4 are: nobody said so."""
    make_albums(path, {1: [3, 4], 2: [5, 6], 3: [8, 9], 4: [1, 2]})
    return path


def test_review_walks_through_suggestions(two_albums: Path) -> None:
    walk = pexpect.spawn(sys.executable, ["-m", "faceindex", "people", "review", "-L", str(two_albums)], timeout=60)
    walk.expect("album 1 .2 faces")
    walk.expect("the same person")
    walk.sendline("what")
    walk.expect("the same person")
    walk.sendline("y")
    walk.expect("face 7")
    walk.expect("the same person")
    walk.sendline("n")
    walk.expect("3 faces decided")
    walk.expect(pexpect.EOF)
    with faceindex.Library(two_albums, create=False) as library:
        assert [(past.kind, past.faces) for past in library.history] == [("merge", (2, 2)), ("apart", (1, 2))]
        assert list(library.people.suggestions()) == []


def test_review_with_names_takes_a_name_for_an_answer(two_albums: Path) -> None:
    said = ["Ada", "n", "l", "Ada", "n"]
    done = CliRunner().invoke(
        app, ["people", "review", "--names", "-L", str(two_albums)], input="\n".join(said) + "\n", color=False
    )
    asked = re.findall(
        r"^(album \d|face \d+)|(or the name:|who is it|is it the same person)", done.output, re.MULTILINE
    )
    assert ["".join(found) for found in asked] == [
        *("album 1", "album 4", "or the name:", "album 2", "face 7", "or the name:", "album 3", "who is it"),
        *("album 2", "who is it", "is it the same person"),
    ]
    with faceindex.Library(two_albums, create=False) as library:
        assert [past.kind for past in library.history] == ["merge", "name", "apart", "unknown"]
        assert {person.person: person.faces for person in library.people} == {"Ada": 4}


def test_review_of_one_person_and_of_nobody(command: Command, answer: Callable[..., Any], two_albums: Path) -> None:
    answer("people", "name", 1, "Ada")
    (asked,) = answer("people", "review", "--person", "Ada")
    assert (asked["album"], asked["other"], asked["settles"]) == (1, 4, 2)
    kinds = {tuple(one) for one in answer("people", "review", "--names")}
    assert ("album", "face", "probability", "settles") in kinds
    refused = command("people", "review", "--person", "Bob", "--json", "-L", two_albums)
    assert (refused.returncode, refused.stdout) == (2, "")


def test_review_lists_as_json_and_writes_a_page(answer: Callable[..., Any], two_albums: Path, tmp_path: Path) -> None:
    found = answer("people", "review", "--page", tmp_path / "page.html")
    assert set(found[0]) == {"album", "other", "face", "probability", "distance", "settles"}
    page = (tmp_path / "page.html").read_text()
    assert "faceindex people merge 1 4" in page
    assert "faceindex people move 7 2" in page


def test_a_known_name_joins_nobody_unasked(command: Command, answer: Callable[..., Any], path: Path) -> None:
    answer("people", "name", 1, "Ada")
    refused = command("people", "name", 2, "Ada", "--json", "-L", path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "somebody is called Ada already (4 faces); --merge says that this is the same person" in refused.stderr
    for said, code, faces in (("n", 1, 4), ("y", 0, 7)):
        child = pexpect.spawn(sys.executable, ["-m", "faceindex", "people", "name", "2", "Ada", "-L", str(path)])
        child.expect("joins Ada, album 1: 4 faces in 4 photos")
        child.expect("is it the same person")
        child.sendline(said)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == code
        assert answer("people", "list")[0]["faces"] == faces
    assert answer("people", "name", "face:8,9", "Ada", "--merge") == {"person": "Ada", "faces": 2}


def test_what_is_excluded_is_listed_with_the_way_back(command: Command, answer: Callable[..., Any], path: Path) -> None:
    answer("people", "name", 1, "Ada")
    answer("people", "not-face", 9, 10)
    answer("people", "leave-alone", 2)
    answer("people", "leave-alone", "face:8")
    answer("people", "never-suggest", "person:Ada", 2)
    listed = answer("people", "excluded")
    assert [face["face"] for face in listed["not_faces"]] == [9, 10]
    assert [album["album"] for album in listed["left_alone"]["albums"]] == [2]
    assert listed["left_alone"]["faces"] == [8]
    assert [(pair["ones"], pair["person"]) for pair in listed["never_suggested"]] == [([5, 6, 7], "Ada")]
    assert [album["album"] for album in answer("albums", "list")] == [1]
    assert [album["album"] for album in answer("albums", "list", "--unknown")] == [1, 2]
    table = command("people", "excluded", "-L", path).stdout
    for way in re.findall(r"faceindex (people (?:is-face|ask-again|undo) \S+)", table):
        answer(*way.split())
    assert answer("people", "excluded") == {
        "not_faces": [],
        "left_alone": {"albums": [], "faces": []},
        "never_suggested": [],
    }


@pytest.mark.parametrize(
    ("words", "faces"),
    [
        ("name 2 Eve", 3),
        ("merge 1 2", 3),
        ("merge Ada 2", 3),
        ("split 1 2 3", 2),
        ("reject 2", 1),
        ("move 10 3", 1),
        ("hide 2", 3),
        ("not-face 10", 1),
        ("leave-alone 2", 3),
        ("cover 3", 1),
        ("never-suggest 2 3", 0),
        ("rename Ada Eve", 4),
        ("undo", 4),
    ],
)
def test_every_decision_has_a_dry_run(path: Path, words: str, faces: int) -> None:
    def here(*arguments: str) -> Any:
        done = CliRunner().invoke(app, [*arguments, "--json", "-L", str(path)])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    here("people", "name", "1", "Ada")
    before = here("people", "history"), here("albums", "list")
    said = here("people", *words.split(), "--dry-run")
    assert said["dry_run"] is True
    assert said["price"]["faces"] == faces
    assert (here("people", "history"), here("albums", "list")) == before
