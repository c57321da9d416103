"""Which faces of an edited photo are which: by vectors, and by places where these leave it open."""

from __future__ import annotations

import numpy as np
import pytest
from made_library import MadeLibrary

from faceindex.journal.acts import NAME
from faceindex.photos.finding.entries import FoundFile
from faceindex.store.journal.names import decide
from faceindex.store.photos.lost import lost_faces
from faceindex.store.photos.matching_by_box import FormerFace
from faceindex.store.photos.matching_by_vector import MARGIN, SURE, match_by_vector
from faceindex.store.photos.same_picture import movement, points_of
from faceindex.store.writer import Batch
from faceindex.types import Box, Face, Vectors

A, B, C = Box(100, 100, 100, 100), Box(400, 120, 100, 100), Box(700, 90, 100, 100)
POINTS = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], dtype=np.float32)


def vector(*coordinates: float) -> Vectors:
    made = np.zeros(128, dtype=np.float32)
    made[: len(coordinates)] = coordinates
    return made


def landmarks(box: Box) -> Vectors:
    return np.array([box.x, box.y], dtype=np.float32) + POINTS * np.array([box.width, box.height], dtype=np.float32)


def face(box: Box, *coordinates: float) -> Face:
    return Face(box, 0.9, landmarks(box), vector(*coordinates), 0.9)


def former(number: int, box: Box, *coordinates: float) -> FormerFace:
    return FormerFace(number, box, vector(*coordinates), landmarks(box))


def moved(box: Box, x: int, y: int) -> Box:
    return Box(box.x + x, box.y + y, box.width, box.height)


def test_a_face_is_known_by_its_vector_wherever_it_is_and_another_at_its_place_is_not() -> None:
    found = match_by_vector([face(A, 0, 3), face(C, 0.1)], [former(7, A, 0.0)], threshold=1.0)
    assert found.same == [None, 7]
    assert found.unsure == {}
    assert match_by_vector([face(A, 3)], [former(7, A, 0.0)], threshold=1.0).same == [None]


def test_faces_are_told_in_parts_of_the_recipes_threshold() -> None:
    for threshold in (0.6, 1.14):
        near, far = [match_by_vector([face(C, part * threshold)], [former(7, A)], threshold) for part in (0.55, 0.8)]
        assert (near.same, near.unsure) == ([7], {})
        assert far.same == [None]
        ((place, distance),) = far.unsure.values()
        assert place == 0
        assert distance == pytest.approx(0.8 * threshold)


def test_two_that_resemble_each_other_are_asked_about_unless_their_places_tell() -> None:
    alike = [former(7, A, 0.0), former(8, B, 0, MARGIN / 2)]
    apart = match_by_vector([face(moved(A, 500, 300), 0.1), face(moved(B, 500, 300), 0.1, MARGIN / 2)], alike, 1.0)
    assert (apart.same, set(apart.unsure)) == ([None, None], {7, 8})
    in_place = match_by_vector([face(A, 0.1), face(B, 0.1, MARGIN / 2)], alike, 1.0)
    assert (in_place.same, in_place.unsure) == ([7, 8], {})


def test_each_face_is_one_face_only_and_all_together_are_nearest() -> None:
    first, second = former(7, A, 0.0), former(8, B, 0.7)
    found = match_by_vector([face(C, 0.35), face(moved(C, 0, 400), 1.5)], [first, second], threshold=1.0)
    assert found.same == [None, None]
    assert {face: place for face, (place, _) in found.unsure.items()} == {7: 0, 8: 1}


def test_where_other_faces_say_that_the_picture_moved_a_face_further_away_is_the_same_at_its_place() -> None:
    before = [former(7, A, 0.0), former(8, B, 5.0), former(9, C, 0, 5)]
    shifted = [face(moved(A, -60, 30), 0.1), face(moved(B, -60, 30), 5.1), face(moved(C, -60, 30), 0, 5.9)]
    assert match_by_vector(shifted, before, threshold=1.0).same == [7, 8, 9]
    elsewhere = [*shifted[:2], face(moved(C, 60, 300), 0, 5.85)]
    found = match_by_vector(elsewhere, before, threshold=1.0)
    assert (found.same, set(found.unsure)) == ([7, 8, None], {9})
    stranger = [*shifted[:2], face(moved(C, -60, 30), 0, 6.3)]
    assert match_by_vector(stranger, before, threshold=1.0).unsure == {}


