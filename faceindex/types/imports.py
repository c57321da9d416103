"""What came in from other programs and libraries."""

from __future__ import annotations

from dataclasses import dataclass

from faceindex.types.contents import FailedPhoto


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    files: that were read. rows: of faces in them. photos, faces: new ones in the library. analysed: of these photos,
    those that rows only spoke of. known: rows whose faces are in the library, or had been forgotten there. named: faces
    that got a name. decided: rows with a name whose faces were left as people had decided before. acts: of a library's
    journal that were taken over. failures: files, and photos that rows spoke of, that could not be read. bad: rows that
    could not, and without_face: rows of which no face was found, each as "FILE, row 3" and why. interrupted: stopped by
    the user; what was taken is stored. joined: people whose name somebody had before, and who have more faces now.
    """

    files: int
    rows: int
    photos: int
    faces: int
    known: int
    named: int
    decided: int
    acts: int
    total_faces: int
    recipe: str
    seconds: float
    analysed: int = 0
    failures: tuple[FailedPhoto, ...] = ()
    bad: tuple[FailedPhoto, ...] = ()
    without_face: tuple[FailedPhoto, ...] = ()
    interrupted: bool = False
    joined: tuple[str, ...] = ()
