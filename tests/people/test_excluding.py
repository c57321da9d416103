"""What is no face, who is left alone, what is not asked again, and chosen covers: at once, undone, and after all that
makes albums again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from made_albums import make_albums
from people_library import albums_of, drawn_people, store_vectors

import faceindex
from faceindex.errors import UsageError
from faceindex.people import review
from faceindex.types import Target

# Faces 1-4, 5-7 and 8-9 are of a person each, 10 is alone.
PEOPLE = [0, 0, 0, 0, 1, 1, 1, 2, 2, 3]
FIRST = {1: {1, 2, 3, 4}, 2: {5, 6, 7}, 3: {8, 9}}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[faceindex.Library]:
    store_vectors(tmp_path / "x.faces", drawn_people(PEOPLE))
    with faceindex.Library(tmp_path / "x.faces", create=False) as opened:
        opened.cluster()
        assert albums_of(opened) == FIRST
        yield opened
        assert opened.care.check(deep=True).damage == ()


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[faceindex.Library]:
    """Person 0 in two albums and alone, 9; person 1 in album 3: what a strict clustering would make."""
    store_vectors(tmp_path / "y.faces", drawn_people([0] * 9 + [1, 1]))
    make_albums(tmp_path / "y.faces", {1: [1, 2, 3, 4, 5], 2: [6, 7, 8], 3: [10, 11]})
    with faceindex.Library(tmp_path / "y.faces", create=False) as opened:
        assert questions(opened) == {(1, 2, None), (1, None, 9), (2, None, 9)}
        yield opened
        assert opened.care.check().damage == ()


@pytest.fixture(params=["all faces", "prepared"])
def prepared_or_not(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Suggestions are made of all faces at once, or from what was prepared."""
    if request.param == "prepared":
        monkeypatch.setattr(review, "SMALL", 0)


def questions(library: faceindex.Library) -> set[tuple[int | None, int | None, int | None]]:
    return {(one.album, one.other, one.face) for one in library.people.suggestions(limit=None)}


def found_by(library: faceindex.Library, face: int) -> set[int]:
    (probe,) = library.faces.probes(face=face)
    return {match.face for match in library.faces.matches(probe, k=None, threshold=9.0).matches}


def test_what_is_no_face_is_nowhere_until_it_is_undone(library: faceindex.Library, tmp_path: Path) -> None:
    library.people.name("Ada", album=1)
    library.people.name("Solo", face=10)
    decided = library.faces.not_face([2, 10])
    assert (decided.kind, decided.faces) == ("not-face", 2)
    assert albums_of(library) == FIRST | {1: {1, 3, 4}}
    assert [(one.person, one.faces, one.photos) for one in library.people] == [("Ada", 3, 3)]
    assert found_by(library, 1) == {3, 4, 5, 6, 7, 8, 9}
    assert library.status().faces == len(list(library.faces)) == 8
    assert len(library.faces.vectors()[0]) == 8
    assert library.photos.get("/photo-00001.jpg").faces == 0
    assert [one.face for one in library.faces.not_faces()] == [2, 10]
    for form in ("jsonl", "csv", "npz", "hdf5"):
        assert library.export(tmp_path / f"faces.{form}", form=form) == 8
    with pytest.raises(UsageError, match="no face 2"):
        library.people.name("Ada", face=2)
    library.history.undo()
    assert albums_of(library) == FIRST
    assert {one.person for one in library.people} == {"Ada", "Solo"}
    assert found_by(library, 1) == {2, *range(3, 11)}
    library.history.undo(list(library.history)[-1].act)
    assert albums_of(library) == FIRST | {1: {1, 3, 4}}
    library.faces.is_face([10])
    assert library.faces.get(10).person == "Solo"
    assert [one.face for one in library.faces.not_faces()] == [2]


def test_what_is_no_face_stays_out_of_new_albums_and_comes_back_into_its_own(library: faceindex.Library) -> None:
    library.faces.not_face([2, 9])
    library.cluster(rebuild=True)
    assert albums_of(library) == {1: {1, 3, 4}, 2: {5, 6, 7}}
    library.care.compact()
    library.index.build()
    library.history.undo()
    assert albums_of(library)[1] == {1, 2, 3, 4}
    library.cluster()
    assert {frozenset(faces) for faces in albums_of(library).values()} == {frozenset(f) for f in FIRST.values()}
    assert found_by(library, 1) == set(range(2, 11))


def test_an_index_that_was_built_without_a_face_finds_it_when_it_is_back(library: faceindex.Library) -> None:
    library.faces.not_face([2])
    library.index.build()
    library.photos.remove("/photo-00004.jpg")  # as many faces gone as come back
    library.history.undo()
    assert found_by(library, 1) == {2, 3, 4, 6, 7, 8, 9, 10}


