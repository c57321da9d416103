"""Searches with faces of the library, of photos and of people, among the faces that are meant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import faceindex
from faceindex.errors import NoFaceFound, UsageError
from faceindex.types import Box, ProbeFace

PHOTOS = "lhl/LHL_2.jpg", "lhl/LHL_4.jpg"
ANY = 10.0


@pytest.fixture(scope="module")
def named(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[faceindex.Library]:
    """The photos of three people; two faces of lhl and all of obama have their names."""
    with faceindex.Library(tmp_path_factory.mktemp("named") / "x.faces") as library:
        library.ingest([shared_data / "album" / name for name in ("lhl", "obama", "jack")], workers=1)
        faces = list(library.faces)
        for photo in ("LHL_0.jpg", "LHL_1.png"):
            own = max((face for face in faces if Path(face.photo).name == photo), key=lambda face: face.box.area)
            library.people.name("Hsien Loong", face=own.face)
        for face in faces:
            if "obama" in face.photo:
                library.people.name("Barack", face=face.face)
        yield library


def folders(answer: ProbeFace) -> list[str]:
    return [Path(match.photo).parent.name for match in answer.matches]


def test_a_face_of_the_library_finds_its_person_and_never_itself(named: faceindex.Library) -> None:
    face = next(face for face in named.faces if "lhl" in face.photo)
    (probe,) = named.faces.probes(face=face.face)
    answer = named.faces.matches(probe, k=3, threshold=1.1)
    assert folders(answer) == ["lhl"] * 3
    assert face.face not in [match.face for match in answer.matches]
    assert (answer.box, probe.photo) == (face.box, face.photo)
    everything = named.faces.matches(probe, k=1000, threshold=ANY)
    assert len(everything.matches) == named.status().faces - 1


def test_a_person_is_searched_with_all_faces_and_finds_those_without_a_name(named: faceindex.Library) -> None:
    (probe,) = named.faces.probes(person="Hsien  Loong")
    assert len(probe.faces) == 2
    answer = named.faces.matches(probe, unnamed=True, k=3, threshold=1.1)
    assert folders(answer) == ["lhl"] * 3
    assert {match.person for match in answer.matches} == {None}
    everything = named.faces.matches(probe, k=1000, threshold=ANY, unnamed=True)
    unnamed = {face.face for face in named.faces if face.person is None}
    assert {match.face for match in everything.matches} == unnamed


def test_an_album_finds_faces_outside_of_it(named: faceindex.Library) -> None:
    named.cluster(threshold=0.8)
    album = next(iter(named.albums))
    inside = {face.face for face in named.albums.faces(album.album, limit=None)}
    (probe,) = named.faces.probes(album=album.album)
    found = {match.face for match in named.faces.matches(probe, k=1000, threshold=ANY).matches}
    assert found == {face.face for face in named.faces} - inside


def test_photos_of_one_person_are_one_probe_nearer_than_either(named: faceindex.Library, shared_data: Path) -> None:
    images = [shared_data / "album" / name for name in PHOTOS]
    (probe,) = named.faces.probes(images, same_person=True)
    own = {str(image) for image in images}

    def distances(answer: ProbeFace) -> dict[int, float]:
        return {m.face: m.distance for m in answer.matches if "lhl" in m.photo and m.photo not in own}

    together = distances(named.faces.matches(probe, k=100, threshold=1.1))
    alone = [distances(named.faces.matches(single, k=100, threshold=ANY)) for single in named.faces.probes(images)]
    assert len(together) >= 2
    assert np.mean(list(together.values())) < min(np.mean([one[face] for face in together]) for one in alone)


def test_a_box_chooses_the_face_of_a_photo_stored_or_not(
    named: faceindex.Library, shared_data: Path, tmp_path: Path
) -> None:
    face = next(face for face in named.faces if "obama" in face.photo)
    near = Box(face.box.x + 5, face.box.y - 5, face.box.width, face.box.height + 8)
    (stored,) = named.faces.probes([face.photo], box=near)
    assert stored.faces == (face.face,)
    copy = tmp_path / "copy.png"
    copy.write_bytes(Path(face.photo).read_bytes())
    (found,) = named.faces.probes([copy], box=near)
    assert found.faces == ()
    assert found.box == face.box
    assert named.faces.matches(found, k=1).matches[0].face == face.face
    for photo in (face.photo, copy):
        with pytest.raises(UsageError, match=r"no face at \[0, 0, 2, 2\] in"):
            named.faces.probes([photo], box=Box(0, 0, 2, 2))


def test_matches_are_grouped_by_person_and_by_photo(named: faceindex.Library) -> None:
    face = next(face for face in named.faces if "obama" in face.photo)
    (probe,) = named.faces.probes(face=face.face)
    by_person = named.faces.matches(probe, k=1000, threshold=ANY, group_by="person").matches
    assert sorted(m.person for m in by_person if m.person) == ["Barack", "Hsien Loong"]
    assert sum(m.person is None for m in by_person) == sum(f.person is None for f in named.faces)
    by_photo = named.faces.matches(probe, k=1000, threshold=ANY, group_by="photo").matches
    others = {f.photo for f in named.faces if f.face != face.face}
    assert sorted(m.photo for m in by_photo) == sorted(others)
    few = named.faces.matches(probe, k=2, threshold=ANY, group_by="person").matches
    assert few == by_person[:2]
    with pytest.raises(UsageError, match="grouped by colour"):
        named.faces.matches(probe, group_by="colour")


def test_matches_are_among_the_photos_that_are_meant(named: faceindex.Library, shared_data: Path) -> None:
    (probe,) = named.faces.probes(person="Barack")
    under = faceindex.Selection(under=str(shared_data.absolute() / "album" / "jack"))
    answer = named.faces.matches(probe, k=5, threshold=ANY, among=under)
    assert set(folders(answer)) == {"jack"}
    dated = {photo.path for photo in named.photos if photo.taken and photo.taken[:4] == "2016"}
    of_2016 = named.faces.matches(probe, k=1000, threshold=ANY, among=faceindex.Selection(first="2016", last="2016"))
    assert {match.photo for match in of_2016.matches} <= dated


def test_wrong_probes_are_usage_errors(named: faceindex.Library, shared_data: Path, many_photos: Path) -> None:
    photo = shared_data / "album" / PHOTOS[0]
    with pytest.raises(UsageError, match="search with photos, or with one of"):
        named.faces.probes()
    with pytest.raises(UsageError, match="search with photos, or with one of"):
        named.faces.probes([photo], person="Barack")
    with pytest.raises(UsageError, match="--box chooses a face of one photo"):
        named.faces.probes([photo, photo], box=Box(0, 0, 9, 9))
    with pytest.raises(UsageError, match="nobody is called Zoe"):
        named.faces.probes(person="Zoe")
    with pytest.raises(UsageError, match="no face 4711"):
        named.faces.probes(face=4711)
    with pytest.raises(NoFaceFound):
        named.faces.probes([photo, many_photos / "nothing-0.png"], same_person=True)
