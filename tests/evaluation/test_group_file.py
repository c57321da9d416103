"""The CSV file of groups: people, single photos, families, and what is wrong in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceindex.errors import UsageError
from faceindex.evaluation.group_file import read_groups
from faceindex.evaluation.groups import NONE
from faceindex.evaluation.labelled import evaluation_library, labelled_faces
from faceindex.faces.recipe import recipe


def written(folder: Path, *lines: str) -> Path:
    file = folder / "groups.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_a_photo_may_be_of_another_group_than_its_person(kept: Path, labelled_photos: Path, tmp_path: Path) -> None:
    rows = ("Al_Pacino,actors,", "Adrien_Brody,actors,b", "Al_Pacino/Al_Pacino_0002.jpg,young,", "Abdullah_Gul,z,b")
    given = read_groups(written(tmp_path, "person,group,family", *rows))
    with evaluation_library(recipe(), kept) as library:
        faces = labelled_faces(library, labelled_photos)
    assert given.names == ["actors", "young", "z"]
    found = {Path(photo).name: group for photo, group in zip(faces.photos, given.groups_of(faces), strict=True)}
    assert found["Al_Pacino_0001.jpg"] == found["Adrien_Brody_0002.jpg"] == 0
    assert found["Al_Pacino_0002.jpg"] == 1
    assert found["Adel_Al-Jubeir_0001.jpg"] == NONE
    families = dict(zip(faces.names, given.families_of(faces.names), strict=True))
    assert families["Adrien_Brody"] == families["Abdullah_Gul"] == 0
    assert families["Al_Pacino"] == NONE


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("name,group", "A,x"), "columns person and group"),
        (("person,group", "A,x", "B,"), "line 3"),
        (("person,group", "A,x", "A,y"), "line 3: A is of the group x already"),
        (("person,group",), "no row of"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_groups(written(tmp_path, *lines))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.csv"):
        read_groups(tmp_path / "none.csv")
