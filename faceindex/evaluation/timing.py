"""How long the analysis of a photo takes on one core."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from faceindex.faces.analyse import Analyser
from faceindex.faces.stopwatch import Stopwatch
from faceindex.photos.read import read_bytes

SAMPLE = 40
REPEATS = 3


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

    Each is analysed REPEATS times and the fastest counts: loading the networks and other programs' work do not.
    Raises: UnreadablePhoto; ModelError.
    """
    chosen = photos[:: -(-len(photos) // SAMPLE)]
    whole, encoding = [], []
    for path in chosen:
        runs = [_analyse(analyser, path) for _ in range(REPEATS)]
        whole.append(1000 * min(sum(seconds.values()) for seconds, _ in runs))
        faces = runs[0][1]
        if faces:
            encoding.append(1000 * min(seconds["encode"] for seconds, _ in runs) / faces)
    return Timing(len(chosen), statistics.median(whole), statistics.median(encoding) if encoding else None)


def processor_ms_per_face(analysers: Sequence[Analyser], photos: Sequence[str]) -> list[float | None]:
    """Processor time of the whole analysis, from the file's bytes to vectors, by each analyser, in milliseconds a face.

    At most SAMPLE of `photos` (paths, at least one), evenly spread. Analysers take turns at each photo, REPEATS times,
    and the fastest counts. None where no face was found. Raises: UnreadablePhoto; ModelError.
    """
    spent, faces = [0.0] * len(analysers), [0] * len(analysers)
    for path in photos[:: -(-len(photos) // SAMPLE)]:
        rounds = [[_processor_seconds(analyser, path) for analyser in analysers] for _ in range(REPEATS)]
        for number, runs in enumerate(zip(*rounds, strict=True)):
            spent[number] += min(seconds for seconds, _ in runs)
            faces[number] += runs[0][1]
    return [1000 * seconds / found if found else None for seconds, found in zip(spent, faces, strict=True)]


def _processor_seconds(analyser: Analyser, path: str) -> tuple[float, int]:
    """Of one analysis, and the number of faces."""
    began = time.process_time()
    faces = len(analyser(analyser.open(read_bytes(path)[0], path)).faces)
    return time.process_time() - began, faces


def _analyse(analyser: Analyser, path: str) -> tuple[dict[str, float], int]:
    """Seconds of each stage, and the number of faces."""
    stopwatch = Stopwatch()
    with stopwatch.stage("decode"):
        data, _ = read_bytes(path)
        photo = analyser.open(data, path)
    faces = len(analyser(photo, stopwatch).faces)
    return dict(stopwatch.seconds), faces
