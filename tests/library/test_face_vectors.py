"""`library.faces.vectors`: the vectors of many faces as one matrix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from people_library import drawn_people, store_vectors

import faceindex
from faceindex.errors import UsageError

DRAWN = drawn_people([0] * 40 + [1] * 20)


@pytest.fixture
def library(tmp_path: Path) -> faceindex.Library:
    """Faces 1 to 60 in several segments."""
    for part in range(3):
        store_vectors(tmp_path / "x.faces", DRAWN[part * 20 : part * 20 + 20], prefix=f"part{part}")
    return faceindex.Library(tmp_path / "x.faces", create=False)


def test_all_faces_are_one_matrix_with_their_ids(library: faceindex.Library) -> None:
    ids, vectors = library.faces.vectors()
    assert (ids.dtype.name, vectors.dtype.name, vectors.shape) == ("int64", "float32", (60, 128))
    assert ids.tolist() == list(range(1, 61))
    np.testing.assert_array_equal(vectors, DRAWN)


@pytest.mark.parametrize("chosen", [[60], [41, 3, 3, 59, 1], list(range(60, 0, -1)), np.arange(5, 45)])
def test_chosen_faces_come_in_the_order_they_were_asked_for(library: faceindex.Library, chosen: list[int]) -> None:
    ids, vectors = library.faces.vectors(chosen)
    assert ids.tolist() == list(chosen)
    np.testing.assert_array_equal(vectors, DRAWN[np.array(chosen) - 1])


def test_no_face_is_an_empty_matrix_and_an_iterator_will_do(library: faceindex.Library) -> None:
    ids, vectors = library.faces.vectors([])
    assert (ids.shape, vectors.shape) == ((0,), (0, 128))
    ids, vectors = library.faces.vectors(face.face for face in library.faces if face.face > 58)
    np.testing.assert_array_equal(vectors, DRAWN[58:])


def test_a_face_that_is_not_there_is_named_and_what_is_no_id_refused(library: faceindex.Library) -> None:
    library.photos.remove("/part1-00001.jpg")
    with pytest.raises(UsageError, match=r"no face 22 with a vector in .*x\.faces"):
        library.faces.vectors([1, 22, 999])
    assert library.faces.vectors()[1].shape == (59, 128)
    for wrong in ([1.5], [[1, 2]], ["1"]):
        with pytest.raises(UsageError, match="ids of faces are integers"):
            library.faces.vectors(wrong)


def test_photos_of_faces_are_those_of_the_faces_themselves(small_library: faceindex.Library) -> None:
    ids = [face.face for face in small_library.faces][::2]
    expected = {face: small_library.faces.get(face).photo for face in ids}
    assert small_library.faces.photos([*ids, 10**9]) == expected != {}
