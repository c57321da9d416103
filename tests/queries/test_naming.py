"""Faces of photos that the library does not hold get the names of its people, or none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import faceindex
from faceindex.errors import UsageError

PEOPLE = {"diana": 2, "lhl": 6, "jack": 1}
METHODS = ("vote", "nearest", "svm")


def photos(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def known(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[faceindex.Library]:
    """The first photos of some people, whose largest faces have names."""
    with faceindex.Library(tmp_path_factory.mktemp("known") / "x.faces") as library:
        for name, count in PEOPLE.items():
            chosen = photos(shared_data / "album" / name)[:count]
            library.ingest(chosen, workers=1)
            for photo in chosen:
                own = [face for face in library.faces if face.photo == str(photo)]
                library.people.name(name, face=max(own, key=lambda face: face.box.area).face)
        yield library


@pytest.mark.parametrize("method", METHODS)
def test_other_photos_of_known_people_are_named(known: faceindex.Library, shared_data: Path, method: str) -> None:
    for name, count in PEOPLE.items():
        photo = photos(shared_data / "album" / name)[count]
        faces = known.identify(photo, method=method)
        largest = max(faces, key=lambda face: face.box.area)
        assert largest.person == name
        assert largest.confidence > 0.9
        first, second, *_ = largest.candidates
        assert (first.person, first.distance <= largest.threshold) == (name, True)
        assert largest.margin == pytest.approx(first.confidence - second.confidence)
        assert {Path(exemplar.photo).parent.name for exemplar in first.exemplars} == {name}
        assert [e.distance for e in first.exemplars] == sorted(e.distance for e in first.exemplars)
        assert len(first.exemplars) == min(3, PEOPLE[name])


@pytest.mark.parametrize("method", METHODS)
def test_strangers_are_nobody(known: faceindex.Library, shared_data: Path, method: str) -> None:
    for name in ("elon", "putin"):
        for face in known.identify(photos(shared_data / "album" / name)[0], method=method, threshold=0.9):
            assert face.person is None
            assert face.confidence > 0.5
            assert len(face.candidates) == len(PEOPLE)


def test_the_threshold_decides_who_is_unknown(known: faceindex.Library, shared_data: Path) -> None:
    photo = photos(shared_data / "album" / "lhl")[6]
    face = max(known.identify(photo), key=lambda face: face.box.area)
    nearest = face.candidates[0].distance
    for threshold, person in ((nearest, "lhl"), (nearest - 1e-6, None)):
        again = max(known.identify(photo, threshold=threshold), key=lambda face: face.box.area)
        assert again.person == person


def test_without_names_and_with_an_unknown_method_it_says_what_to_do(
    known: faceindex.Library, small_library: faceindex.Library, many_photos: Path
) -> None:
    with pytest.raises(UsageError, match="nobody in the library has a name; `faceindex people name"):
        small_library.identify(many_photos / "00.jpg")
    with pytest.raises(UsageError, match="no method is called guess; there are vote, nearest, svm"):
        known.identify(many_photos / "00.jpg", method="guess")
