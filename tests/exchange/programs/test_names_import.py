"""Names from other programs arrive on the right faces, and on no other; it is asked about those that are unsure."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from foreign_exports import EXPORTS
from moved_set import expected, write_photos
from split_libraries import merged
from starlette.testclient import TestClient
from web_server import ADDRESS, Server

import faceindex
from faceindex.faces.recipe import recipe
from faceindex.types import NamesImported, Suggestion
from faceindex.web.app import make_app
from faceindex.web.settings import Settings


@pytest.fixture(scope="module")
def photos(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("moved") / "Photos"
    write_photos(shared_data / "lfw-dev" / "images", folder)
    return folder


@pytest.fixture(scope="module")
def ingested(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the photos without names; tests copy it."""
    path = tmp_path_factory.mktemp("moved") / "moved.faces"
    with faceindex.Library(path, recipe=recipe("sface")) as library:
        library.ingest([photos], workers=1)
        library.cluster()
    return path


@pytest.fixture
def library(ingested: Path, tmp_path: Path) -> Iterator[faceindex.Library]:
    shutil.copytree(ingested, tmp_path / "moved.faces")
    with faceindex.Library(tmp_path / "moved.faces") as opened:
        yield opened


def judged(library: faceindex.Library) -> tuple[int, int]:
    """Names on the right faces, and on wrong ones."""
    true = {(photo, person): box for photo, person, box in expected()}
    named = [face for face in library.faces if face.person and face.confirmed]
    right = [
        face
        for face in named
        if (box := true.get((Path(face.photo).name, str(face.person)))) is not None and box.overlap(face.box) > 0.3
    ]
    return len(right), len(named) - len(right)


ALL = len(list(expected()))


@pytest.mark.parametrize("export", EXPORTS)
def test_every_name_comes_to_its_face_and_none_to_another(
    library: faceindex.Library, photos: Path, tmp_path: Path, export: str
) -> None:
    program, write = EXPORTS[export]
    path = write(photos, tmp_path / "export")
    would = library.people.import_names(program, path, dry_run=True)
    assert (would.named, would.act, judged(library)) == (ALL, None, (0, 0))
    done = library.people.import_names(program, path)
    assert judged(library) == (ALL, 0)
    assert (done.photos, done.found, done.names, done.named, done.bad) == (32, 32, ALL, ALL, 0)
    if export not in ("takeout", "xmp"):
        assert done.moved == 8


def test_albums_tell_who_is_who_in_photos_of_several_people(
    library: faceindex.Library, photos: Path, tmp_path: Path
) -> None:
    takeout = EXPORTS["takeout"][1](photos, tmp_path / "export")
    for text in takeout.glob("alone-*.json"):
        text.unlink()
    done = library.people.import_names("takeout", takeout)
    right, wrong = judged(library)
    assert wrong == 0
    assert right == done.named >= 40  # of 49, and nobody is alone on a photo
    assert done.unsure == 49 - right
    assert {name.person for name in done.unsure_names} <= {person for _, person, _ in expected()}
    assert all(name.faces for name in done.unsure_names)


def export(photos: Path, target: Path, named: str) -> Path:
    """An export in which these photos have names."""
    folder = EXPORTS["takeout"][1](photos, target)
    for text in folder.glob("*.json"):
        if not text.match(named):
            text.unlink()
    return folder


@pytest.fixture
def takeout(photos: Path, tmp_path: Path) -> Path:
    """Names of photos of two people: who is who is known of some of them only."""
    return export(photos, tmp_path / "export", "two-*")


@pytest.fixture
def imported(library: faceindex.Library, takeout: Path) -> NamesImported:
    done = library.people.import_names("takeout", takeout)
    assert done.unsure > 0
    return done


def asked(library: faceindex.Library) -> list[Suggestion]:
    found = library.people.review(limit=1000)
    return [one for one in found if isinstance(one, Suggestion) and one.origin is not None]


def is_right(library: faceindex.Library, one: Suggestion) -> bool:
    face = library.faces.get(one.face or 0)
    true = {(photo, person): box for photo, person, box in expected()}
    box = true.get((Path(face.photo).name, str(one.person)))
    return box is not None and box.overlap(face.box) > 0.3


def somebody_known(library: faceindex.Library) -> str:
    """A person with a face, who is asked about in another photo, too."""
    ((person, _),) = Counter(str(one.person) for one in asked(library)).most_common(1)
    library.people.answer(next(one for one in asked(library) if one.person == person), same=True)
    assert person in {one.person for one in asked(library)}
    return person


def unsure(done: NamesImported) -> set[tuple[str, str]]:
    return {(one.photo, one.person) for one in done.unsure_names}


def test_each_unsure_name_is_asked_about_once_with_its_origin(
    library: faceindex.Library, takeout: Path, imported: NamesImported
) -> None:
    questions = asked(library)
    about = [(library.faces.get(one.face or 0).photo, str(one.person)) for one in questions]
    assert len(about) == len(set(about)) > 0
    assert set(about) <= unsure(imported)
    assert {one.origin for one in questions} == {f"takeout {takeout}"}
    assert [one.probability for one in questions] == sorted((one.probability for one in questions), reverse=True)
    assert all(0 < one.probability <= 1 for one in questions)
    assert questions == [*library.people.review(limit=1000)][: len(questions)]  # they come first


