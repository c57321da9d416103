"""A person's id is the same whatever becomes of the name."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from people_library import drawn_people, store_vectors

import faceindex
from faceindex.errors import UsageError


@pytest.fixture
def library(tmp_path: Path) -> Iterator[faceindex.Library]:
    """Faces 1 to 4, 5 to 8 and 9 to 12, in albums."""
    store_vectors(tmp_path / "x.faces", drawn_people([0] * 4 + [1] * 4 + [2] * 4))
    with faceindex.Library(tmp_path / "x.faces", create=False) as opened:
        opened.cluster(threshold=0.6)
        yield opened


def ids(library: faceindex.Library) -> dict[str, str]:
    return {person.person: person.id for person in library.people.list(hidden=True, limit=None)}


def test_everybody_has_an_id_of_their_own_wherever_people_are_listed(library: faceindex.Library) -> None:
    for face, name in ((1, "Ada"), (5, "Grace"), (9, "Mary")):
        library.people.name(name, face=face)
    found = ids(library)
    assert len(set(found.values())) == 3
    assert all(len(number) == 10 and number.isalnum() for number in found.values())
    assert found == {one.person: one.id for one in library.people} == {n: library.people.get(n).id for n in found}


def test_an_id_stays_over_renames_that_are_taken_back_and_done_again(library: faceindex.Library) -> None:
    library.people.name("Ada", face=1)
    number = ids(library)["Ada"]
    library.people.rename("Ada", "Augusta")
    last = library.people.rename("Augusta", "Countess of Lovelace")
    assert ids(library) == {"Countess of Lovelace": number}
    library.history.undo(last.act)
    assert ids(library) == {"Augusta": number}
    library.history.undo(library.history.undo().act)  # the undo is undone, and then the rename again
    library.history.undo(2)
    assert ids(library) == {"Ada": number}


def test_whoever_is_called_next_what_somebody_was_called_is_somebody_else(library: faceindex.Library) -> None:
    library.people.name("Ada", face=1)
    number = ids(library)["Ada"]
    library.people.rename("Ada", "Augusta")
    library.people.name("Ada", face=5)
    found = ids(library)
    assert found["Augusta"] == number != found["Ada"]


def test_of_two_who_become_one_the_one_whose_name_stays_keeps_the_id_and_both_ids_mean_both(
    library: faceindex.Library,
) -> None:
    library.people.name("Ada", face=1)
    library.people.name("Augusta", face=2)
    before = ids(library)
    merged = library.people.rename("Ada", "Augusta", merge=True)
    assert ids(library) == {"Augusta": before["Augusta"]}
    assert library.people.get(f"id:{before['Ada']}").person == "Augusta"
    library.history.undo(merged.act)
    assert ids(library) == before
    assert library.people.get(f"id:{before['Ada']}").person == "Ada"


def test_a_name_that_is_taken_back_and_given_again_has_its_id_again(library: faceindex.Library) -> None:
    first = library.people.name("Ada", face=1)
    number = ids(library)["Ada"]
    undone = library.history.undo(first.act)
    assert ids(library) == {}
    with pytest.raises(UsageError, match=f"nobody has the id {number}"):
        library.people.get(f"id:{number}")
    library.history.undo(undone.act)
    assert ids(library) == {"Ada": number}
    library.people.name("Grace", face=1)
    library.people.name("Ada", face=6)
    assert ids(library)["Ada"] == number != ids(library)["Grace"]


def test_an_id_stays_when_faces_are_grouped_anew(library: faceindex.Library) -> None:
    library.people.name("Ada", album=1)
    before = ids(library)
    library.cluster(rebuild=True, threshold=0.1)
    library.cluster(rebuild=True, threshold=0.6)
    assert ids(library) == before


def test_an_id_is_as_good_as_a_name(library: faceindex.Library) -> None:
    library.people.name("Ada", face=1)
    meant = f"id:{ids(library)['Ada']}"
    library.people.name(meant, face=2)
    assert {face.person for face in map(library.faces.get, (1, 2))} == {"Ada"}
    assert len([*library.photos.find(faceindex.Selection(shows=(meant,)))]) == 4  # with those of the album
    assert library.faces.probes(person=meant)
    library.people.hide(meant)
    assert [person.hidden for person in library.people.list(hidden=True)] == [True]
    library.people.unhide(meant)
    library.people.rename(meant, "Augusta")
    assert library.people.get(meant).person == "Augusta"
    with pytest.raises(UsageError, match="reads as the id of a person"):
        library.people.rename("Augusta", meant)
    assert library.people.forget(meant).faces == 4
    assert ids(library) == {}


def test_an_export_carries_ids_into_a_new_library_and_into_one_that_has_its_own(
    library: faceindex.Library, tmp_path: Path
) -> None:
    library.people.name("Ada", face=1)
    library.people.name("Grace", face=5)
    library.people.rename("Grace", "Admiral Hopper")
    library.export(tmp_path / "x.h5", form="hdf5")
    with faceindex.Library(tmp_path / "new.faces", recipe="dlib") as new:
        new.import_(tmp_path / "x.h5")
        assert ids(new) == ids(library)
    store_vectors(tmp_path / "other.faces", drawn_people([7], seed=3), prefix="other")
    with faceindex.Library(tmp_path / "other.faces") as other:
        other.people.name("Ada", face=1)
        own = ids(other)["Ada"]
        other.import_(tmp_path / "x.h5")
        assert ids(other) == {"Ada": own, "Admiral Hopper": ids(library)["Admiral Hopper"]}


def test_a_library_of_an_older_schema_gives_ids_that_stay_when_it_is_migrated(tmp_path: Path) -> None:
    frozen = Path(__file__).parents[1] / "store" / "frozen" / "schema_11.tar.xz"  # before there were ids
    with tarfile.open(frozen) as archive:
        archive.extractall(tmp_path, filter="data")
    path = tmp_path / "schema_11"
    for entry in (path, *path.rglob("*")):
        entry.chmod(0o700 if entry.is_dir() else 0o600)
    with faceindex.Library(path, create=False) as opened:
        read = ids(opened)
        assert list(read) == ["Eileen Collins"]
        opened.people.name("Mary", face=2)
        assert ids(opened)["Eileen Collins"] == read["Eileen Collins"]


def test_of_a_person_who_is_forgotten_no_name_is_left(library: faceindex.Library) -> None:
    library.people.name("Ada Lovelace", face=1)
    library.people.rename("Ada Lovelace", "Augusta")
    library.people.forget("Augusta")
    left = b"".join(file.read_bytes() for file in library.path.rglob("*") if file.is_file())
    assert b"Lovelace" not in left
    assert b"Augusta" not in left
