"""The CSV file that says which group a person belongs to, or a single photo, and which family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

from faceindex.errors import UsageError
from faceindex.evaluation.dyads import Integers
from faceindex.evaluation.groups import NONE
from faceindex.evaluation.labelled import LabelledFaces
from faceindex.files.csv_rows import read_csv


@dataclass(frozen=True, slots=True)
class GroupFile:
    """groups: of a person, or of a photo as "Person/photo.jpg". families: of a person. source: the file's name."""

    source: str
    groups: Mapping[str, str]
    families: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        """The groups, sorted."""
        return sorted(set(self.groups.values()))

    def places_of(self, names: Sequence[str], people: Integers, photos: Sequence[str]) -> Integers:
        """int64 [n], places in `self.names`: of each face by its photo, else by its person; NONE without.

        names: of people. people: int64 [n], places in these. photos: [n], paths or names.
        """
        numbers = {name: number for number, name in enumerate(self.names)}
        found = [
            self.groups.get(f"{names[person]}/{PurePath(photo).name}", self.groups.get(names[person]))
            for photo, person in zip(photos, people, strict=True)
        ]
        return np.array([NONE if group is None else numbers[group] for group in found], dtype=np.int64)

    def groups_of(self, faces: LabelledFaces) -> Integers:
        """The same of labelled faces. Raises: UsageError when no face has a group."""
        groups = self.places_of(faces.names, faces.people, faces.photos)
        if not np.any(groups != NONE):
            raise UsageError(f"{self.source} gives no face a group; its column person names folders of the photos")
        return groups

    def families_of(self, people: Sequence[str]) -> Integers:
        """int64 [people]: the same number for people of one family, NONE for who has none."""
        names = sorted(set(self.families.values()))
        numbers = {name: number for number, name in enumerate(names)}
        return np.array(
            [numbers[self.families[person]] if person in self.families else NONE for person in people], dtype=np.int64
        )


def read_groups(file: Path) -> GroupFile:
    """Columns person and group, and family if there is one. Raises: UsageError, which names the line; MachineError."""
    groups: dict[str, str] = {}
    families: dict[str, str] = {}
    for where, row in read_csv(file, ("person", "group")):
        _add(groups, row["person"], row["group"], where, "group")
        if row.get("family"):
            _add(families, row["person"], row["family"], where, "family")
    if not groups:
        raise UsageError(f"no row of {file} has a person")
    return GroupFile(str(file), groups, families)


def _add(known: dict[str, str], person: str | None, value: str | None, where: str, what: str) -> None:
    if not person or not value:
        raise UsageError(f"{where}: a row has a person and a group")
    if known.setdefault(person, value) != value:
        raise UsageError(f"{where}: {person} is of the {what} {known[person]} already, and cannot be of {value}, too")
