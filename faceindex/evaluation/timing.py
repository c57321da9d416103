"""How long the analysis of a photo takes on one core."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from faceindex.faces.analyse import Analyser
from faceindex.faces.stopwatch import Stopwatch
from faceindex.photos.read import read_bytes

SAMPLE = 60


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians over `photos`, in milliseconds. ms_per_photo: the whole analysis. ms_per_face: the encoding alone.

    ms_per_face is None when no photo showed a face.
    """

    photos: int
    ms_per_photo: float
    ms_per_face: float | None


def time_analysis(analyser: Analyser, photos: Sequence[str]) -> Timing:
    """Analyse at most SAMPLE of `photos` (paths, at least one), evenly spread, in this process, one by one.

    The first is analysed twice, and counted once: networks are loaded then. Raises: UnreadablePhoto; ModelError.
    """
    chosen = photos[:: -(-len(photos) // SAMPLE)]
    _stages(analyser, chosen[0])
    whole, encoding = [], []
    for path in chosen:
        seconds, faces = _stages(analyser, path)
        whole.append(1000 * sum(seconds.values()))
        if faces:
            encoding.append(1000 * seconds["encode"] / faces)
    return Timing(len(chosen), statistics.median(whole), statistics.median(encoding) if encoding else None)


def _stages(analyser: Analyser, path: str) -> tuple[dict[str, float], int]:
    """Seconds of each stage, and the number of faces."""
    stopwatch = Stopwatch()
    with stopwatch.stage("decode"):
        data, _ = read_bytes(path)
        photo = analyser.open(data, path)
    faces = len(analyser(photo, stopwatch).faces)
    return dict(stopwatch.seconds), faces
