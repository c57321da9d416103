"""Compare the ONNX engine with dlib's own network code: the numbers, and the time on one core.

    .venv/bin/python scripts/bench_engine.py [--cnn-photos 12] [--with-blas-build | --blas-build DIR]

Vectors: every HOG face of the folders album and groups. Boxes: their photos, reduced to 640 pixels so that dlib
is done within minutes (--cnn-photos limits the CNN's; 0 takes all). Times: both in turn in one process
of one thread; medians of its CPU time, which other work on the machine disturbs least.
dlib is the one installed, a wheel without BLAS; or, with --with-blas-build, the same version built from source against
OpenBLAS, which is faster (Linux; takes a compiler and half an hour, once; kept in the user's cache folder or in DIR).
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import dlib
import numpy as np
from dlib_with_blas import build_dlib, default_folder

from faceindex.evaluation.engines import compare_boxes, compare_vectors
from faceindex.faces.engine import BATCH, Engine
from faceindex.photos.decode import open_photo

ROUNDS = 25


def main() -> None:
    import onnxruntime  # after faceindex, which turns its telemetry off

    root = Path(__file__).resolve().parents[1]
    data = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cnn-photos", type=int, default=12)
    parser.add_argument("--with-blas-build", action="store_true")
    parser.add_argument("--blas-build", type=Path, metavar="DIR")
    options = parser.parse_args()
    limit = options.cnn_photos
    if options.with_blas_build or options.blas_build:
        command = [sys.executable, __file__, "--cnn-photos", str(limit)]
        sys.exit(subprocess.run(command, env=build_dlib(options.blas_build or default_folder())).returncode)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"{platform.platform()}, Python {platform.python_version()}, one core, dlib {dlib.__version__} ", end="")
    print(f"{'with' if dlib.DLIB_USE_BLAS else 'without'} BLAS, onnxruntime {onnxruntime.__version__}; {data}")
    photos = sorted((data / "album").rglob("*.*")) + sorted((data / "groups" / "photos").iterdir())
    vectors = compare_vectors(photos)
    print(f"vectors: {vectors.faces} faces, max |difference| {vectors.largest_difference:.2e}")
    chosen = photos[:: max(1, len(photos) // limit)][:limit] if limit else photos
    for detector, some in (("hog", photos), ("cnn", chosen)):
        boxes = compare_boxes(some, detector)
        print(f"{detector} boxes: {boxes.photos} photos, {boxes.faces} by dlib, {boxes.missing} missing, ", end="")
        print(f"{boxes.extra} extra, least overlap {boxes.least_overlap:.4f}, ", end="")
        print(f"score within {boxes.largest_difference:.1e}")
    chip = np.random.default_rng(0).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    megapixel = np.ascontiguousarray(open_photo(str(data / "album" / "sundar" / "img24.jpg")).pixels()[:1000, :1000])
    report("encoder, one face", *in_turn(lambda engine: engine.vectors([chip])))
    report("encoder, mirrored pair", *in_turn(lambda engine: engine.vectors([chip, chip])))
    report(f"encoder, {BATCH} faces at once", *in_turn(lambda engine: engine.vectors([chip] * BATCH), 5))
    report(f"HOG detector, {megapixel.size / 3e6:.2f} megapixels", *in_turn(lambda e: e.hog_detections(megapixel, 0.0)))
    report(f"CNN detector, {megapixel.size / 3e6:.2f} megapixels", *in_turn(lambda e: e.cnn_detections(megapixel), 5))


def in_turn(work: Callable[[Engine], object], rounds: int = ROUNDS) -> tuple[list[float], list[float]]:
    """CPU seconds of `work` by dlib and by onnx, alternately, after a warm-up of each."""
    engines = (Engine("dlib"), Engine("onnx"))
    for engine in engines:
        work(engine)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for engine, times in zip(engines, seconds, strict=True):
            began = time.process_time()
            work(engine)
            times.append(time.process_time() - began)
    return seconds


def report(what: str, by_dlib: list[float], by_onnx: list[float]) -> None:
    ratios = [a / b for a, b in zip(by_dlib, by_onnx, strict=True)]
    print(
        f"{what}: dlib {statistics.median(by_dlib) * 1000:.1f} ms, onnx {statistics.median(by_onnx) * 1000:.1f} ms, "
        f"{statistics.median(ratios):.1f} times (median of {len(ratios)}; {min(ratios):.1f} to {max(ratios):.1f})"
    )


if __name__ == "__main__":
    main()
