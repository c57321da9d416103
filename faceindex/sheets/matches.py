"""The match sheet: each face that was searched with, and the faces of the library that resemble it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from faceindex.sheets.page import render, tiles
from faceindex.types import Box, Match, ProbeFace


class Searched(Protocol):
    """What a search was made with: its title, and the photo and the place of the face that is shown of it."""

    @property
    def title(self) -> str:
        """For people."""

    @property
    def photo(self) -> str:
        """An absolute path."""

    @property
    def box(self) -> Box:
        """Pixels of the upright photo."""


def match_sheet(probes: Sequence[Searched], found: Sequence[ProbeFace]) -> str:
    """One self-contained HTML page. found: of each probe."""
    rows = []
    for probe, answer in zip(probes, found, strict=True):
        matches = [(match.photo, match.box, _caption(match)) for match in answer.matches]
        first, *others = tiles([(probe.photo, probe.box, probe.title), *matches])
        rows.append((first, others))
    title = ", ".join(dict.fromkeys(Path(probe.photo).name for probe in probes))
    return render("matches.html", title=title, rows=rows)


def _caption(match: Match) -> str:
    """How far away, how sure that makes one, and who it is if that is known."""
    return "  ".join(
        [
            f"{match.distance:.3f}",
            *([] if match.confidence is None else [f"{match.confidence:.0%}"]),
            *([match.person] if match.person else []),
        ]
    )
