"""Measure the detectors at several --min-face on group photos with known faces: recall, false faces, time.

    .venv/bin/python scripts/bench_detect.py [--picture scripts/pictures/detectors.png]

The photos are taken as they are, reduced to half and enlarged to twice their size (those of over 2 megapixels only as
they are). A face counts as found when its box overlaps the true one (IoU 0.3) or holds the true nose. Time: scanning
alone, CPU time of one core, median over the photos. The picture needs matplotlib (`pip install .[bench]`).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from faceindex.evaluation.detection import DetectionScore, score_boxes, score_points
from faceindex.faces.detect import detect, detection_scale
from faceindex.photos.decode import open_photo
from faceindex.types import Box, Pixels

MIN_FACES = {"hog": (100, 80, 63, 50, 40), "cnn": (100, 80, 63, 50, 40), "yunet": (63, 50, 40, 32, 25)}
SIZES = (0.5, 1.0, 2.0)
LARGE = 2_000_000


@dataclass(frozen=True, slots=True)
class Truth:
    """boxes or noses of the faces in one photo, in its pixels; both empty where nobody is."""

    boxes: list[list[int]]
    noses: list[list[int]]

    def score(self, found: list[Box], size: float) -> DetectionScore:
        if self.boxes:
            return score_boxes(found, [Box(*(round(value * size) for value in box)) for box in self.boxes])
        return score_points(found, [(round(x * size), round(y * size)) for x, y in self.noses])


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    data = Path(os.environ.get("FACEINDEX_TEST_DATA", root.parent / "shared" / "data")) / "groups"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, one core; {data}")
    truth = json.loads((data / "truth.json").read_text(encoding="utf-8"))
    rows = []
    for detector, min_faces in MIN_FACES.items():
        for min_face in min_faces:
            score, milliseconds = measure(data / "photos", truth, detector, min_face)
            rows.append((detector, min_face, score, milliseconds))
            print(
                f"{detector} --min-face {min_face}: {score.found} of {score.true} faces, "
                f"recall {score.found / score.true:.3f}, {score.false} false, {milliseconds:.0f} ms a photo",
                flush=True,
            )
    if options.picture:
        draw(rows, options.picture)


def measure(
    photos: Path, truth: dict[str, dict[str, list[list[int]]]], detector: str, min_face: int
) -> tuple[DetectionScore, float]:
    total, seconds = DetectionScore(), []
    for path in sorted(photos.iterdir()):
        known = Truth(truth["boxes_xywh"].get(path.name, []), truth["noses_xy"].get(path.name, []))
        photo = open_photo(str(path))
        for size in SIZES if photo.width * photo.height < LARGE else (1.0,):
            scale = detection_scale(round(photo.width * size), round(photo.height * size), min_face, detector)
            pixels = photo.pixels(round(max(photo.width, photo.height) * min(1.0, scale * size)))
            pixels = resized(pixels, size) if size != 1 else pixels
            zoom = max(photo.width, photo.height) * size / max(pixels.shape[:2])
            began = time.process_time()
            found = detect(pixels, scale * zoom, detector=detector)
            seconds.append(time.process_time() - began)
            total += known.score([detection.scaled(zoom).box() for detection in found], size)
    return total, statistics.median(seconds) * 1000


def resized(pixels: Pixels, size: float) -> Pixels:
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((round(image.width * size), round(image.height * size)), Image.Resampling.LANCZOS))


def draw(rows: list[tuple[str, int, DetectionScore, float]], out: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    for detector, marker in zip(MIN_FACES, "os^", strict=True):
        chosen = [row for row in rows if row[0] == detector]
        times = [row[3] for row in chosen]
        recalls = [row[2].found / row[2].true for row in chosen]
        axes.plot(times, recalls, marker=marker, label=detector)
        line, last = 0, 0.0
        for row, x, y in zip(chosen, times, recalls, strict=True):
            line = line + 1 if x < 1.6 * last else 0  # below the note that it would cover
            last = x
            note = f"{row[1]} ({row[2].false} false)"
            axes.annotate(note, (x, y), textcoords="offset points", xytext=(6, -9 * (line + 1)), fontsize=8)
    axes.set(xscale="log", xlabel="ms a photo, CPU time of one core", ylabel="recall", ylim=(0.4, 1.03))
    axes.set_xticks([10, 20, 50, 100, 200, 500, 1000], labels=["10", "20", "50", "100", "200", "500", "1000"])
    axes.set_xticks([], minor=True)
    axes.set_title("Detectors by --min-face (and false faces), group photos")
    axes.grid(alpha=0.3)
    axes.legend()
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    main()
