"""Which face of an edited photo is which."""

from __future__ import annotations

import pytest
from made_albums import make_albums
from made_library import MadeLibrary

from faceindex.journal.acts import NAME
from faceindex.store.photos.matching_by_box import FormerFace, match_by_box, resized
from faceindex.types import Box

A, B = Box(100, 100, 100, 100), Box(400, 100, 100, 100)


def test_faces_that_overlap_by_half_are_the_same_and_others_are_new() -> None:
    former = [FormerFace(7, A), FormerFace(8, B)]
    assert match_by_box([A, B], former) == [7, 8]
    assert match_by_box([B, A], former) == [8, 7]
    assert match_by_box([Box(133, 100, 100, 100)], former) == [7]  # 67 / 133
    assert match_by_box([Box(134, 100, 100, 100)], former) == [None]  # 66 / 134
    assert match_by_box([], former) == []
    assert match_by_box([A], []) == [None]


def test_a_former_face_is_one_face_only_and_goes_to_the_one_that_overlaps_most() -> None:
    near, nearer = Box(120, 100, 100, 100), Box(110, 100, 100, 100)
    assert match_by_box([near, nearer], [FormerFace(7, A)]) == [None, 7]
    assert match_by_box([nearer], [FormerFace(7, near), FormerFace(8, Box(111, 100, 100, 100))]) == [8]


@pytest.mark.parametrize(
    ("then", "now", "factor"),
    [
        ((4000, 3000), (2000, 1500), 0.5),
        ((4000, 3000), (4000, 3000), 1),
        ((1000, 667), (2000, 1333), 2),
        ((4000, 3000), (3000, 3000), 1),  # cropped: boxes are where they were, or nowhere
        ((4000, 3000), (3000, 4000), 1),
    ],
)
def test_a_photo_was_resized_when_its_shape_is_the_same(
    then: tuple[int, int], now: tuple[int, int], factor: float
) -> None:
    assert resized(then, now) == pytest.approx(factor)


def test_edited_photo_keeps_the_ids_of_faces_that_are_still_there(made: MadeLibrary) -> None:
    made.store("before", [A, B], path="/a.jpg", people=[0, 1])
    first, second = made.faces()
    after = [Box(105, 95, 100, 100), Box(700, 700, 50, 50)]
    assert made.store("after", after, path="/a.jpg", people=[0, 2]) == 1
    faces = made.faces()
    assert set(faces) == {first, 3}
    assert faces[first].box == Box(105, 95, 100, 100)
    assert second not in faces
    assert made.holds_what_was_stored()


def test_photo_made_smaller_keeps_the_ids_of_its_faces(made: MadeLibrary) -> None:
    made.store("large", [A, B], path="/a.jpg", people=[0, 1])
    made.store("small", [Box(50, 50, 50, 50), Box(200, 50, 50, 50)], path="/a.jpg", size=(500, 500), people=[0, 1])
    assert sorted(made.faces()) == [1, 2]
    assert made.holds_what_was_stored()


def test_copy_of_a_photo_that_stays_elsewhere_gets_ids_of_its_own_when_it_is_edited(made: MadeLibrary) -> None:
    made.store("before", [A], path="/a.jpg")
    with made.folder.writer() as writer:
        rows = writer.catalog.connection
        rows.execute("INSERT INTO paths VALUES (CAST('/copy.jpg' AS BLOB), 1, 1, 1, 1)")
    made.store("after", [A], path="/copy.jpg")
    assert sorted(made.faces()) == [1, 2]


def test_albums_and_names_stay_with_a_face_over_an_edit(made: MadeLibrary) -> None:
    from faceindex.store.journal.names import decide

    made.store("before", [A, B], path="/a.jpg", people=[0, 1])
    make_albums(made.folder, {4: [1, 2]})
    with made.folder.decisions() as catalog, catalog.transaction() as transaction:
        decide(transaction, NAME, [1], "Ada")
    made.store("after", [A], path="/a.jpg", people=[0])
    face = made.only_face()
    assert (face.face, face.album, face.person) == (1, 4, "Ada")
