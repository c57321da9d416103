"""The match sheet: each face of a searched image, and the faces of the library that resemble it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from faceindex.sheets.page import render, tiles
from faceindex.types import ProbeFace


def match_sheet(image: str, found: Sequence[ProbeFace]) -> str:
    """One self-contained HTML page. image: absolute path of the searched image."""
    rows = [
        tiles(
            [(image, probe.box, "searched")]
            + [(match.photo, match.box, f"{match.distance:.3f}, {match.confidence:.0%}") for match in probe.matches]
        )
        for probe in found
    ]
    return render("matches.html", title=Path(image).name, rows=[(row[0], row[1:]) for row in rows])
