"""The CSV file that says who is related: people to be told apart although they resemble each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from faceindex.errors import UsageError
from faceindex.files.csv_rows import read_csv


@dataclass(frozen=True, slots=True)
class Relatives:
    """family_of: the family of each person that has one, by names."""

    family_of: Mapping[str, str]

    def family(self, name: str) -> str:
        """A word that people of one family share, and no other person."""
        return f"family {self.family_of[name]}" if name in self.family_of else f"person {name}"

    def of_people(self, names: Sequence[str]) -> dict[int, tuple[int, ...]]:
        """For each of `names` with a relative among them: the relatives, all by their places."""
        members: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            if name in self.family_of:
                members.setdefault(self.family_of[name], []).append(place)
        return {one: tuple(set(family) - {one}) for family in members.values() if len(family) > 1 for one in family}


NO_RELATIVES = Relatives({})


def read_relatives(file: Path) -> Relatives:
    """Columns person and family. Raises: UsageError, which names the line; MachineError."""
    family_of: dict[str, str] = {}
    for where, row in read_csv(file, ("person", "family")):
        person, family = row["person"], row["family"]
        if not person:
            raise UsageError(f"{where}: a row has a person and a family")
        if family and family_of.setdefault(person, family) != family:
            raise UsageError(
                f"{where}: {person} is of the family {family_of[person]} already, and cannot be of {family}"
            )
    if not family_of:
        raise UsageError(f"no row of {file} has a family")
    return Relatives(family_of)
