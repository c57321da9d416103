"""The ONNX engine compared with dlib's own network code: the numbers, and the time on one core.

Vectors are compared on every HOG face of the folders album and groups, boxes on their photos, reduced to 640 pixels so
that dlib is done within minutes. --photos limits them, and --cnn-photos those of the CNN; 0 takes all. Both are timed
in turn, in one process with one thread; what is slow runs in a fifth of the rounds. The dlib is the installed wheel,
which has no BLAS. With --with-blas-build it is the same version built from source with OpenBLAS, which is faster
(Linux; takes a compiler and half an hour, once). The build is kept in the user's cache folder, or in the folder of
--blas-build.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dlib
import numpy as np
from harness.measure import DATA, in_turn
from harness.report import Report

from benchmarks.dlib_with_blas import build_dlib, default_folder
from faceindex.evaluation.engines import compare_boxes, compare_vectors
from faceindex.faces.engine import Engine
from faceindex.photos.decode import open_photo


def run(
    report: Report,
    *,
    photos: int = 0,
    cnn_photos: int = 12,
    rounds: int = 25,
    with_blas_build: bool = False,
    blas_build: Path | None = None,
) -> None:
    if (with_blas_build or blas_build) and not dlib.DLIB_USE_BLAS:
        environment = build_dlib(blas_build or default_folder())
        command = [sys.executable, "-P", "-m", "benchmarks", *sys.argv[1:]]  # there, dlib uses BLAS
        sys.exit(subprocess.run(command, env=environment).returncode)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    report.say(f"one core; dlib {'with' if dlib.DLIB_USE_BLAS else 'without'} BLAS; {DATA}")
    every = sorted((DATA / "album").rglob("*.*")) + sorted((DATA / "groups" / "photos").iterdir())
    chosen = _some(every, photos)
    vectors = compare_vectors(chosen)
    report.add("vectors", vectors.faces, "faces")
    report.add("vectors, largest difference", vectors.largest_difference)
    for detector, some in (("hog", chosen), ("cnn", _some(chosen, cnn_photos))):
        boxes = compare_boxes(some, detector)
        report.add(f"{detector} boxes by dlib, in {boxes.photos} photos", boxes.faces)
        report.add(f"{detector} boxes, missing", boxes.missing)
        report.add(f"{detector} boxes, extra", boxes.extra)
        report.add(f"{detector} boxes, least overlap", boxes.least_overlap)
        report.add(f"{detector} boxes, largest difference of scores", boxes.largest_difference)
    chip = np.random.default_rng(0).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    megapixel = np.ascontiguousarray(open_photo(str(DATA / "album" / "sundar" / "img24.jpg")).pixels()[:1000, :1000])
    few = max(1, rounds // 5)
    works: dict[str, tuple[Callable[[Engine], object], int]] = {
        "encoder, one face": (lambda engine: engine.vectors([chip]), rounds),
        "encoder, mirrored pair": (lambda engine: engine.vectors([chip, chip]), rounds),
        "encoder, 32 faces at once": (lambda engine: engine.vectors([chip] * 32), few),
        "HOG detector, a megapixel": (lambda engine: engine.hog_detections(megapixel, 0.0), rounds),
        "CNN detector, a megapixel": (lambda engine: engine.cnn_detections(megapixel), few),
    }
    by_dlib, by_onnx = Engine("dlib"), Engine("onnx")
    for name, (work, times) in works.items():
        both = in_turn({"dlib": lambda: work(by_dlib), "onnx": lambda: work(by_onnx)}, times)  # noqa: B023
        for engine, spent in both.items():
            report.add_costs(f"{name}, {engine}", spent, "ms")
        report.add_ratio(f"{name}, dlib by onnx", both["dlib"], both["onnx"])


def _some(photos: list[Path], count: int) -> list[Path]:
    """Some of them, from everywhere in the list."""
    return photos[:: max(1, len(photos) // count)][:count] if count else photos