def test_true_answers_name_every_face_that_was_unsure(library: faceindex.Library, imported: NamesImported) -> None:
    wrong, steps = 0, 0
    while questions := asked(library):
        one = questions[0]
        wrong += not is_right(library, one)
        library.people.answer(one, same=is_right(library, one))
        assert not library.people.is_open(one)
        steps += 1
        assert steps < 100
    true = {(photo, person) for photo, person, _ in expected()}
    named = {(Path(face.photo).name, face.person) for face in library.faces if face.confirmed}
    assert named <= true
    assert {(Path(photo).name, person) for photo, person in unsure(imported)} <= named
    assert wrong < imported.unsure  # the likeliest face is asked about first


def test_a_no_is_remembered_and_the_next_likely_face_is_asked_about(
    library: faceindex.Library, takeout: Path, imported: NamesImported
) -> None:
    one = next(one for one in asked(library) if not is_right(library, one) or one.probability <= 0.5)
    library.people.answer(one, same=False)
    for _ in range(2):
        assert (one.face, one.person) not in {(other.face, other.person) for other in asked(library)}
        library.people.import_names("takeout", takeout)
    library.history.undo()
    assert (one.face, one.person) in {(other.face, other.person) for other in asked(library)}


def test_what_was_decided_here_is_not_asked_about(library: faceindex.Library, imported: NamesImported) -> None:
    first, *others = asked(library)
    library.people.name("Somebody Else", face=first.face, only=True)
    assert first.face not in {one.face for one in asked(library)}
    assert not library.people.is_open(first)
    if others:
        library.people.do_not_ask(others[-1])
        assert (others[-1].face, others[-1].person) not in {(one.face, one.person) for one in asked(library)}
        library.faces.hide(others[-1].face or 0)
        assert others[-1].face not in {one.face for one in asked(library)}


def test_a_renamed_person_is_asked_about_by_the_present_name(
    library: faceindex.Library, imported: NamesImported
) -> None:
    person = somebody_known(library)
    library.people.rename(person, "Renamed")
    assert person not in {one.person for one in asked(library)}
    assert "Renamed" in {one.person for one in asked(library)}


def test_questions_go_with_their_import_and_with_the_person(
    library: faceindex.Library, takeout: Path, imported: NamesImported
) -> None:
    before = asked(library)
    undone = library.history.undo()
    assert asked(library) == []
    library.history.undo(undone.act)
    assert asked(library) == before
    person = somebody_known(library)
    library.people.forget(person)
    assert person not in {one.person for one in asked(library)}
    catalog = library.path / "catalog.sqlite"
    assert person.encode() not in b"".join(path.read_bytes() for path in catalog.parent.glob("catalog.sqlite*"))


def test_an_import_that_names_nobody_asks_too(library: faceindex.Library, photos: Path, tmp_path: Path) -> None:
    done = library.people.import_names("takeout", export(photos, tmp_path / "few", "three-1*"))
    assert (done.named, done.act) == (0, None)
    assert len(asked(library)) == done.unsure > 0
    first = asked(library)[0]
    library.people.do_not_ask(first)
    assert (first.face, first.person) not in {(one.face, one.person) for one in asked(library)}
    one = asked(library)[0]
    library.people.answer(one, same=True)
    assert library.faces.get(one.face or 0).person == one.person


def test_a_dry_run_asks_nothing(library: faceindex.Library, takeout: Path) -> None:
    assert library.people.import_names("takeout", takeout, dry_run=True).unsure > 0
    assert asked(library) == []


def test_questions_come_along_into_merged_libraries_and_rebuilt_catalogs(
    library: faceindex.Library, imported: NamesImported, tmp_path: Path
) -> None:
    def known(opened: faceindex.Library) -> set[tuple[str, int, str | None, float]]:
        return {
            (face.photo, face.box.x, one.person, one.probability)
            for one in asked(opened)
            for face in [opened.faces.get(one.face or 0)]
        }

    before = known(library)
    library.close()
    merged(tmp_path / "both.faces", library.path)
    with faceindex.Library(tmp_path / "both.faces") as both:
        assert known(both) == before
        both.history.undo()
        assert known(both) == set()


def test_a_browser_is_asked_and_answers(library: faceindex.Library, imported: NamesImported, tmp_path: Path) -> None:
    shutil.copytree(library.path, tmp_path / "served.faces")
    guard, here = make_app(faceindex.Library(tmp_path / "served.faces", wait=False), Settings())
    browser = Server(here, TestClient(guard, ADDRESS, raise_server_exceptions=False)).browser()
    first = browser.get("/api/v1/review").json()["items"][0]["suggestion"]
    assert first["origin"].startswith("takeout ")
    page = browser.get("/review", headers={"Accept": "text/html"}).text
    assert f"Is this {first['person']}?" in page
    assert first["origin"] in page
    body = {key: first[key] for key in ("face", "person", "origin", "probability")}
    stranger = browser.post("/api/v1/review/answer", json=body | {"person": "Nobody Said", "answer": "same"})
    assert stranger.status_code == 409
    assert browser.post("/api/v1/review/answer", json=body | {"answer": "same"}).status_code == 200
    assert browser.get(f"/api/v1/faces/{first['face']}").json()["person"] == first["person"]
    assert browser.post("/api/v1/review/answer", json=body | {"answer": "same"}).status_code == 409
    assert json.dumps(first["person"]) in browser.get("/api/v1/people").text
    here.library.close()
