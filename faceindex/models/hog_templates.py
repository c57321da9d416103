"""The five templates of dlib's frontal face detector, read from dlib's own serialisation.

Format: dlib object_detector<scan_fhog_pyramid<pyramid_down<6>>>, serialize(), 20.0. The templates are compiled
into dlib; there is no weights file.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import dlib
import numpy as np
import numpy.typing as npt

from faceindex.models.cache import cached
from faceindex.models.dlib_stream import DlibStream

CELL = 8
"""Side of a cell in pixels."""

CELLS = 10
"""Side of the window in cells."""

WINDOW = CELL * CELLS
"""Side of the window in pixels."""

PLANES = 31
"""Features of a cell: 18 signed and 9 unsigned orientations, 4 sums."""

SMALLEST_LEVEL = 64
"""Smallest width and height of a pyramid level in pixels, except for the first level."""

BUILD = 1
"""Part of the cached file's name: increase it when its form changes."""

TEMPLATES = 5
"""Frontal faces, turned to the left and right, and tilted to the left and right."""


@dataclass(frozen=True, slots=True)
class HogTemplates:
    """weights: float32 [template, plane, row, column]. thresholds: float64 [template], subtracted from the sums.

    overlap: largest intersection over the common bounding box that two detections may have; covered: largest
    intersection over the area of one of them.
    """

    weights: npt.NDArray[np.float32]
    thresholds: npt.NDArray[np.float64]
    overlap: float
    covered: float


@cache
def hog_templates() -> HogTemplates:
    """The templates of the installed dlib. Raises: ModelError if they do not have the expected form.

    They are cached: dlib takes 0.7 s to unpack them, and every process needs them to measure the quality of faces.
    """
    module = sys.modules[dlib.get_frontal_face_detector.__module__].__file__ or ""
    status = Path(module).stat()
    name = f"hog-{BUILD}-{dlib.__version__}-{status.st_size}-{status.st_mtime_ns}"
    return _unpacked(cached(name, lambda: _packed(_installed_templates())))


def _installed_templates() -> HogTemplates:
    (saved,) = dlib.get_frontal_face_detector().__getstate__()  # the content of a file, without writing one
    return read_templates(DlibStream(saved, "dlib's frontal face detector"))


def _packed(templates: HogTemplates) -> bytes:
    """Overlap, covered and thresholds, then the weights."""
    numbers = [templates.overlap, templates.covered, *templates.thresholds]
    return np.array(numbers, dtype="<f8").tobytes() + templates.weights.astype("<f4").tobytes()


def _unpacked(data: bytes) -> HogTemplates:
    overlap, covered, *thresholds = np.frombuffer(data, dtype="<f8", count=2 + TEMPLATES).tolist()
    weights = np.frombuffer(data, dtype="<f4", offset=8 * (2 + TEMPLATES)).reshape(TEMPLATES, PLANES, CELLS, CELLS)
    return HogTemplates(weights, np.array(thresholds), overlap, covered)


def read_templates(stream: DlibStream) -> HogTemplates:
    """Read a saved frontal face detector. Raises: ModelError, also if the file is damaged."""
    stream.version(2)
    _expect_scanner(stream)
    overlap, covered = stream.number(), stream.number()
    if not (0 <= overlap <= 1 and 0 <= covered <= 1):
        raise stream.error("an overlap out of range")
    stream.expect(TEMPLATES)
    vectors = np.array([_read_vector(stream) for _ in range(TEMPLATES)])
    stream.end()
    weights = vectors[:, :-1].reshape(TEMPLATES, PLANES, CELLS, CELLS)
    return HogTemplates(weights.astype(np.float32), vectors[:, -1], overlap, covered)


def _expect_scanner(stream: DlibStream) -> None:
    stream.version(1)
    no_features, no_padding, most_levels = (0, 0), 0, 1000
    stream.expect(*no_features, CELL, no_padding, WINDOW, WINDOW, most_levels, SMALLEST_LEVEL, SMALLEST_LEVEL)
    _regularisation_in_training = stream.number()
    stream.expect(PLANES * CELLS * CELLS)


def _read_vector(stream: DlibStream) -> list[float]:
    """A column vector in the file: minus its rows, minus its columns, its numbers."""
    size = PLANES * CELLS * CELLS + 1
    stream.expect(-size, -1)
    return [stream.number() for _ in range(size)]