def test_a_face_without_a_vector_is_asked_about_at_its_place() -> None:
    lost = FormerFace(7, A, None, landmarks(A))
    assert match_by_vector([face(A, 1.0)], [lost], threshold=1.0).unsure == {7: (0, None)}
    assert match_by_vector([face(C, 1.0)], [lost], threshold=1.0).unsure == {}
    small = Box(50, 50, 50, 50)
    assert match_by_vector([face(small, 1.0)], [lost], threshold=1.0, zoom=0.5).unsure == {7: (0, None)}


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 8, 90])
def test_movement_of_faces_is_found_from_one_of_them(degrees: float, mirrored: bool) -> None:
    turn = np.exp(1j * np.radians(degrees))
    before = points_of(A, landmarks(A))
    after = 1.5 * turn * (before.conj()[[1, 0, 2, 4, 3]] if mirrored else before) + (30 - 20j)
    way = movement([(before, after, 100.0)])
    assert way is not None
    middle = complex(750, 140)
    expected = 1.5 * turn * (middle.conjugate() if mirrored else middle) + (30 - 20j)
    there = way.of(C)
    assert abs(complex(there.x + there.width / 2, there.y + there.height / 2) - expected) < 1
    assert there.width == 150


def test_faces_of_another_picture_have_no_movement() -> None:
    places = [(A, moved(A, 300, 0)), (B, moved(B, -200, 100)), (C, moved(C, 0, 300))]
    pairs = [(points_of(one, landmarks(one)), points_of(other, landmarks(other)), 100.0) for one, other in places]
    assert movement(pairs) is None
    assert movement([]) is None
    assert SURE > 0


def test_lost_faces_wait_with_the_photo_and_come_back_under_their_id(made: MadeLibrary) -> None:
    made.store("whole", [A, B], path="/a.jpg", people=[0, 1])
    with made.folder.decisions() as catalog, catalog.transaction() as transaction:
        decide(transaction, NAME, [1], "Ada")
    made.store("cropped", [B], path="/a.jpg", people=[1])
    (lost,) = lost_faces(made.folder.catalog)
    assert (lost.face, lost.person, lost.photo, lost.candidate) == (1, "Ada", "/a.jpg", None)
    made.store("cropped again", [B, C], path="/a.jpg", people=[1, 2])
    assert len(lost_faces(made.folder.catalog)) == 1
    made.store("cropped less", [moved(A, 40, 0), B], path="/a.jpg", people=[0, 1])
    assert lost_faces(made.folder.catalog) == []
    assert {number: record.person for number, record in made.faces().items()} == {1: "Ada", 2: None}
    assert made.holds_what_was_stored()


def test_lost_face_waits_for_the_former_content_too(made: MadeLibrary) -> None:
    made.store("before", [A], path="/a.jpg", people=[0])
    with made.folder.decisions() as catalog, catalog.transaction() as transaction:
        decide(transaction, NAME, [1], "Ada")
    made.store("after", [A], path="/a.jpg", people=[1])
    assert {record.person for record in made.faces().values()} == {None}
    made.store("before", [A], path="/elsewhere.jpg", people=[0])
    assert made.faces()[1].person == "Ada"
    assert lost_faces(made.folder.catalog) == []
    with made.folder.writer() as writer:
        writer.remove_paths(["/a.jpg", "/elsewhere.jpg"])
        assert writer.catalog.connection.execute("SELECT COUNT(*) FROM lost_faces").fetchone() == (0,)


def test_edited_copy_that_was_known_already_takes_the_path_and_the_names_are_asked(made: MadeLibrary) -> None:
    made.store("original", [A, B], path="/a.jpg", people=[0, 1])
    made.store("edited", [moved(A, -50, 0), moved(B, -50, 0)], path="/a-edited.jpg", people=[0, 1])
    with made.folder.decisions() as catalog, catalog.transaction() as transaction:
        decide(transaction, NAME, [1], "Ada")
        decide(transaction, NAME, [2], "Bob")
        decide(transaction, NAME, [4], "Bob")
    with made.folder.writer() as writer:
        photo = writer.catalog.photo_with(b"edited") or 0
        writer.commit(Batch(names=[(photo, FoundFile("/a.jpg", 1, 2, False))], removed=["/a-edited.jpg"]))
        assert writer.lost == {1, 2}
    (lost,) = lost_faces(made.folder.catalog)  # the other one has its name already
    assert (lost.face, lost.person, lost.photo, lost.candidate) == (1, "Ada", "/a.jpg", 3)
    assert {number: record.person for number, record in made.faces().items()} == {3: None, 4: "Bob"}


def test_in_a_photo_that_was_resized_a_face_further_away_is_asked_about_at_its_place() -> None:
    small = Box(50, 50, 50, 50)
    assert match_by_vector([face(small, 1.15)], [former(7, A, 0.0)], threshold=1.0, zoom=0.5).unsure.keys() == {7}
    assert match_by_vector([face(A, 1.15)], [former(7, A, 0.0)], threshold=1.0).unsure == {}
    assert match_by_vector([face(small, 1.25)], [former(7, A, 0.0)], threshold=1.0, zoom=0.5).unsure == {}
