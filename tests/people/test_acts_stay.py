"""Acts about real photos hold when albums are made again, when photos come again and by another recipe; they are undone
and redone there, too."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import faceindex
from faceindex.evaluation.labelled import evaluation_library
from faceindex.faces.recipe import recipe
from faceindex.store.people.answered import confirmed_by_look
from faceindex.types import Target

PEOPLE = ("Abdullah_Gul", "Adel_Al-Jubeir", "Al_Pacino", "Adrien_Brody")


@pytest.fixture
def library(labelled_photos: Path, kept: Path, tmp_path: Path) -> Iterator[faceindex.Library]:
    """Three photos of each of PEOPLE, who have an album each, and 00, of somebody who is alone."""
    with evaluation_library(recipe(), kept) as ingested:
        shutil.copytree(ingested.path, tmp_path / "x.faces")
    with faceindex.Library(tmp_path / "x.faces", create=False) as opened:
        opened.ingest([labelled_photos], workers=0)
        opened.cluster()
        assert len({album_of(opened, person) for person in PEOPLE}) == 4
        yield opened
        assert opened.care.check().damage == ()


def stems(library: faceindex.Library) -> dict[int, str]:
    """The photo of every face, also of what is none, by its name."""
    known = {one.face: one.photo for one in (*library.faces, *library.faces.not_faces(limit=None))}
    return {face: Path(photo).stem for face, photo in known.items()}


def face_in(library: faceindex.Library, photo: str) -> int:
    (face,) = [face for face, stem in stems(library).items() if stem == photo]
    return face


def album_of(library: faceindex.Library, person: str) -> int:
    return library.faces.get(face_in(library, f"{person}_0001")).album or 0


def said(library: faceindex.Library) -> dict[str, object]:
    """What is decided, told by the names of photos, as ids are another library's."""
    photo = stems(library)
    albums = library.albums.list(hidden=True, unknown=True, limit=None)
    members = {one.album: frozenset(photo[face.face] for face in library.albums.faces(one.album)) for one in albums}
    never = [
        (frozenset(photo[face] for face in pair.ones), frozenset(photo[face] for face in pair.others))
        for pair in library.people.never_suggested()
    ]
    return {
        "cover": [photo[one.cover or 0] for one in albums if "Abdullah_Gul_0001" in members[one.album]],
        "left alone": {members[one.album] for one in albums if one.unknown},
        "alone": {photo[face] for face in library.faces.left_alone()},
        "never": never,
        "no faces": {photo[one.face] for one in library.faces.not_faces(limit=None)},
        "people": {(photo[face.face], face.person, face.confirmed) for face in library.faces},
        "confirmed": {
            photo[face]: names for face, names in confirmed_by_look(library._opened.catalog.connection).items()
        },
    }


STEPS: dict[str, Callable[[faceindex.Library], faceindex.Decided]] = {
    "name": lambda library: library.people.name("Al", album=album_of(library, "Al_Pacino")),
    "cover": lambda library: library.faces.cover(
        min(
            {face_in(library, f"Abdullah_Gul_000{number}") for number in (1, 2, 3)}
            - {library.albums.get(album_of(library, "Abdullah_Gul")).cover}
        )
    ),
    "never-suggest": lambda library: library.people.never_suggest(
        Target(album=album_of(library, "Abdullah_Gul")), Target(album=album_of(library, "Adel_Al-Jubeir"))
    ),
    "leave-alone": lambda library: library.albums.leave_alone(album_of(library, "Adrien_Brody")),
    "leave-alone-face": lambda library: library.faces.leave_alone(face_in(library, "00")),
    "not-face": lambda library: library.faces.not_face([face_in(library, "Al_Pacino_0003")]),
    "confirm": lambda library: library.people.confirm([face_in(library, "Al_Pacino_0001")]),
    "merge": lambda library: library.people.merge(
        [Target(person="Al"), Target(album=album_of(library, "Adel_Al-Jubeir"))]
    ),
    "name-only": lambda library: library.people.name("Ann", faces=[face_in(library, "Abdullah_Gul_0003")], only=True),
}


def take_back_and_redo(library: faceindex.Library, states: list[dict[str, object]], acts: list[int]) -> None:
    """states: before the first of `acts`, and after each."""
    undos = []
    for act, before in zip(reversed(acts), reversed(states[:-1]), strict=True):
        undos.append(library.history.undo(act).act)
        assert said(library) == before, act
    for undo, after in zip(reversed(undos), states[1:], strict=True):
        library.history.undo(undo)
        assert said(library) == after, undo


def test_acts_hold_are_undone_and_redone_after_all_that_makes_faces_and_albums_again(
    library: faceindex.Library, labelled_photos: Path, tmp_path: Path
) -> None:
    states, acts = [said(library)], []
    for kind, step in STEPS.items():
        acts.append(step(library).act)
        states.append(said(library))
        assert states[-1] != states[-2], kind
    take_back_and_redo(library, states, acts)
    library.cluster(rebuild=True)
    assert said(library) == states[-1]
    library.ingest([labelled_photos], force=True, workers=0)
    assert said(library) == states[-1]
    library.photos.remove(labelled_photos)
    assert list(library.faces) == []
    library.ingest([labelled_photos], workers=0)
    library.cluster()
    assert said(library) == states[-1]
    library.reencode(tmp_path / "sface.faces", "sface", workers=0)
    with faceindex.Library(tmp_path / "sface.faces", create=False) as other:
        assert said(other) == states[-1]
        take_back_and_redo(other, states, acts)
        other.cluster(rebuild=True)
        assert said(other) == states[-1]
        assert other.care.check().damage == ()
