"""The same work by thirty lines of OpenCV: YuNet at 640 pixels, SFace's chips and vectors, a process for each core.

Install it first: .venv/bin/pip install "opencv-python-headless<5" (5.0 fails on SFace's file).
"""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from faceindex.faces.stopwatch import Stopwatch
from faceindex.models.graphs import YUNET
from faceindex.models.weights import weights

SIDE, LIMIT = 640, 0.8
"""Longer side in pixels of what YuNet scans, and the score from which it sees a face."""


@cache
def networks() -> tuple[Any, Any, Any]:
    """The module cv2, the detector and the recogniser, each on one thread."""
    import cv2  # optional

    cv2.setNumThreads(1)
    detector = cv2.FaceDetectorYN.create(str(weights(YUNET)), "", (SIDE, SIDE), LIMIT)
    return cv2, detector, cv2.FaceRecognizerSF.create(str(weights("sface")), "")


def faces(path: Path, *, reduced: bool, stopwatch: Stopwatch | None = None) -> int:
    """Find and encode the faces of a photo. Returns: how many. reduced: whether it is decoded at a quarter."""
    cv2, detector, recogniser = networks()
    stopwatch = stopwatch or Stopwatch()
    with stopwatch.stage("decode"):
        photo = cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_4 if reduced else cv2.IMREAD_COLOR)
    with stopwatch.stage("detect"):
        scale = min(1.0, SIDE / max(photo.shape[:2]))
        small = photo if scale == 1 else cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        detector.setInputSize(small.shape[1::-1])
        found = detector.detect(small)[1]
    for face in () if found is None else found:
        face[:14] /= scale
        with stopwatch.stage("align"):
            chip = recogniser.alignCrop(photo, face)
        with stopwatch.stage("encode"):
            recogniser.feature(chip)
    return 0 if found is None else len(found)


def in_processes(paths: list[Path], processes: int, *, reduced: bool) -> int:
    """`faces` of all photos in new processes. Returns: how many."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(partial(faces, reduced=reduced), paths, chunksize=8))


def seconds(path: Path, *, reduced: bool) -> Stopwatch:
    """Processor time of each stage of a photo."""
    stopwatch = Stopwatch(clock=time.process_time)
    faces(path, reduced=reduced, stopwatch=stopwatch)
    return stopwatch