def test_what_is_no_face_stays_so_when_its_photo_comes_again(library: faceindex.Library) -> None:
    library.faces.not_face([2])
    library.photos.remove("/photo-00001.jpg")
    assert list(library.faces.not_faces()) == []
    store_vectors(library.path, drawn_people(PEOPLE))
    assert [one.face for one in library.faces.not_faces()] == [2]
    assert 2 not in {face.face for face in library.faces}


def test_forgetting_a_photo_erases_also_what_is_no_face_in_it(library: faceindex.Library) -> None:
    vector = library.faces.vectors([2])[1][0].astype("<f4").tobytes()
    library.faces.not_face([2])
    assert any(vector[:32] in file.read_bytes() for file in (library.path / "vectors").iterdir())
    library.photos.forget("/photo-00001.jpg")
    assert list(library.faces.not_faces()) == []
    assert not any(vector[:32] in file.read_bytes() for file in (library.path / "vectors").iterdir())


@pytest.mark.usefixtures("prepared_or_not")
def test_left_alone_is_neither_asked_about_nor_listed_but_found(asked: faceindex.Library) -> None:
    asked.people.suggestions()
    asked.albums.leave_alone(2)
    assert questions(asked) == {(1, None, 9)}
    assert [album.album for album in asked.albums] == [1, 3]
    assert [album.album for album in asked.albums.list(unknown=True) if album.unknown] == [2]
    assert {6, 7, 8} <= found_by(asked, 1)
    asked.faces.leave_alone(9)
    assert questions(asked) == set()
    assert asked.faces.left_alone() == [9]
    asked.cluster(rebuild=True, threshold=0.3)
    listed = asked.albums.list(unknown=True)
    assert {one.unknown for one in listed if 6 in {face.face for face in asked.albums.faces(one.album)}} <= {True}
    asked.people.name("Ada", face=9)
    assert asked.faces.left_alone() == []
    with pytest.raises(UsageError, match="Ada has a name already"):
        asked.faces.leave_alone(9)


@pytest.mark.usefixtures("prepared_or_not")
def test_what_is_never_suggested_is_not_asked_and_says_nothing_of_who_it_is(asked: faceindex.Library) -> None:
    first = next(one for one in asked.people.suggestions() if one.other == 2)
    asked.people.do_not_ask(first)
    assert not asked.people.is_open(first)
    assert questions(asked) == {(1, None, 9), (2, None, 9)}
    asked.people.name("Ada", album=1)
    asked.people.never_suggest(Target(person="Ada"), Target(face=9))
    assert questions(asked) == {(2, None, 9)}
    asked.people.rename("Ada", "Ada Lovelace")
    assert questions(asked) == {(2, None, 9)}
    assert [(pair.ones, pair.person) for pair in asked.people.never_suggested()] == [
        ((1, 2, 3, 4, 5), None),
        ((9,), "Ada Lovelace"),
    ]
    asked.albums.merge([1, 2])  # nothing was said against it
    assert {face.person for face in asked.faces if face.face < 9} == {"Ada Lovelace"}
    asked.history.undo()
    asked.history.undo(1)
    assert (1, 2, None) in questions(asked)


def test_what_is_never_suggested_stays_so_when_albums_are_made_again(asked: faceindex.Library) -> None:
    asked.people.never_suggest(Target(album=1), Target(album=2))
    asked.cluster(rebuild=True, threshold=0.18)
    albums = albums_of(asked)
    for album, other, face in questions(asked):
        if album is None:  # two faces alone
            continue
        one = albums[album]
        others = {face} if face is not None else albums[other or 0]
        assert not (one & {1, 2, 3, 4, 5} and others & {6, 7, 8})
        assert not (others & {1, 2, 3, 4, 5} and one & {6, 7, 8})


