"""A labelled folder: whose face counts, and nothing that is lost without being counted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceindex.errors import UsageError
from faceindex.evaluation.folds import half_of
from faceindex.evaluation.labelled import LabelledFaces, evaluation_library, ingest_labelled, labelled_faces
from faceindex.faces.recipe import recipe
from faceindex.running.meter import Meter
from faceindex.store.folder import LibraryFolder
from faceindex.types import Progress


@pytest.fixture
def library(kept: Path) -> Iterator[LibraryFolder]:
    with evaluation_library(recipe(), kept) as folder:
        yield folder


@pytest.fixture
def faces(library: LibraryFolder, labelled_photos: Path) -> LabelledFaces:
    return labelled_faces(library, labelled_photos)


def test_every_photo_is_a_row_or_counted_as_without_a_face(faces: LabelledFaces) -> None:
    assert faces.names == ("Abdullah_Gul", "Adel_Al-Jubeir", "Adrien_Brody", "Al_Pacino", "Nobody")
    assert [Path(photo).name for photo in faces.without_face] == ["Nobody_0001.png"]
    assert [Path(failure.path).name for failure in faces.failed] == ["Nobody_0002.jpg"]
    assert "truncated" in faces.failed[0].error
    assert [faces.names[person] for person in faces.faceless] == ["Nobody", "Nobody"]
    assert (len(faces.photos), faces.seen, faces.copies) == (12, 14, 1)
    assert [faces.names[person] for person in faces.people] == [Path(photo).parent.name for photo in faces.photos]
    assert faces.vectors.shape == (12, 128)
    assert faces.scores.shape == (12,)


def test_photos_are_found_by_person_and_name_copies_too(faces: LabelledFaces) -> None:
    assert faces.rows["Al_Pacino/Al_Pacino_0004"] == faces.rows["Al_Pacino/Al_Pacino_0001"]
    assert faces.rows["Nobody/Nobody_0001"] is None
    assert faces.rows["Nobody/Nobody_0002"] is None
    row = faces.rows["Adrien_Brody/Adrien_Brody_0002"]
    assert row is not None
    assert faces.photos[row].endswith("Adrien_Brody_0002.jpg")
    assert len(faces.rows) == 15  # 12 photos with a face, a copy and two without


def test_people_are_told_apart(faces: LabelledFaces) -> None:
    apart = np.linalg.norm(faces.vectors[:, None] - faces.vectors[None], axis=2)
    same = faces.people[:, None] == faces.people[None]
    assert np.median(apart[same & ~np.eye(12, dtype=bool)]) < recipe().match_threshold < apart[~same].min()


def test_of_several_faces_the_one_in_the_middle_counts(
    faces: LabelledFaces, labelled_photos: Path, tmp_path: Path
) -> None:
    names = ("Adel_Al-Jubeir", "Al_Pacino", "Adrien_Brody")
    three = Image.new("RGB", (750, 250))
    for place, name in enumerate(names):
        three.paste(Image.open(labelled_photos / name / f"{name}_0001.jpg"), (250 * place, 0))
    (tmp_path / "photos" / "Group").mkdir(parents=True)
    three.save(tmp_path / "photos" / "Group" / "three.png")
    with evaluation_library(recipe(), tmp_path / "kept") as library:
        found = ingest_labelled(library, tmp_path / "photos", workers=1)
        assert library.catalog.counts()["faces"] == 3
    nearest = int(np.argmin(np.linalg.norm(faces.vectors - found.vectors[0], axis=1)))
    assert nearest == faces.rows["Al_Pacino/Al_Pacino_0001"]


def test_halves_part_the_people(library: LibraryFolder, labelled_photos: Path, faces: LabelledFaces) -> None:
    halves = [labelled_faces(library, labelled_photos, half=half) for half in ("a", "b")]
    assert sorted(halves[0].names + halves[1].names) == list(faces.names)
    assert sum(half.seen for half in halves) == faces.seen
    assert all(half_of(name) == half for each, half in zip(halves, "ab", strict=True) for name in each.names)


def test_a_kept_library_is_resumed(library: LibraryFolder, labelled_photos: Path) -> None:
    seen: list[Progress] = []
    ingest_labelled(library, labelled_photos, meter=Meter(seen.append))
    assert seen[-1].done == 16  # and the one that lies beside the people
    assert seen[-1].faces == 0  # none is new


def test_a_temporary_library_is_gone_afterwards() -> None:
    with evaluation_library(recipe()) as library:
        assert not library.path.exists()
        with library.writer():
            parent = library.path.parent
    assert not parent.exists()


def test_a_missing_place_for_a_temporary_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null/tmp")
    with pytest.raises(UsageError, match="--keep or TMPDIR"), evaluation_library(recipe()):
        pass


def test_each_recipe_has_its_own_kept_library(tmp_path: Path) -> None:
    shaken = recipe("dlib", jitter=2)
    with evaluation_library(recipe("dlib-raw"), tmp_path) as a, evaluation_library(shaken, tmp_path) as b:
        assert (a.path.name, b.path.name) == ("dlib-raw.faces", "dlib,jitter=2.faces")


def test_folders_without_people_are_refused(tmp_path: Path, many_photos: Path) -> None:
    with evaluation_library(recipe()) as library:
        with pytest.raises(UsageError, match="each person needs a folder"):
            ingest_labelled(library, many_photos)
        with pytest.raises(UsageError, match="no such file or folder"):
            ingest_labelled(library, tmp_path / "none")
        with pytest.raises(UsageError, match="no half of the people is called c"):
            ingest_labelled(library, many_photos, half="c")
