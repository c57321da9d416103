"""The match page: each face that was searched for, and the faces in the library that look like it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from faceindex.photos.decode import Photo
from faceindex.sheets.crops import TurnOf
from faceindex.sheets.page import Shown, face_title, render, tiles
from faceindex.sheets.templates import printable
from faceindex.types import Box, Match, ProbeFace


class Searched(Protocol):
    """The face of a search that the page shows."""

    @property
    def title(self) -> str:
        """A title for people."""

    @property
    def photo(self) -> str:
        """The photo's absolute path, or a name for a photo that is not a file."""

    @property
    def box(self) -> Box:
        """The face's box, in pixels of the upright photo."""

    @property
    def held(self) -> Photo | None:
        """The photo, if it is not a file."""

    @property
    def turned(self) -> int:
        """Degrees, clockwise, by which a photo that was just analysed has to be turned."""


def match_sheet(probes: Sequence[Searched], found: Sequence[ProbeFace], turn_of: TurnOf) -> str:
    """One HTML page. found: the answer for each probe."""
    rows = []
    analysed = {probe.photo: probe.turned for probe in probes if probe.turned}
    for probe, answer in zip(probes, found, strict=True):
        searched = Shown(probe.photo, probe.box, "searched", held=probe.held, turn=probe.turned)
        matches = [Shown(one.photo, one.box, face_title(one.face), _lines(one)) for one in answer.matches]
        first, *others = tiles([searched, *matches], lambda path: analysed.get(path) or turn_of(path))
        rows.append((probe.title, first, others, answer.threshold))
    title = ", ".join(dict.fromkeys(Path(printable(probe.photo)).name for probe in probes))
    return render("matches.html", title=title, rows=rows)


def _lines(match: Match) -> list[str]:
    """Lines under a match: distance, confidence, and the person if known."""
    sure = [f"{match.confidence:.0%}"] if math.isfinite(match.confidence) else []
    return ["  ".join([f"{match.distance:.3f}", *sure]), *([match.person] if match.person else [])]
