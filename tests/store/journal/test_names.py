"""Names: what was said last holds, and is not lost with the photo."""

from __future__ import annotations

from made_albums import make_albums
from made_library import MadeLibrary

from faceindex.journal.acts import NAME, UNNAME
from faceindex.store.journal.names import decide
from faceindex.types import Box

A, B = Box(100, 100, 100, 100), Box(400, 100, 100, 100)


def say(made: MadeLibrary, kind: str, faces: list[int], person: str | None = None) -> None:
    with made.folder.decisions() as catalog, catalog.transaction() as transaction:
        decide(transaction, kind, faces, person)


def named(made: MadeLibrary) -> dict[int, str]:
    return {face: record.person for face, record in made.faces().items() if record.person}


def test_the_last_decision_about_a_face_holds(made: MadeLibrary) -> None:
    made.store("a", [A, B])
    say(made, NAME, [1, 2], "Ada")
    say(made, NAME, [2], "Grace")
    assert named(made) == {1: "Ada", 2: "Grace"}
    say(made, UNNAME, [1])
    assert named(made) == {2: "Grace"}
    assert [(person.person, person.faces) for person in made.folder.catalog.people()] == [("Grace", 1)]


def test_name_comes_back_with_a_photo_that_was_removed(made: MadeLibrary) -> None:
    made.store("a", [A, B])
    say(made, NAME, [2], "Ada")
    with made.folder.writer() as writer:
        writer.remove_paths(["/a.jpg"])
    assert named(made) == {}
    assert made.store("a", [B, A], path="/elsewhere.jpg") == 1
    assert named(made) == {2: "Ada"}
    assert made.faces()[2].box == B


def test_name_follows_a_photo_that_was_edited_and_then_removed(made: MadeLibrary) -> None:
    made.store("a", [A], people=[0])
    say(made, NAME, [1], "Ada")
    made.store("edited", [Box(110, 100, 100, 100)], path="/a.jpg", people=[0])
    with made.folder.writer() as writer:
        writer.remove_paths(["/a.jpg"])
    made.store("edited", [Box(110, 100, 100, 100)])
    assert named(made) == {1: "Ada"}


def test_faces_that_nobody_decided_about_get_new_ids_when_their_photo_comes_back(made: MadeLibrary) -> None:
    made.store("a", [A])
    with made.folder.writer() as writer:
        writer.remove_paths(["/a.jpg"])
    made.store("a", [A])
    assert list(made.faces()) == [2]


def test_album_has_the_name_that_most_of_its_named_faces_have(made: MadeLibrary) -> None:
    made.store_all({name: [A, B] for name in "abc"})
    make_albums(made.folder, {1: [1, 2, 3, 4], 2: [5, 6]})
    say(made, NAME, [1], "Zoe")
    say(made, NAME, [2, 3], "Ada")
    assert [(album.album, album.person) for album in made.folder.catalog.albums()] == [(1, "Ada"), (2, None)]
