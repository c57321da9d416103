"""Paths are compared byte by byte, and each face has the first path of its photo."""

from __future__ import annotations

from made_library import MadeLibrary

from faceindex.store.photos.photo_paths import paths_between, paths_of_faces
from faceindex.types import Box

BOX = Box(100, 100, 100, 100)


def test_paths_between_two_are_those_that_begin_alike(made: MadeLibrary) -> None:
    for number, path in enumerate(("/x/IMG.dng", "/x/IMG.nef", "/x/IMG/1.jpg", "/x/IMG2.dng", "/x/IMA.dng")):
        made.store(f"{number}", [], path=path)
    found = paths_between(made.folder.catalog.connection, "/x/IMG.", "/x/IMG/")
    assert [path for path, _ in found] == ["/x/IMG.dng", "/x/IMG.nef"]


def test_a_face_has_the_first_path_of_its_photo_and_one_that_is_not_here_has_none(made: MadeLibrary) -> None:
    made.store("a", [BOX], path="/b.jpg")
    made.store("a", [BOX], path="/a.jpg")
    assert paths_of_faces(made.folder.catalog.connection, [1, 99]) == {1: "/a.jpg"}
