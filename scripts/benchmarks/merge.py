"""Two drawn libraries are merged: how long it takes, and how much memory, in a process of its own.

Each has --faces faces, two in a photo; a fifth of the photos are in both. They are merged into a new library, whose
index is not built, and once more into that. A tenth as many are merged as well: the memory should be the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from harness.measure import cost, in_new_process
from harness.report import Report

from faceindex.exchange.library_merge import merge_libraries, open_sources
from faceindex.faces.recipe import recipe
from faceindex.photos.finding.entries import FoundFile
from faceindex.running.meter import Meter
from faceindex.store.folder import LibraryFolder
from faceindex.store.writer import Batch
from faceindex.types import AnalysedPhoto, Box, Face

BOXES = (Box(10, 10, 50, 50), Box(200, 10, 60, 60))
PHOTOS = 4096  # in one commit


def run(report: Report, *, faces: int = 500_000) -> None:
    for count in (faces // 10, faces):
        sources = [report.folder / f"{name}{count}" for name in "ab"]
        photos = count // 2
        for number, source in enumerate(sources):
            in_new_process(write_library, source, number * photos * 4 // 5, photos)
        for what in ("merged", "merged again"):
            spent, (total, most) = cost(lambda: in_new_process(merge, report.folder / f"m{count}", sources))  # noqa: B023
            title = f"two libraries of {count:,} faces {what}"
            report.add_costs(title, [spent])
            report.add(f"{title}, peak memory", most, "MB")
            report.add(f"{title}, faces", total)


def write_library(path: Path, start: int, photos: int) -> int:
    landmarks = np.zeros((5, 2), np.float32)
    folder = LibraryFolder(path, wanted=recipe("dlib"))
    with folder.writer() as writer:
        for first in range(start, start + photos, PHOTOS):
            batch = Batch()
            for number in range(first, min(first + PHOTOS, start + photos)):
                vectors = np.random.default_rng(number).standard_normal((2, 128)).astype(np.float32)
                faces = tuple(Face(box, 1.0, landmarks, one, 0.5) for box, one in zip(BOXES, vectors, strict=True))
                file = FoundFile(f"/{path.name}/{number:08d}.jpg", 1, 1, False)
                batch.photos[number.to_bytes(32, "big")] = (AnalysedPhoto(1000, 1000, faces), [file])
            writer.commit(batch)
    folder.close()
    return photos


def merge(path: Path, sources: Sequence[Path]) -> int:
    folder = LibraryFolder(path)
    return merge_libraries(folder, open_sources(folder, sources), meter=Meter()).total_faces
