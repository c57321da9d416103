"""Compare the ONNX engine with dlib's own network code: the numbers, and the time on one core.

    .venv/bin/python scripts/bench_engine.py [--cnn-photos 12]

Vectors: every HOG face of the folders album and groups. Boxes: their photos, reduced to 640 pixels so that dlib
is done within minutes (--cnn-photos limits the CNN's; 0 takes all). Times: medians, both in turn in one process.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import dlib
import numpy as np
import onnxruntime

from faceindex.faces.compare import compare_boxes, compare_vectors
from faceindex.faces.engine import Engine
from faceindex.photos.decode import open_photo

ROUNDS = 7


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    data = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cnn-photos", type=int, default=12)
    limit = parser.parse_args().cnn_photos
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"{platform.platform()}, Python {platform.python_version()}, one core, dlib {dlib.__version__}, ", end="")
    print(f"onnxruntime {onnxruntime.__version__}; {data}")
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
    report(f"HOG detector, {megapixel.size / 3e6:.2f} megapixels", *in_turn(lambda e: e.hog_detections(megapixel, 0.0)))
    report(f"CNN detector, {megapixel.size / 3e6:.2f} megapixels", *in_turn(lambda e: e.cnn_detections(megapixel), 5))


def in_turn(work: Callable[[Engine], object], rounds: int = ROUNDS) -> tuple[list[float], list[float]]:
    """Seconds of `work` by dlib and by onnx, alternately, after a warm-up of each."""
    engines = (Engine("dlib"), Engine("onnx"))
    for engine in engines:
        work(engine)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for engine, times in zip(engines, seconds, strict=True):
            began = time.perf_counter()
            work(engine)
            times.append(time.perf_counter() - began)
    return seconds


def report(what: str, by_dlib: list[float], by_onnx: list[float]) -> None:
    ratio = statistics.median(a / b for a, b in zip(by_dlib, by_onnx, strict=True))
    print(
        f"{what}: dlib {statistics.median(by_dlib) * 1000:.1f} ms, onnx {statistics.median(by_onnx) * 1000:.1f} ms, "
        f"{ratio:.1f} times (median of {len(by_dlib)})"
    )


if __name__ == "__main__":
    main()
