"""The review page: pairs of albums, or an album and a face, that probably show one person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from faceindex.sheets.commands import quoted
from faceindex.sheets.crops import TurnOf
from faceindex.sheets.page import Shown, face_title, render, tiles
from faceindex.types import Question


def review_sheet(questions: Sequence[Question], *, library: Path, turn_of: TurnOf) -> str:
    """One self-contained HTML page."""
    faces = [face for question in questions for face in (*question.album, *question.other)]
    shown = iter(tiles((Shown(face.photo, face.box, face_title(face.face)) for face in faces), turn_of))
    rows = [(q, [next(shown) for _ in q.album], [next(shown) for _ in q.other]) for q in questions]
    return render("review.html", rows=rows, title=library.name, library=quoted(str(library)))
