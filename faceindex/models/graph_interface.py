"""Inputs and outputs of the ONNX graphs, for modules that run them; needs no onnx."""

from __future__ import annotations

from dataclasses import dataclass

CHIPS, VECTORS = "chips", "vectors"
"""Encoder: uint8 [n, s, s, 3] RGB in, float32 [n, d] out; dlib's has s = 150 and d = 128."""

PIXELS = "pixels"
"""YuNet: uint8 [1, h, w, 3] RGB in, h and w multiples of 32."""

TILE, SCORES = "tile", "scores"
"""Detector: float32 [1, 3, h, w] in, (RGB - mean) / 256, h and w at least 29; float32 [1, 1, h', w'] out."""

FEATURES, SUMS = "features", "sums"
"""Estimated sums of the HOG templates: float32 [1, features, rows, columns] in; for all windows of 10 x 10 cells
float32 [1, templates, rows - 9, columns - 9] out."""

DETECTOR_METADATA = "mmod"
"""Key in the detector model's metadata; its value is JSON with the fields of `DetectorGeometry`."""


@dataclass(frozen=True, slots=True)
class DetectorGeometry:
    """How the detector's scores are placed on its input.

    Cell (column x, row y) of the map scores a window of `width` x `height` pixels around the input's pixel
    (origin + stride * x, origin + stride * y). An input of n pixels gives (n - field) // stride + 1 cells;
    the score depends on the inputs of no cell farther than `reach` away, so that an image can be scored
    in overlapping parts. overlap, covered: see `Mmod`. mean: see `Network`.
    """

    width: int
    height: int
    overlap: float
    covered: float
    mean: tuple[float, float, float]
    stride: int
    origin: int
    field: int
    reach: int
