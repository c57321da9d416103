"""An audit finds names that are wrong, proposes what to do, and does not ask again what was answered."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from people_library import drawn_people, store_vectors
from typer.testing import CliRunner

import faceindex
from faceindex.cli.app import app
from faceindex.errors import UsageError
from faceindex.faces.recipe import recipe
from faceindex.judgement import library_calibration
from faceindex.people.audit_faces import doubts, fit
from faceindex.people.audit_fragments import MOST, fragments
from faceindex.people.audit_sets import sets_of
from faceindex.store.folder import LibraryFolder
from faceindex.types import Finding, Target
from faceindex.types.audits import MISFIT, TWO_NAMES, TWO_PEOPLE, WEAK

# Six faces of Ada and of Bea, four of Cy and of Di, two of Ed.
PEOPLE = [0] * 6 + [1] * 6 + [2] * 4 + [3] * 4 + [4] * 2
NAMES = {"Ada": range(1, 7), "Bea": range(7, 13), "Cy": range(13, 17), "Di": range(17, 21), "Ed": range(21, 23)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    store_vectors(tmp_path / "x.faces", drawn_people(PEOPLE))
    return tmp_path / "x.faces"


@pytest.fixture
def library(path: Path) -> Iterator[faceindex.Library]:
    with faceindex.Library(path, create=False) as opened:
        opened.cluster()
        yield opened
        assert opened.care.check().damage == ()


def name_all(library: faceindex.Library, *people: str) -> None:
    with library.history.together():
        for name in people or NAMES:
            library.people.name(name, faces=[*NAMES[name]], only=False)


def lower_quality(path: Path, faces: list[int]) -> None:
    folder = LibraryFolder(path)
    with folder.decisions() as catalog, catalog.transaction() as transaction:
        transaction.executemany("UPDATE faces SET quality = 0.2 WHERE id = ?", [(face,) for face in faces])
    folder.close()


def found(library: faceindex.Library, *, again: bool = False) -> list[tuple[str, str, tuple[int, ...], str | None]]:
    return [(one.kind, one.person, one.faces, one.other) for one in library.people.audit(again=again).findings]


def only(library: faceindex.Library) -> Finding:
    (one,) = library.people.audit().findings
    return one


def do(library: faceindex.Library, command: str) -> None:
    """Run a command that a finding printed."""
    words = shlex.split(command)
    assert words[0] == "faceindex"
    done = CliRunner().invoke(app, ["-L", str(library.path), *words[1:]])
    assert done.exit_code == 0, (command, done.output, done.exception)


def test_right_names_are_not_asked_about(library: faceindex.Library) -> None:
    name_all(library)
    audit = library.people.audit()
    assert audit.findings == ()
    assert (audit.people, audit.faces, audit.answered) == (5, 22, 0)


def test_a_face_of_somebody_else_is_found_with_the_person_it_fits(library: faceindex.Library) -> None:
    name_all(library)
    library.people.name("Ada", face=8, only=True)
    one = only(library)
    assert (one.kind, one.person, one.faces, one.of, one.other) == (MISFIT, "Ada", (8,), 7, "Bea")
    assert one.probability is not None
    assert one.probability > 0.99
    assert one.distance is not None
    assert one.other_distance is not None
    assert one.other_distance < 0.4 < one.distance
    do(library, one.yes)
    assert library.faces.get(8).person == "Bea"
    assert found(library) == []


def test_a_face_of_nobody_with_a_name_is_rejected(library: faceindex.Library) -> None:
    name_all(library, "Ada", "Bea", "Cy", "Di")
    library.people.name("Ada", face=22, only=True)
    one = only(library)
    assert (one.kind, one.faces, one.other) == (MISFIT, (22,), None)
    do(library, one.yes)
    assert library.faces.get(22).person is None
    assert found(library) == []


def test_two_people_under_one_name_are_found_with_the_split(library: faceindex.Library) -> None:
    name_all(library, "Bea", "Cy")
    library.people.name("Ada", faces=[*NAMES["Ada"], *NAMES["Di"]], only=False)
    one = only(library)
    assert (one.kind, one.person, one.faces, one.of, one.other) == (TWO_PEOPLE, "Ada", (17, 18, 19, 20), 10, None)
    do(library, one.yes)
    assert {face.face for face in library.faces if face.person == "Ada"} == set(NAMES["Ada"])
    assert len({library.faces.get(face).album for face in one.faces} - {None}) == 1
    library.cluster(rebuild=True)
    assert found(library) == []


def test_of_two_faces_that_differ_nobody_knows_which_is_right(library: faceindex.Library) -> None:
    name_all(library, "Ada", "Bea")
    library.people.name("Cy", faces=[13, 17], only=True)
    one = only(library)
    assert (one.kind, one.of, one.no) == (TWO_PEOPLE, 2, "faceindex people confirm 13 17")
    do(library, one.no)
    assert found(library) == []


def test_two_names_of_one_person_are_found(library: faceindex.Library) -> None:
    name_all(library)
    library.people.name("Ada L.", faces=[5, 6], only=False)
    one = only(library)
    assert (one.kind, one.person, one.faces, one.of, one.other) == (TWO_NAMES, "Ada", (5, 6), 4, "Ada L.")
    do(library, one.yes)
    assert library.people.get("Ada").faces == 6
    assert found(library) == []


def test_the_same_picture_under_two_names_is_found(tmp_path: Path) -> None:
    vectors = drawn_people([0, 1, 2])
    store_vectors(tmp_path / "same.faces", np.vstack([vectors, vectors[:1]]))
    with faceindex.Library(tmp_path / "same.faces", create=False) as library:
        for face, name in enumerate(("Ada", "Bea", "Cy", "Ann"), start=1):
            library.people.name(name, face=face, only=True)
        assert found(library) == [(TWO_NAMES, "Ada", (4,), "Ann")]


def test_faces_of_low_quality_of_which_nothing_tells_are_found(path: Path) -> None:
    name = "blurred"
    vectors = drawn_people([0, 0, 0, 1])
    store_vectors(path.with_name(name), vectors)
    with faceindex.Library(path.with_name(name), create=False) as library:
        lower_quality(path.with_name(name), [3, 4])
        library.people.name("Ada", faces=[1, 2, 3])
        library.people.name("Bea", face=4)
        one = only(library)  # face 3 fits the other two
        assert (one.kind, one.person, one.faces, one.of, one.probability) == (WEAK, "Bea", (4,), 1, None)
        do(library, one.no)
        assert found(library) == []


WRONG = {
    MISFIT: lambda library: library.people.name("Ada", face=8, only=True),
    TWO_PEOPLE: lambda library: library.people.merge([Target(person="Ada"), Target(person="Ed")]),
    TWO_NAMES: lambda library: library.people.name("Ada L.", faces=[5, 6], only=False),
}


@pytest.mark.parametrize("kind", [MISFIT, TWO_NAMES])
def test_what_was_answered_with_no_is_not_asked_again(library: faceindex.Library, kind: str) -> None:
    name_all(library)
    WRONG[kind](library)
    asked = found(library)
    assert [one[0] for one in asked] == [kind]
    do(library, only(library).no)
    assert found(library) == []
    assert library.people.audit().answered == 1
    assert found(library, again=True) == asked
    library.cluster(rebuild=True)
    library.people.rename("Ada", "Ada Lovelace")
    assert found(library) == []
    library.history.undo()
    library.history.undo()
    assert found(library) == asked


def test_people_that_a_user_merged_are_not_asked_about(library: faceindex.Library) -> None:
    name_all(library)
    WRONG[TWO_PEOPLE](library)
    assert found(library) == []
    assert found(library, again=True) == [(TWO_PEOPLE, "Ada", (21, 22), None)]


def test_people_that_a_user_said_are_two_are_not_asked_about(library: faceindex.Library) -> None:
    name_all(library, "Bea", "Cy", "Di", "Ed")
    library.people.name("Ada", faces=[1, 2, 3, 4])
    library.people.name("Ann", faces=[5, 6])
    assert found(library) == []  # the name of some faces of an album says that the others are somebody else's
    assert found(library, again=True) == [(TWO_NAMES, "Ada", (5, 6), "Ann")]


def test_whom_a_face_was_said_not_to_be_is_not_proposed(library: faceindex.Library) -> None:
    name_all(library)
    library.albums.reject([8])
    library.people.name("Ada", face=8, only=True)
    assert found(library) == [(MISFIT, "Ada", (8,), None)]


def test_hidden_people_and_faces_are_left_out(library: faceindex.Library) -> None:
    name_all(library)
    library.people.name("Ada", face=8, only=True)
    library.people.hide("Bea")
    assert found(library) == [(MISFIT, "Ada", (8,), None)]
    library.faces.hide(8)
    assert found(library) == []


def test_all_faces_of_one_person_the_least_likely_first(library: faceindex.Library) -> None:
    name_all(library)
    library.people.name("Ada", face=8, only=True)
    audit = library.people.audit("Ada")
    assert audit.findings[0].faces == (8,)
    assert {one.faces[0] for one in audit.findings} == {*NAMES["Ada"], 8}
    assert audit.findings[0].other == "Bea"
    chances = [one.probability or 0.0 for one in audit.findings]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > 0.9 > 0.1 > chances[1]
    with pytest.raises(UsageError, match="nobody is called Nobody"):
        library.people.audit("Nobody")
    with pytest.raises(UsageError, match="between 0 and 1"):
        library.people.audit(least=1.0)


def test_a_confirmed_face_is_asked_about_again_under_another_name(library: faceindex.Library) -> None:
    name_all(library)
    library.people.confirm([8])
    library.people.name("Ada", face=8, only=True)
    assert found(library) == [(MISFIT, "Ada", (8,), "Bea")]
    with pytest.raises(UsageError, match="different people's"):
        library.people.confirm([1, 9])


def test_nobody_has_a_name(library: faceindex.Library) -> None:
    assert library.people.audit().findings == ()
    with pytest.raises(UsageError, match="face 1 has no name"):
        library.people.confirm([1])


def test_photos_years_apart_say_less_against_one_person() -> None:
    vectors, person = drawn_people([0] * 4 + [1] * 4), np.array([0] * 8)
    calibration = library_calibration.of_recipe(recipe("dlib"))
    sets = sets_of(vectors, person, 1)
    own = fit(vectors, person, sets, calibration)

    def log_odds(*years: float) -> list[float]:
        dates = np.array([2000.0] * 4 + list(years))
        return [doubt.log_odds for doubt in doubts(vectors, person, sets, own, calibration, years=dates, least=-9)]

    (unknown,) = log_odds(*[np.nan] * 4)
    assert log_odds(2005, 2006, 2007, 2008) == [unknown]
    (apart,) = log_odds(2015, 2016, np.nan, 2018)
    assert apart < unknown / 2


def test_a_set_without_a_face_is_what_the_others_make() -> None:
    random = np.random.default_rng(0)
    vectors, number = random.normal(size=(40, 8)).astype(np.float32), random.integers(0, 6, 40)
    sets = sets_of(vectors, number, 7)
    less = sets.without(number, vectors)
    for row in range(40):
        rest = vectors[(number == number[row]) & (np.arange(40) != row)]
        assert less.size[row] == len(rest)
        if len(rest):
            assert np.allclose(less.centre[row], rest.mean(axis=0), atol=1e-5)
            assert np.isclose(less.spread[row], np.square(rest - rest.mean(axis=0)).sum(axis=1).mean(), atol=1e-5)


def test_many_faces_fall_into_the_same_fragments_as_few() -> None:
    people = np.array([0] * (2 * MOST) + [1] * MOST + [2] * 3)
    part = fragments(drawn_people(people.tolist()), np.random.default_rng(0).normal(size=len(people)), 0.25)
    assert [set(part[people == one]) for one in range(2)] == [{0}, {1}]
