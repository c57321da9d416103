"""Counts what an import has done so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from faceindex.types import FailedPhoto


@dataclass(slots=True)
class Tally:
    """The figures for ImportReport, which explains them. first_act: the first act that named faces."""

    files: int = 0
    rows: int = 0
    photos: int = 0
    faces: int = 0
    known: int = 0
    named: int = 0
    decided: int = 0
    acts: int = 0
    first_act: int | None = None
    analysed: int = 0
    interrupted: bool = False
    failures: list[FailedPhoto] = field(default_factory=list)
    bad: list[FailedPhoto] = field(default_factory=list)
    without_face: list[FailedPhoto] = field(default_factory=list)

    def bad_row(self, path: Path, row: int, why: str, *, word: str = "row") -> None:
        """Count a row that cannot be used."""
        self.bad.append(FailedPhoto(f"{path}, {word} {row}", why))

    def no_face(self, path: Path, row: int, why: str, *, word: str = "row") -> None:
        """Count a row whose face is not in the library."""
        self.without_face.append(FailedPhoto(f"{path}, {word} {row}", why))