def test_look_alikes_that_are_never_suggested_are_not_offered(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    assert library.people.name("ada", album=2).similar == ("Ada",)
    assert library.people.look_alikes() == [("Ada", "ada")]
    library.people.never_suggest(Target(person="Ada"), Target(person="ada"))
    assert library.people.look_alikes() == []
    assert library.people.name("ada", face=5).similar == ()


def test_a_chosen_cover_outlives_clusterings_and_merges_and_goes_with_its_face(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    library.faces.cover(3)
    library.faces.cover(6)

    def covers() -> dict[int, int]:
        return {album.album: album.cover for album in library.albums}

    assert covers() == {1: 3, 2: 6, 3: 8}
    assert library.people.get("Ada").cover == 3
    library.cluster(rebuild=True)
    assert covers() == {1: 3, 2: 6, 3: 8}
    library.people.merge([Target(person="Ada"), Target(album=2)])
    assert covers() == {1: 6, 3: 8}
    library.history.undo()
    assert covers() == {1: 3, 2: 6, 3: 8}
    library.people.rename("Ada", "Ada Lovelace")
    assert library.people.get("Ada Lovelace").cover == 3
    library.albums.move([3], 2)
    assert covers() == {1: 1, 2: 6, 3: 8}
    library.history.undo()
    library.faces.not_face([3])
    assert covers()[1] == 1
    library.history.undo()
    assert covers()[1] == 3
    library.history.undo(2)
    assert covers()[1] == 1
    with pytest.raises(UsageError, match="cover of nothing"):
        library.faces.cover(10)


Step = Callable[[faceindex.Library], object]
STEPS: dict[str, Step] = {
    "not-face": lambda library: library.faces.not_face([2, 10]),
    "leave-alone": lambda library: library.albums.leave_alone(3),
    "leave-alone-face": lambda library: library.faces.leave_alone(10),
    "never-suggest": lambda library: library.people.never_suggest(Target(album=1), Target(album=2)),
    "cover": lambda library: library.faces.cover(3),
    "merge-people": lambda library: library.people.merge([Target(person="Ada"), Target(person="Bea"), Target(album=3)]),
    "name-only": lambda library: library.people.name("Cy", faces=[8, 9]),
    "confirm": lambda library: library.people.confirm([2]),
}


def everything(library: faceindex.Library, *, numbers: bool = True) -> object:
    """numbers: of albums; those that a rebuild made one may get new ones."""
    faces = {f.face: (f.album if numbers else None, f.person, f.confirmed) for f in library.faces}
    listed = library.albums.list(hidden=True, unknown=True, limit=None)
    albums = [(album.album if numbers else 0, album.faces, album.cover, album.unknown) for album in listed]
    never = [(pair.ones, pair.others, pair.person) for pair in library.people.never_suggested()]
    people = [(one.person, one.faces, one.cover) for one in library.people]
    return faces, albums, never, people, library.faces.left_alone(), [one.face for one in library.faces.not_faces()]


@pytest.mark.parametrize("kind", STEPS)
def test_every_act_is_undone_and_redone_also_after_a_rebuild(library: faceindex.Library, kind: str) -> None:
    library.people.name("Ada", face=1)
    library.people.name("Bea", face=5)
    before, unnumbered = everything(library), everything(library, numbers=False)
    act = STEPS[kind](library).act  # type: ignore[attr-defined]
    after = everything(library)
    assert after != before
    undo = library.history.undo(act).act
    assert everything(library) == before
    redone = library.history.undo(undo).act
    assert everything(library) == after
    library.cluster(rebuild=True)
    assert everything(library) == after
    library.history.undo(redone)
    library.cluster()
    assert everything(library, numbers=False) == unnumbered


_DIE = """
import os, shutil, signal, sys
import faceindex
from faceindex.people import steps, uniting
from faceindex.store.journal import act_changes

sys.path.insert(0, sys.argv[2])
from test_excluding import STEPS

def die(*_): os.kill(os.getpid(), signal.SIGKILL)

for kind, step in STEPS.items():
    for instant in ("derive_affected", "keep_change"):  # the act is written; the last thing that a decision writes
        copy = f"{sys.argv[1]}-{kind}-{instant}"
        shutil.copytree(sys.argv[1], copy)
        if not (child := os.fork()):
            setattr(steps, instant, die)
            step(faceindex.Library(copy, create=False))
            os._exit(0)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL, kind
"""


def test_an_act_that_is_killed_was_never_made(library: faceindex.Library) -> None:
    library.people.name("Ada", face=1)
    library.people.name("Bea", face=5)
    before = everything(library)
    folders = ":".join(map(str, (Path(__file__).parents[1], Path(__file__).parent)))
    library.close()
    subprocess.run(
        [sys.executable, "-c", _DIE, library.path, Path(__file__).parent],
        check=True,
        env={"PYTHONPATH": folders, "PATH": "/usr/bin:/bin"},
    )
    for kind, step in STEPS.items():
        for copy in sorted(library.path.parent.glob(f"{library.path.name}-{kind}-[dk]*")):
            with faceindex.Library(copy, create=False) as killed:
                assert everything(killed) == before
                assert killed.care.check().damage == ()
                step(killed)
                assert everything(killed) != before


@pytest.mark.parametrize("kind", STEPS)
def test_a_dry_run_changes_nothing_and_says_the_price(library: faceindex.Library, kind: str) -> None:
    library.people.name("Ada", face=1)
    library.people.name("Bea", face=5)
    expected = {
        "not-face": (2, 2, 1),
        "leave-alone": (2, 2, 0),
        "leave-alone-face": (1, 1, 0),
        "never-suggest": (0, 0, 0),
        "cover": (1, 1, 0),
        "merge-people": (5, 5, 2),
        "name-only": (2, 2, 1),
        "confirm": (1, 1, 0),
    }
    dry: dict[str, Callable[[], faceindex.Decided]] = {
        "not-face": lambda: library.faces.not_face([2, 10], dry_run=True),
        "leave-alone": lambda: library.albums.leave_alone(3, dry_run=True),
        "leave-alone-face": lambda: library.faces.leave_alone(10, dry_run=True),
        "never-suggest": lambda: library.people.never_suggest(Target(album=1), Target(album=2), dry_run=True),
        "cover": lambda: library.faces.cover(3, dry_run=True),
        "merge-people": lambda: library.people.merge(
            [Target(person="Ada"), Target(person="Bea"), Target(album=3)], dry_run=True
        ),
        "name-only": lambda: library.people.name("Cy", faces=[8, 9], dry_run=True),
        "confirm": lambda: library.people.confirm([2], dry_run=True),
    }
    before, acts = everything(library), len(list(library.history))
    decided = dry[kind]()
    assert everything(library) == before
    assert len(list(library.history)) == acts
    price = decided.price
    assert price is not None
    assert decided.act == 0
    assert (price.faces, price.photos, price.people) == expected[kind]


def test_the_price_of_a_merge_names_what_it_joins(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    library.people.name("Bea", album=2)
    price = library.people.merge([Target(person="Ada"), Target(person="Bea"), Target(album=3)], dry_run=True).price
    assert price is not None
    assert [(one.person, one.album, one.faces) for one in price.joins] == [("Ada", 1, 4), ("Bea", 2, 3), (None, 3, 2)]
    assert (price.faces, price.photos, price.people) == (5, 5, 2)
    with library.history.together():
        assert library.albums.move([10], 3, dry_run=True).price is not None
        library.albums.move([9], 2)
    assert albums_of(library) == {1: {1, 2, 3, 4}, 2: {5, 6, 7, 9}}


def test_several_people_are_merged_in_one_step(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    library.people.name("Bea", album=2)
    library.people.name("Cy", face=10)
    before = everything(library)
    number = library.people.get("Ada").id
    decided = library.people.merge([Target(person="Ada"), Target(person="Bea"), Target(person="Cy"), Target(album=3)])
    assert (decided.kind, decided.person, decided.faces) == ("merge", "Ada", 10)
    assert [(one.person, one.faces, one.id) for one in library.people] == [("Ada", 10, number)]
    library.history.undo()
    assert everything(library) == before
    library.history.undo(list(library.history)[-1].act)
    assert [one.person for one in library.people] == ["Ada"]
    for targets, why in (
        ([Target(person="Ada")], "already"),
        ([Target(person="Ada"), Target(person="Eve")], "nobody is called Eve"),
    ):
        with pytest.raises(UsageError, match=why):
            library.people.merge(targets)


def test_only_selected_faces_of_an_album_are_named(library: faceindex.Library) -> None:
    library.people.name("Ada", faces=[2, 3])
    assert {face.face for face in library.faces if face.person == "Ada"} == {2, 3}
    assert {1, 4} in albums_of(library).values()
    library.cluster(rebuild=True)
    assert {face.face for face in library.faces if face.person == "Ada"} == {2, 3}
    library.history.undo()
    library.cluster()
    assert {1, 2, 3, 4} in albums_of(library).values()
    library.people.name("Ada", face=2)  # one face names its album, as before
    assert {face.face for face in library.faces if face.person == "Ada"} == {1, 2, 3, 4}
    library.history.undo()
    library.people.name("Ada", face=2, only=True)
    assert {face.face for face in library.faces if face.person == "Ada"} == {2}


def test_a_name_that_somebody_has_joins_nobody_unasked(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    with pytest.raises(faceindex.NameInUse, match=r"somebody is called Ada already \(4 faces\)"):
        library.people.name("Ada", album=2, merge=False)
    assert library.people.get("Ada").faces == 4
    library.people.name("Ada", faces=[1, 2], merge=False)  # who is Ada already
    assert np.all([library.faces.get(face).person == "Ada" for face in (1, 2, 3, 4)])
