"""Detectors at several --min-face on group photos with known faces: recall, false faces, time.

The photos are taken as they are, reduced to half and enlarged to twice their size (those of over 2 megapixels only as
they are). A face is found when its box overlaps the true one (IoU 0.3) or holds the true nose. Time is the processor
time of scanning alone on one core, as the median over the photos. --picture needs matplotlib.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from harness.measure import Cost, cost, processors
from harness.report import Report
from PIL import Image

from benchmarks.group_photos import GROUPS, truth_of_groups
from faceindex.evaluation.detection import DetectionScore
from faceindex.faces.detect import detect, detection_scale
from faceindex.photos.decode import open_photo
from faceindex.types import Pixels

MIN_FACES = {"hog": (100, 80, 63, 50, 40), "cnn": (100, 80, 63, 50, 40), "yunet": (63, 50, 40, 32, 25)}
SIZES = (0.5, 1.0, 2.0)
LARGE = 2_000_000


def run(report: Report, *, detectors: Sequence[str] = tuple(MIN_FACES), picture: Path | None = None) -> None:
    rows = []
    for detector in detectors:
        for min_face in MIN_FACES[detector]:
            score, spent = measure(detector, min_face)
            title = f"{detector} --min-face {min_face}"
            for name in ("found", "true", "false"):
                report.add(f"{title}, faces {name}", getattr(score, name))
            report.add_costs(f"{title}, a photo", spent, "ms")
            rows.append((detector, min_face, score, 1e3 * statistics.median(processors(spent))))
    if picture:
        draw(rows, picture)


def measure(detector: str, min_face: int) -> tuple[DetectionScore, list[Cost]]:
    total, spent, truth = DetectionScore(), [], truth_of_groups()
    for path in sorted((GROUPS / "photos").iterdir()):
        photo = open_photo(str(path))
        for size in SIZES if photo.width * photo.height < LARGE else (1.0,):
            scale = detection_scale(round(photo.width * size), round(photo.height * size), min_face, detector)
            pixels = photo.pixels(round(max(photo.width, photo.height) * min(1.0, scale * size)))
            pixels = resized(pixels, size) if size != 1 else pixels
            zoom = max(photo.width, photo.height) * size / max(pixels.shape[:2])
            took, found = cost(lambda: detect(pixels, scale * zoom, detector=detector))  # noqa: B023
            spent.append(took)
            total += truth[path.name].score([detection.scaled(zoom).box() for detection in found], size)
    return total, spent


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
